import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { describe, expect, it } from 'vitest';
import { configOf, type PoolInput } from '../../support/config-of.ts';
import { fetchText } from '../../support/http-client.ts';
import { client, server } from '../../support/lane-cleanup.ts';
import { type MoodyServer, moodyServer } from '../../support/moody-server.ts';
import { answering, rawServer } from '../../support/raw-sockets.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

const open = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';

/** The engine before moody servers of these names, in turn; waits between attempts are as long as they can be. */
async function engineOf(names: readonly string[], pool: PoolInput = {}) {
  const moody = await Promise.all(names.map((name) => moodyServer(name)));
  const listed = (chosen: readonly MoodyServer[]): PoolInput => ({
    healthCheck: { type: 'none' },
    outlierDetection: { consecutiveFailures: 0 },
    strategy: 'round-robin',
    ...pool,
    servers: chosen.map(({ name, address }) => ({ name, address })),
  });
  const running = await runEngine(listed(moody), { random: () => 0.999 });
  const read = () => metricsSchema.parse(running.engine.metrics());
  return {
    ...running,
    moody,
    leave: (...gone: MoodyServer[]) => running.apply(listed(moody.filter((each) => !gone.includes(each)))),
    pool: () => read().pools.api!,
    inFlight: () => Object.values(read().servers).map(({ activeRequests }) => activeRequests),
    limits: () => read().limits.map(({ kind }) => kind),
  };
}

const backoff = { backoff: { base: '400ms', max: '400ms' } };

/** A request whose first attempt, at `a`, has failed; the next comes in 400 ms. */
async function waitingToRetry(names: readonly string[], pool: PoolInput = {}) {
  const running = await engineOf(names, { retry: backoff, ...pool });
  const [a] = running.moody;
  a!.mood = 'breaks';
  const answer = fetchText(running.url);
  await until('the first attempt to be over', () => a!.seen === 1 && running.inFlight()[0] === 0);
  return { ...running, answer };
}

describe('while a request waits for its next attempt', () => {
  it('its pool may be removed: then the client hears of that, and of what went before', async () => {
    const { engine, answer, moody, port } = await waitingToRetry(['a', 'b']);
    await engine.apply(
      configOf({
        listeners: [{ name: 'web', bind: `127.0.0.1:${port}`, pool: 'other' }],
        pools: [{ name: 'other', servers: [{ address: moody[1]!.address }] }],
      }),
    );
    const { status, body } = await answer;
    expect(status).toBe(502);
    expect(body).toContain('pool "api" was removed before the next attempt');
    expect(body).toContain('attempt 1: a');
    expect(moody.map(({ seen }) => seen)).toEqual([1, 0]);
  });

  it('a server may be removed: it is not asked any more', async () => {
    const { answer, moody, leave } = await waitingToRetry(['a', 'b', 'c']);
    await leave(moody[1]!);
    expect((await answer).body).toBe('c');
    expect(moody.map(({ seen }) => seen)).toEqual([1, 0, 1]);
  });

  it('the server that failed it may be removed: another is asked, as before', async () => {
    const { answer, moody, leave, inFlight } = await waitingToRetry(['a', 'b']);
    await leave(moody[0]!);
    expect((await answer).body).toBe('b');
    expect(inFlight()).toEqual([0]);
  });

  it('the only other server may be removed: what went before stands, and the budget has its retry back', async () => {
    const { answer, moody, leave, pool } = await waitingToRetry(['a', 'b']);
    expect(pool().retryBudget.used).toBe(1);
    await leave(moody[1]!);
    const { status, body } = await answer;
    expect(status).toBe(502);
    expect(body).toContain('there was no other server to try');
    expect(pool().retryBudget.used).toBe(0);
  });

  it('its client may leave: nothing of it is left, and the budget has its retry back', async () => {
    const { port, moody, pool, inFlight, url } = await engineOf(['a', 'b'], {
      retry: { backoff: { base: '60s', max: '60s' } },
      maxRequests: 1,
      queue: { length: 0 },
    });
    const [a] = moody;
    a!.mood = 'breaks';
    const caller = await client(port);
    caller.send(open);
    await until('the first attempt to be over', () => a!.seen === 1 && pool().retryBudget.used === 1);
    caller.socket.resetAndDestroy();
    await until('the budget to have it back', () => pool().retryBudget.used === 0);
    expect([inFlight(), pool().activeRequests, pool().queue.length]).toEqual([[0, 0], 0, 0]);
    // The limit of the pool has room for one again.
    expect((await fetchText(url)).body).toBe('b');
  });
});

