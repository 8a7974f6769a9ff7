import type { BallastEvent } from '@shared/contract/event-values.ts';
import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { describe, expect, it, vi } from 'vitest';
import type { PoolInput } from '../../support/config-of.ts';
import { type Answer, fetchText } from '../../support/http-client.ts';
import { type MoodyServer, moodyServer } from '../../support/moody-server.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

async function run(servers: readonly MoodyServer[], pool: Omit<PoolInput, 'servers'>) {
  const { engine, url } = await runEngine({
    strategy: 'round-robin',
    healthCheck: { type: 'none' },
    servers: servers.map(({ name, address }) => ({ name, address })),
    ...pool,
  });
  return {
    engine,
    get: (): Promise<Answer> => fetchText(url),
    async all(times: number): Promise<Answer[]> {
      const answers = [];
      for (let sent = 0; sent < times; sent++) answers.push(await this.get());
      return answers;
    },
    status: (name: string) => engine.servers().find((server) => server.name === name)!,
    circuit: () => metricsSchema.parse(engine.metrics()).pools.api!.circuit!,
    events: (...kinds: BallastEvent['kind'][]): string[] =>
      engine.events
        .read(0, 1_000)
        .filter(({ kind }) => kinds.includes(kind))
        .map(({ text }) => text),
  };
}

describe('a server that fails on real traffic', () => {
  it('is left out when too many of its attempts fail, without a client noticing, and comes back by a trial', async () => {
    const [good, bad] = [await moodyServer('good'), await moodyServer('bad')];
    const outlierDetection = {
      consecutiveFailures: 0,
      failurePercent: 40,
      minimumRequests: 10,
      statuses: ['5xx'],
      // Longer than ten requests take on a busy machine.
      baseEjection: '3s',
    };
    const lane = await run([good, bad], { outlierDetection, retry: { on: [503] } });
    for (let turn = 0; turn < 30 && lane.status('bad').available; turn++) {
      bad.mood = turn % 4 < 2 ? { status: 503 } : 'well';
      expect((await lane.get()).status).toBe(200);
    }
    expect(lane.status('bad')).toMatchObject({ available: false, reason: 'ejected', timesEjected: 1 });
    expect(lane.status('bad').ejectedBecause).toMatch(/^\d+ of \d+ attempts failed within 10s$/);
    const seen = bad.seen;
    expect((await lane.all(10)).map(({ body }) => body)).toEqual(Array(10).fill('good'));
    expect(bad.seen).toBe(seen);
    bad.mood = 'well';
    await until('it is back', async () => (await lane.get()).body === 'bad');
    expect(lane.status('bad')).toMatchObject({ available: true, ejectedBecause: null });
    expect(lane.events('server-returned')).toEqual(['bad is back: its trial request went well']);
  });

  it('is left out when it is far slower than the others', async () => {
    const [a, b, slow] = [
      await moodyServer('a'),
      await moodyServer('b'),
      await moodyServer('slow', { afterMs: 150 }),
    ];
    const lane = await run([a, b, slow], {
      outlierDetection: { latencyFactor: 3, minimumRequests: 5, minimumLatency: '100ms' },
    });
    await until('it is ejected', async () => {
      await lane.get();
      return !lane.status('slow').available;
    });
    expect(lane.status('slow').ejectedBecause).toMatch(
      /^its median response time is 1\d\dms, that of the others/,
    );
    expect(lane.status('a').available && lane.status('b').available).toBe(true);
  });

  it('stays where it is the last one, and its status says why', async () => {
    const only = await moodyServer('only', 'breaks');
    const lane = await run([only], { outlierDetection: { consecutiveFailures: 3 } });
    for (const { status } of await lane.all(6)) expect(status).toBe(502);
    const { notEjected, available } = lane.status('only');
    expect(available).toBe(true);
    expect(notEjected).toMatch(/^3 attempts in a row failed, but it is the last available server/);
    expect(lane.events('ejection-withheld')).toHaveLength(1);
    only.mood = 'well';
    await lane.all(1);
    await until('it is forgotten', () => lane.status('only').notEjected === null);
  });
});

