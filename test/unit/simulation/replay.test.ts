import { strategyKinds } from '@shared/catalog/strategies.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { type RunFigures, recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { replay } from '../../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';

const servers = serversNamed({ a: 1, b: 1, c: 1 });
const ids = ['api/a', 'api/b', 'api/c'];
const quiet = { healthCheck: { type: 'none' } } as const;

function run(requests: readonly RecordedRequest[], input: Partial<PoolInput> = {}, seed = 1) {
  const config = poolConfig({ servers, ...quiet, ...input });
  const model = new ServiceModel(requests, { responseMs: 30_000 });
  return replay({ requests, model, recorded: config, config, seed });
}

const shares = ({ servers: each }: RunFigures) => each.map(({ share }) => Math.round(share! * 1_000) / 1_000);
const most = ({ servers: each }: RunFigures) => each.map(({ mostInFlight }) => mostInFlight);

/** Server b refuses every connection from 3 s to 6 s, and each request goes to another one then. */
function withOutage(count = 1_000, clients = 1): RecordedRequest[] {
  return steadyRequests(count, { clients }).map((request, index) => {
    const isDown = request.arrivedMs >= 3_000 && request.arrivedMs < 6_000;
    if (!isDown || index % 3 !== 1) return request;
    return recordedRequest(
      request.arrivedMs,
      [
        { server: 'b', outcome: 'connect-failed', durationMs: 0.5 },
        { server: 'c', startedAfterMs: 0.5 },
      ],
      { id: request.id, client: request.client, target: request.target },
    );
  });
}

