import type { StopReason } from '@shared/contract/request-values.ts';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { type Mood, moodyServer } from '../../support/moody-server.ts';
import { rawClient, rawServer } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';
import { get, late, member, occupy, post, run, story, told } from '../../support/why-kit.ts';

vi.setConfig({ testTimeout: 60_000 });

describe('why nothing more was tried is known of', () => {
  interface Case {
    readonly reason: StopReason;
    readonly mood: Mood;
    readonly pool?: Omit<PoolInput, 'servers'>;
    readonly body?: string;
    readonly text: string;
  }
  const never = { budgetPercent: 0, budgetMinPerSecond: 0 };
  const cases: Readonly<Record<string, Case>> = {
    'a method that is not sent twice': {
      reason: 'method',
      mood: 'breaks',
      body: 'x',
      text: 'a POST request may have taken effect, so it is not sent twice (retry.methods)',
    },
    'attempts that are used up': {
      reason: 'attempts',
      mood: 'breaks',
      pool: { retry: { attempts: 2 } },
      text: 'that is as many attempts as pool "api" allows (retry.attempts)',
    },
    'attempts that are used up by a status': {
      reason: 'attempts',
      mood: { status: 404 },
      pool: { retry: { attempts: 1, on: [404] } },
      text: 'that is as many attempts as pool "api" allows (retry.attempts)',
    },
    'an outcome that retry.on does not name': {
      reason: 'outcome',
      mood: 'breaks',
      pool: { retry: { on: ['connect-failed'] } },
      text: 'pool "api" does not try again after that (retry.on)',
    },
    'a status that retry.on does not name': {
      reason: 'outcome',
      mood: { status: 500 },
      pool: { retry: { on: [503] } },
      text: 'retry.on of pool "api" does not name status 500, so that response was passed on',
    },
    'a body that is too large': {
      reason: 'body',
      mood: 'breaks',
      pool: { retry: { methods: ['POST'], bodyBytes: 1_024 } },
      body: 'x'.repeat(9_000),
      text: 'the request body is too large to be sent again (retry.bodyBytes)',
    },
    'a budget that is spent': {
      reason: 'budget',
      mood: 'breaks',
      pool: { retry: never },
      text: 'the retry budget of pool "api" was used up (retry.budgetPercent, retry.budgetMinPerSecond)',
    },
    'a budget that is spent, where a response stands': {
      reason: 'budget',
      mood: { status: 503 },
      pool: { retry: { on: [503], ...never } },
      text: 'the retry budget of pool "api" was used up (retry.budgetPercent, retry.budgetMinPerSecond)',
    },
    'servers that were all tried': {
      reason: 'no-server',
      mood: { status: 503 },
      pool: { retry: { attempts: 9, on: [503] } },
      text: 'there was no other server to try',
    },
    'a wait that is too long': {
      reason: 'wait',
      mood: 'breaks',
      pool: { retry: { backoff: { base: '60s', max: '60s' } }, timeouts: { request: '40ms' } },
      text: 'there was no time left for another attempt and the wait before it (timeouts.request, retry.backoff)',
    },
    'time that is over': {
      reason: 'time',
      mood: late,
      pool: { timeouts: { request: '60ms' } },
      text: 'there was no time left for another attempt (timeouts.request)',
    },
  };
  it.each(Object.entries(cases))('%s', async (_what, { reason, mood, pool, body, text }) => {
    const servers = await Promise.all(
      ['a', 'b', 'c'].map(async (name) => member(await moodyServer(name, mood))),
    );
    const { engine, url } = await run({ ...pool, servers });
    await (body === undefined ? get(url) : post(url, body));
    expect((await told(engine)).stop).toEqual({ reason, text });
    expect((await story(engine)).split('\n').at(-1)).toBe(`nothing more was tried: ${text}`);
  });

  it('others that are full, whether a response stands or not', async () => {
    const [a, b] = [await moodyServer('a', late), await moodyServer('b', { status: 503 })];
    const { engine, url } = await run({
      servers: [member(a, { maxRequests: 1 }), member(b)],
      retry: { on: [503] },
      queue: { length: 0 },
    });
    await occupy(url, a);
    await get(url);
    expect(await told(engine)).toMatchObject({ status: 503, error: null, stop: { reason: 'full' } });
    b.mood = 'breaks';
    await get(url);
    expect(await told(engine)).toMatchObject({ status: 502, stop: { reason: 'full' } });
    expect(await story(engine)).toContain('attempt 2 was not made: no server of pool api had room for it');
  });

  it('a wait in the queue that was in vain', async () => {
    const [a, b] = [await moodyServer('a', late), await moodyServer('b', 'breaks')];
    const { engine, url } = await run({
      servers: [member(a, { maxRequests: 1 }), member(b)],
      queue: { timeout: '50ms' },
    });
    await occupy(url, a);
    await get(url);
    expect(await told(engine)).toMatchObject({ status: 502, stop: { reason: 'queue' } });
  });

  it('a response that had begun', async () => {
    const raw = await rawServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf');
    });
    afterThisTest(() => raw.close());
    const servers = [{ name: 'a', address: `127.0.0.1:${raw.port}` }, member(await moodyServer('b'))];
    const { engine, url } = await run({ servers });
    await get(url).catch(() => {});
    expect((await told(engine)).stop?.reason).toBe('response-begun');
  });

  it('an interim response that had been passed on', async () => {
    const raw = await rawServer((socket) => {
      socket.end('HTTP/1.1 104 Upload Resumption Supported\r\n\r\n');
    });
    afterThisTest(() => raw.close());
    const servers = [{ name: 'a', address: `127.0.0.1:${raw.port}` }, member(await moodyServer('b'))];
    const { engine, url } = await run({ servers });
    await get(url);
    expect((await told(engine)).stop?.reason).toBe('announced');
  });

  it('no request that went well, the next on the same connection included', async () => {
    const a = await moodyServer('a', { status: 500 });
    const { engine, port } = await run({ servers: [member(a)] });
    const caller = await rawClient(port);
    afterThisTest(() => caller.close());
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('500 Internal');
    expect((await told(engine)).stop?.reason).toBe('outcome');
    a.mood = { status: 404 };
    caller.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.receives('404 Not Found');
    await until('the journal to have both', () => engine.journal.list({ limit: 9 }).requests.length === 2);
    expect((await told(engine)).stop).toBeNull();
  });
});