describe('a pool that fails as a whole', () => {
  const circuitBreaker = { failurePercent: 50, minimumRequests: 10, open: '1s', trials: 2 };
  const outlierDetection = { consecutiveFailures: 0 };

  it('is left alone: clients get 503 at once that says so, until trials go well', async () => {
    const [a, b] = [await moodyServer('a', 'breaks'), await moodyServer('b', 'breaks')];
    const lane = await run([a, b], { circuitBreaker, outlierDetection });
    for (const { status } of await lane.all(10)) expect(status).toBe(502);
    expect(lane.circuit()).toMatchObject({ state: 'open', opened: 1, refused: 0 });
    const seen = a.seen + b.seen;
    const refused = await lane.get();
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(refused.body).toMatch(
      /^Ballast answers 503 Service Unavailable: the circuit of pool "api" is open, because 10 of 10 requests failed within 10s; it is tried again in 1s \(circuitBreaker\)\n/,
    );
    expect(a.seen + b.seen).toBe(seen);
    const [request] = (await lane.engine.listRequests({ limit: 1 })).requests;
    const detail = await lane.engine.request(request!.id);
    expect(detail?.unserved?.servers.map(({ state }) => state)).toEqual(['circuit-open', 'circuit-open']);

    a.mood = 'well';
    b.mood = 'well';
    await until('it is closed', async () => {
      await lane.get();
      return lane.circuit().state === 'closed';
    });
    for (const { status } of await lane.all(10)) expect(status).toBe(200);
    expect(lane.events('circuit-opened', 'circuit-half-open', 'circuit-closed')).toEqual([
      'The circuit of pool api is open for 1s: 10 of 10 requests failed within 10s; requests get 503',
      'The circuit of pool api is half open: 2 trial requests are let through',
      'The circuit of pool api is closed: 2 trial requests went well',
    ]);
  });

  it('gets no more than its trials while it is half open, however many clients come at once', async () => {
    const slow = await moodyServer('slow', 'breaks');
    const lane = await run([slow], { circuitBreaker, outlierDetection });
    await lane.all(10);
    await until('it is half open', () => lane.circuit().state === 'half-open');
    slow.mood = { afterMs: 300 };
    const seen = slow.seen;
    const answers = await Promise.all(Array.from({ length: 20 }, () => lane.get()));
    expect(slow.seen - seen).toBe(2);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(18);
    for (const { body } of refused) expect(body).toContain('is half open: its trial requests are under way');
    expect(lane.circuit().state).toBe('closed');
  });

  it('opens again, for longer, when a trial fails', async () => {
    const bad = await moodyServer('bad', 'breaks');
    const lane = await run([bad], { circuitBreaker: { ...circuitBreaker, open: '200ms' }, outlierDetection });
    await lane.all(10);
    await until('it was tried', async () => {
      await lane.get();
      return lane.circuit().opened === 2;
    });
    expect(lane.events('circuit-opened')[1]).toBe(
      'The circuit of pool api is open for 400ms: a trial request failed, for the 2nd time in a row; requests get 503',
    );
  });

  it('answers those that wait in its queue', async () => {
    const hangs = await moodyServer('hangs', { afterMs: 60_000 });
    const { engine, url } = await runEngine({
      servers: [{ name: 'hangs', address: hangs.address, maxRequests: 1 }],
      healthCheck: { type: 'none' },
      circuitBreaker: { failurePercent: 50, minimumRequests: 1, open: '30s' },
      outlierDetection,
      timeouts: { response: '500ms' },
      queue: { timeout: '50s' },
      retry: { attempts: 1 },
    });
    const answers = await Promise.all([fetchText(url), fetchText(url), fetchText(url)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([503, 503, 504]);
    for (const { status, body } of answers)
      if (status === 503) expect(body).toContain('the circuit of pool "api" is open');
    expect(hangs.seen).toBe(1);
    expect(engine.metrics().pools.api!.queue.length).toBe(0);
  });
});