describe('a replay', () => {
  it('through what was recorded gives what was recorded', async () => {
    const requests = steadyRequests(600, { durationMs: 25 });
    const again = await run(requests);
    const { ejections, ...recorded } = recordedFigures(requests, ids);
    expect(ejections).toBeNull();
    expect(again).toMatchObject(recorded);
    expect(shares(again)).toEqual([0.333, 0.333, 0.333]);
  });

  it('counts the most requests in flight at each server, in the recording and in the model alike', async () => {
    const burst = Array.from({ length: 12 }, (_, index) =>
      recordedRequest(index * 0.001, [{ server: 'a', durationMs: 50 }], { id: `r-${index}` }),
    );
    expect(most(recordedFigures(burst, ids))).toEqual([12, 0, 0]);
    expect(most(await run(burst))).toEqual([4, 4, 4]);
    expect(most(await run(burst, { strategy: 'least-connections' }))).toEqual([4, 4, 4]);
    expect(most(await run(burst, { strategy: 'ip-hash' })).sort()).toEqual([0, 0, 12]);
  });

  it('counts the recorded answer for who gave it, also where an attempt begun later had failed', () => {
    const hedged = {
      server: 'b',
      startedAfterMs: 5,
      durationMs: 5,
      outcome: 'closed-before-response',
    } as const;
    const request = recordedRequest(0, [{ server: 'a', durationMs: 50 }, hedged], { failed: false });
    const figures = recordedFigures([{ ...request, decisive: 0 }], ids);
    expect(shares(figures)).toEqual([1, 0, 0]);
  });

  it('gives the weights their shares', async () => {
    const figures = await run(steadyRequests(700), {
      strategy: 'weighted-round-robin',
      servers: serversNamed({ a: 5, b: 1, c: 1 }),
    });
    expect(shares(figures)).toEqual([0.714, 0.143, 0.143]);
  });

  it('lets requests wait where servers are full, exactly as long as it takes', async () => {
    // Ten at once, 10 ms each, one at a time: they wait 0, 10, ... 90 ms.
    const burst = Array.from({ length: 10 }, (_, index) =>
      recordedRequest(0, [{ server: 'a' }], { id: `r-${index}` }),
    );
    const one = [{ name: 'a', address: '127.0.0.1:3001', maxRequests: 1 }];
    const figures = await run(burst, { servers: one });
    expect(figures).toMatchObject({ queued: 9, queueP50Ms: 40, queueP99Ms: 90, tookP99Ms: 100, failed: 0 });
    expect(most(figures)[0]).toBe(1);
    const short = await run(burst, { servers: one, queue: { length: 4 } });
    expect(short).toMatchObject({ queued: 4, failed: 5 });
    const hasty = await run(burst, { servers: one, queue: { timeout: '30ms' } });
    expect(hasty.failed).toBeGreaterThan(4);
    expect(hasty.failed).toBeLessThan(8);
    // Who waits in vain has waited, too, at most until the queue is looked at next.
    expect(hasty.queued).toBe(9);
    expect(hasty.queueP50Ms).toBeGreaterThanOrEqual(30);
    expect(hasty.queueP99Ms).toBeLessThanOrEqual(50);
  });

  it('lets servers fail as they did, and retries and ejections save what they can', async () => {
    const requests = withOutage();
    expect(recordedFigures(requests, ids)).toMatchObject({ failed: 0, retries: 100 });
    const same = await run(requests);
    expect(same.failed).toBe(0);
    expect(same.servers[1]!.failedAttempts).toBe(5);
    expect(same.ejections).toBe(1);
    // A retry takes no turn of the others, so that every third request comes by b.
    const patient = await run(requests, { outlierDetection: { consecutiveFailures: 0 } });
    expect(patient).toMatchObject({ failed: 0, retries: 100, ejections: 0 });
    expect(patient.servers[1]!.failedAttempts).toBe(100);
    const proud = await run(requests, {
      outlierDetection: { consecutiveFailures: 0 },
      retry: { attempts: 1 },
    });
    expect(proud).toMatchObject({ failed: 100, retries: 0 });
    const probed = await run(requests, {
      outlierDetection: { consecutiveFailures: 0 },
      healthCheck: { type: 'tcp', interval: '500ms', fall: 2 },
    });
    expect(probed.failed).toBe(0);
    expect(probed.retries).toBeGreaterThan(0);
    expect(probed.retries).toBeLessThan(20);
  });

  it('tries a bad status elsewhere where the pool wants that', async () => {
    const requests = steadyRequests(300).map((request, index) =>
      index % 3 === 1
        ? recordedRequest(request.arrivedMs, [{ server: 'b', status: 503 }], { id: request.id })
        : request,
    );
    const off = { outlierDetection: { consecutiveFailures: 0 } };
    expect(await run(requests, off)).toMatchObject({ failed: 100, retries: 0 });
    const again = await run(requests, { ...off, retry: { on: [503], budgetMinPerSecond: 1_000 } });
    expect(again).toMatchObject({ failed: 0, retries: 100 });
    // The budget allows 10 in ten seconds, or a tenth of the requests.
    const thrifty = await run(requests, {
      ...off,
      retry: { on: [503], budgetMinPerSecond: 1, budgetPercent: 10 },
    });
    expect(thrifty.retries).toBeGreaterThan(0);
    expect(thrifty.retries).toBeLessThan(40);
    expect(thrifty.failed).toBe(100 - thrifty.retries);
    const posts = requests.map((request) => ({ ...request, method: 'POST' }));
    expect(await run(posts, { ...off, retry: { on: [503] } })).toMatchObject({ failed: 100, retries: 0 });
  });

  it('keeps sessions with their server, and moves those of one that fails', async () => {
    const sessions = withOutage(1_000, 7).map((request) => ({ ...request, session: `s${request.client}` }));
    const cookie = await run(sessions, { affinity: { type: 'cookie' }, ...quiet });
    expect(cookie.sessionsMoved).toBeGreaterThan(0);
    expect(cookie.clientsSpread).toBeGreaterThan(0);
    expect(cookie.clientsSpread).toBeLessThan(7);
    const well = steadyRequests(300, { clients: 7 }).map((request) => ({
      ...request,
      session: `s${request.client}`,
    }));
    for (const type of ['cookie', 'client-ip'] as const) {
      const calm = await run(well, { affinity: { type } });
      expect(calm).toMatchObject({ sessionsMoved: 0, clientsSpread: 0 });
    }
    expect((await run(well)).clientsSpread).toBe(7);
  });

  it('lets a client leave when it did, unless it is answered sooner', async () => {
    const left = [
      recordedRequest(0, [{ server: 'a', outcome: 'client-aborted', durationMs: 50 }]),
      ...steadyRequests(30, { durationMs: 10 }),
    ].sort((one, other) => one.arrivedMs - other.arrivedMs);
    const figures = await run(left);
    expect(figures).toMatchObject({ requests: 31, failed: 0, tookP99Ms: 50 });
  });

  it.each(strategyKinds)('by %s is the same for the same seed', async (kind) => {
    const requests = withOutage(1_500, 5);
    const strategy = (kind as string) === 'hash' ? { kind, key: 'uri' } : { kind };
    const input = {
      strategy,
      servers: servers.map((server) => ({ ...server, maxRequests: 2 })),
      healthCheck: { type: 'tcp', interval: '200ms' },
    } as unknown as PoolInput;
    const first = await run(requests, input, 7);
    expect(await run(requests, input, 7)).toEqual(first);
    expect(first.requests).toBe(1_500);
    expect(first.servers.reduce((sum, { share }) => sum + share!, 0)).toBeCloseTo(1, 9);
  });
});