describe('while a request waits in the queue for its next attempt', () => {
  it('the time of the last attempt does not run on', async () => {
    const a = await server(
      rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslo');
        setTimeout(() => socket.write('w'), 600);
      }),
    );
    const b = await server(answering('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'));
    const { url, engine } = await runEngine({
      healthCheck: { type: 'none' },
      strategy: 'round-robin',
      retry: { on: [503] },
      timeouts: { attempt: '100ms' },
      servers: [a, b].map(({ port }, index) => ({
        name: 'ab'[index]!,
        address: `127.0.0.1:${port}`,
        maxRequests: 1,
      })),
    });
    const first = fetchText(url);
    await until('the first to reach a', () => a.accepted === 1);
    const second = fetchText(url);
    expect((await first).body).toBe('slow');
    expect((await second).body).toBe('slow');
    expect(b.accepted).toBe(1);
    expect(engine.metrics().limits.map(({ kind }) => kind)).not.toContain('attempt-timeout');
  });
});

describe('while a request runs at two servers', () => {
  const hedging: PoolInput = { retry: { hedge: { after: '30ms' } } };

  it('its client may leave: both have it no more, and the pool has room again', async () => {
    const { port, moody, pool, inFlight, url } = await engineOf(['a', 'b'], {
      ...hedging,
      maxRequests: 2,
      queue: { length: 0 },
    });
    for (const each of moody) each.mood = { afterMs: 60_000 };
    const caller = await client(port);
    caller.send(open);
    await until('both to be asked', () => moody.every(({ seen }) => seen === 1));
    expect([inFlight(), pool().activeRequests]).toEqual([[1, 1], 2]);
    // It counts as two.
    expect((await fetchText(url)).status).toBe(503);
    caller.socket.resetAndDestroy();
    await until('both to have it no more', () => pool().activeRequests === 0);
    expect(inFlight()).toEqual([0, 0]);
    // It was begun: what it took out of the budget stays taken.
    expect(pool().retryBudget.used).toBe(1);
    for (const each of moody) each.mood = 'well';
    expect((await fetchText(url)).status).toBe(200);
  });

  it('its pool may be removed: it is answered all the same', async () => {
    const { engine, moody, port, url } = await engineOf(['a', 'b'], hedging);
    const [a, b] = moody;
    a!.mood = { afterMs: 60_000 };
    b!.mood = { afterMs: 300 };
    const answer = fetchText(url);
    await until('both to be asked', () => moody.every(({ seen }) => seen === 1));
    await engine.apply(
      configOf({
        listeners: [{ name: 'web', bind: `127.0.0.1:${port}`, pool: 'other' }],
        pools: [{ name: 'other', servers: [{ address: b!.address }] }],
      }),
    );
    expect((await answer).body).toBe('b');
  });

  it('both may be removed: it is answered all the same, and nobody is asked beside them', async () => {
    const { moody, leave, url, inFlight } = await engineOf(['a', 'b', 'c'], {
      retry: { hedge: { after: '30ms', most: 2 } },
    });
    const [a, b, c] = moody;
    for (const each of moody) each.mood = { afterMs: 60_000 };
    c!.mood = { afterMs: 200 };
    const answer = fetchText(url);
    await until('all to be asked', () => moody.every(({ seen }) => seen === 1));
    await leave(a!, b!);
    expect((await answer).body).toBe('c');
    await until('nobody to have it any more', () => inFlight().every((count) => count === 0));
  });

  it('is not for one with a session, which says where it goes', async () => {
    const { moody, url } = await engineOf(['a', 'b'], { ...hedging, affinity: { type: 'cookie' } });
    moody[0]!.mood = { afterMs: 200 };
    expect((await fetchText(url)).body).toBe('a');
    expect(moody.map(({ seen }) => seen)).toEqual([1, 0]);
  });
});
