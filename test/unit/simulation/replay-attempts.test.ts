import { describe, expect, it } from 'vitest';
import { serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';
import { rich, replayed as run } from '../../support/replay-kit.ts';

/** Server a takes 80 ms, server b 10 ms; far apart. */
const uneven = Array.from({ length: 60 }, (_, index) =>
  recordedRequest(index * 200, [
    index % 2 === 0 ? { server: 'a', durationMs: 80 } : { server: 'b', durationMs: 10 },
  ]),
);

/** Server a fails after 5 ms, whenever it is asked; b takes 10 ms. */
const failing = (outcome: 'closed-before-response' | 'connect-failed' | 'responded') =>
  Array.from({ length: 60 }, (_, index) =>
    recordedRequest(index * 1_000, [
      { server: 'a', outcome, durationMs: 5, ...(outcome === 'responded' && { status: 503 }) },
      { server: 'b', startedAfterMs: 5, durationMs: 10 },
    ]),
  );

describe('retry.backoff in a replay', () => {
  it('makes a retry wait for a time drawn from 0 to its base', async () => {
    const requests = failing('closed-before-response');
    expect(await run(requests, { retry: rich })).toMatchObject({ tookP50Ms: 15, tookP99Ms: 15, retries: 60 });
    const { failed, tookP50Ms, tookP99Ms } = await run(requests, {
      retry: { ...rich, backoff: { base: '100ms' } },
    });
    expect(failed).toBe(0);
    expect(tookP50Ms).toBeGreaterThan(35);
    expect(tookP50Ms).toBeLessThan(95);
    expect(tookP99Ms).toBeGreaterThan(90);
    expect(tookP99Ms).toBeLessThan(115);
  });

  it('makes none wait that was refused a connection', async () => {
    const waiting = { retry: { ...rich, backoff: { base: '100ms' } } };
    expect(await run(failing('connect-failed'), waiting)).toMatchObject({ tookP99Ms: 15, retries: 60 });
  });

  it('makes a bad status wait too, and lets it stand where nobody else is there to ask', async () => {
    const retry = { ...rich, on: [503], backoff: { base: '100ms' } };
    const both = await run(failing('responded'), { retry });
    expect(both).toMatchObject({ failed: 0, retries: 60 });
    expect(both.tookP50Ms).toBeGreaterThan(35);
    const alone = await run(failing('responded'), { retry, servers: serversNamed({ a: 1 }) });
    expect(alone).toMatchObject({ failed: 60, retries: 0, tookP99Ms: 5 });
    expect(new Set(alone.statuses)).toEqual(new Set([503]));
  });

  it('ends with the failure where the wait is longer than the time that is left', async () => {
    const { failed, retries, statuses, tookP99Ms } = await run(failing('closed-before-response'), {
      retry: { ...rich, backoff: { base: '100ms' } },
      timeouts: { request: '40ms' },
    });
    expect(failed).toBe(60 - statuses.filter((status) => status === 200).length);
    expect(retries).toBeGreaterThan(5);
    expect(retries).toBeLessThan(55);
    expect(statuses).toContain(502);
    expect(statuses).toContain(200);
    expect(tookP99Ms).toBeLessThanOrEqual(40);
  });
});

describe('timeouts in a replay', () => {
  it('end a request that had all the time it has, and no sooner', async () => {
    const requests = steadyRequests(20, { everyMs: 200, durationMs: 80, servers: ['a', 'b'] });
    const late = await run(requests, { timeouts: { request: '50ms' } });
    expect(late).toMatchObject({ failed: 20, retries: 0, tookP50Ms: 50, tookP99Ms: 50 });
    expect(new Set(late.statuses)).toEqual(new Set([504]));
    expect(await run(requests, { timeouts: { request: '80ms' } })).toMatchObject({
      failed: 0,
      tookP99Ms: 80,
    });
  });

  it('of a request go on in the queue', async () => {
    // Ten at once, 10 ms each, one at a time: three are answered within 35 ms, one has begun.
    const burst = Array.from({ length: 10 }, (_, index) =>
      recordedRequest(0, [{ server: 'a' }], { id: `r-${index}` }),
    );
    const one = [{ name: 'a', address: '127.0.0.1:3001', maxRequests: 1 }];
    const figures = await run(burst, { servers: one, timeouts: { request: '35ms' } });
    expect(figures).toMatchObject({ failed: 7, tookP99Ms: 35, queued: 9, queueP50Ms: 35, queueP99Ms: 35 });
    expect(figures.servers[0]!.attempts).toBe(4);
  });

  it('of an attempt let another follow', async () => {
    const figures = await run(uneven, { timeouts: { attempt: '30ms' }, retry: rich });
    expect(figures).toMatchObject({ failed: 0, retries: 60, tookP50Ms: 40, tookP99Ms: 40 });
    expect(figures.servers.map(({ failedAttempts }) => failedAttempts)).toEqual([60, 0]);
    const once = await run(uneven, { timeouts: { attempt: '30ms' }, retry: { attempts: 1 } });
    expect(once).toMatchObject({ failed: 60, tookP99Ms: 30 });
    expect(new Set(once.statuses)).toEqual(new Set([504]));
  });
});

describe('hedging in a replay', () => {
  const hedged = { retry: { ...rich, hedge: { after: '20ms' } } };

  it('begins another attempt beside a slow one, and the first answer wins', async () => {
    expect(await run(uneven)).toMatchObject({ tookP50Ms: 80, retries: 0 });
    const figures = await run(uneven, hedged);
    expect(figures).toMatchObject({ failed: 0, retries: 60, tookP50Ms: 30, tookP99Ms: 30 });
    // Whoever is overtaken has not failed.
    expect(figures.servers).toMatchObject([
      { attempts: 60, failedAttempts: 0, share: 0 },
      { attempts: 60, failedAttempts: 0, share: 1 },
    ]);
  });

  it('ejects a server that hedges overtake time and again, as the engine does', async () => {
    const outlierDetection = { consecutiveFailures: 5, baseEjection: '60s' };
    const { ejections, retries, servers } = await run(uneven, { ...hedged, outlierDetection });
    expect(ejections).toBe(1);
    expect(retries).toBe(5);
    expect(servers).toMatchObject([{ attempts: 5, failedAttempts: 0 }, { attempts: 60 }]);
  });

  it('holds nothing against a server whose hedge the first attempt overtook', async () => {
    const requests = uneven.map((request) => ({
      ...request,
      attempts: [{ ...request.attempts[0]!, server: 'api/a', durationMs: 25 }],
    }));
    const outlierDetection = { consecutiveFailures: 5, baseEjection: '60s' };
    expect(await run(requests, { ...hedged, outlierDetection })).toMatchObject({ ejections: 0, retries: 60 });
  });

  it('begins as many beside one as it may', async () => {
    const three = serversNamed({ a: 1, b: 1, c: 1 });
    const slow = steadyRequests(20, { everyMs: 1_000, durationMs: 80, servers: ['a'] });
    const upTo = (most: number) =>
      run(slow, { servers: three, retry: { ...rich, attempts: 4, hedge: { after: '20ms', most } } });
    expect((await upTo(1)).servers.map(({ attempts }) => attempts)).toEqual([20, 20, 0]);
    expect((await upTo(2)).servers.map(({ attempts }) => attempts)).toEqual([20, 20, 20]);
  });

  it('leaves a status that is tried elsewhere to the attempt beside it, whichever has it, at no cost to the budget', async () => {
    const bad = (index: number, badAt: number) =>
      recordedRequest(
        index * 1_000,
        [
          { server: 'a', durationMs: 50, ...(badAt === 0 && { status: 503 }) },
          { server: 'b', startedAfterMs: 20, durationMs: 60, ...(badAt === 1 && { status: 503 }) },
        ],
        { id: `r-${index}`, decisive: 1 - badAt },
      );
    const requests = Array.from({ length: 20 }, (_, index) => bad(index, index % 2));
    const retry = { ...hedged.retry, attempts: 3, on: [503], backoff: { base: '5s', max: '5s' } };
    const figures = await run(requests, { retry });
    expect(figures).toMatchObject({ failed: 0, retries: 20 });
    expect(new Set(figures.statuses)).toEqual(new Set([200]));
    expect(figures.tookP99Ms).toBeLessThan(200);
  });

  it('begins none while the next attempt is waited for', async () => {
    const retry = { ...hedged.retry, attempts: 3, backoff: { base: '5s', max: '5s' } };
    const three = serversNamed({ a: 1, b: 1, c: 1 });
    const figures = await run(failing('closed-before-response').slice(0, 5), { servers: three, retry });
    expect(figures.servers.map(({ attempts }) => attempts)).toEqual([5, 5, 0]);
  });

  it('counts the first attempt as the one that answered where it was quicker than the hedge', async () => {
    const requests = uneven.map((request) => ({
      ...request,
      attempts: [{ ...request.attempts[0]!, server: 'api/a', durationMs: 25 }],
    }));
    const { servers, retries } = await run(requests, { retry: { ...rich, hedge: { after: '20ms' } } });
    expect(retries).toBe(60);
    expect(servers).toMatchObject([{ share: 1 }, { share: 0 }]);
  });

  it('leaves alone what is not idempotent, and whom a session leads', async () => {
    const posts = uneven.map((request) => ({ ...request, method: 'POST' }));
    expect(await run(posts, hedged)).toMatchObject({ retries: 0, tookP50Ms: 80 });
    expect(await run(uneven, { ...hedged, affinity: { type: 'client-ip' } })).toMatchObject({ retries: 0 });
    const single = { retry: { ...hedged.retry, attempts: 1 } };
    expect(await run(uneven, single)).toMatchObject({ retries: 0 });
  });

  it('lets the other attempt go on where the first one fails or is late', async () => {
    const figures = await run(uneven, { ...hedged, timeouts: { attempt: '25ms' } });
    expect(figures).toMatchObject({ failed: 0, retries: 60, tookP99Ms: 30 });
    expect(figures.servers[0]!.failedAttempts).toBe(60);
  });

  it('follows the response times of the pool where it is told to', async () => {
    const close = uneven.map((request, index) => ({ ...request, arrivedMs: index * 100 }));
    const input = { strategy: 'round-robin', retry: { ...rich, hedge: { after: 'p50' } } } as const;
    const { retries, failed } = await run(close, input);
    expect(failed).toBe(0);
    expect(retries).toBeGreaterThan(5);
    expect(retries).toBeLessThan(45);
    expect((await run(close.slice(0, 18), input)).retries).toBe(0);
  });
});
