import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';
import { replayed, rich } from '../../support/replay-kit.ts';

const hedged = { retry: { ...rich, attempts: 2, hedge: { after: '20ms' } } };

/** The same request again and again, far apart. */
function often(count: number, request: RecordedRequest): RecordedRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    ...request,
    id: `r-${index}`,
    arrivedMs: index * 5_000,
  }));
}

describe('a client that went away', () => {
  const hung = recordedRequest(
    0,
    [
      { server: 'a', outcome: 'client-aborted', durationMs: 1_000 },
      { server: 'b', outcome: 'closed-before-response', startedAfterMs: 20, durationMs: 5 },
    ],
    { durationMs: 1_000, failed: false, decisive: 0 },
  );

  it('goes away again, also where an attempt begun later had ended before', async () => {
    const { failed, statuses, tookP50Ms, servers } = await replayed([hung], hedged);
    expect({ failed, statuses, tookP50Ms }).toEqual({ failed: 0, statuses: [0], tookP50Ms: 1_000 });
    expect(servers.map(({ share }) => share)).toEqual([null, null]);
  });

  it('had not been answered by any server it had asked', async () => {
    const left = recordedRequest(
      0,
      [
        { server: 'a', outcome: 'client-aborted', durationMs: 1_000.0004 },
        { server: 'b', outcome: 'client-aborted', startedAfterMs: 20.3, durationMs: 979.7 },
      ],
      { durationMs: 1_000, failed: false, decisive: 1 },
    );
    const figures = await replayed(often(20, left), hedged);
    expect(new Set(figures.statuses)).toEqual(new Set([0]));
    expect(figures).toMatchObject({ failed: 0, retries: 20, tookP50Ms: 1_000, tookP99Ms: 1_000 });
  });

  it('goes away again where it had waited in the queue, or before its next attempt', async () => {
    const one = [{ name: 'a', address: '127.0.0.1:3001', maxRequests: 1 }];
    const first = recordedRequest(0, [{ server: 'a', durationMs: 500 }]);
    const waits = recordedRequest(10, [], { durationMs: 70, queuedMs: 70, status: 0, failed: false });
    const queued = await replayed([first, waits], { servers: one });
    expect(queued).toMatchObject({ failed: 0, queued: 1, statuses: [200, 0], tookP50Ms: 70 });
    const cut = [{ server: 'a', outcome: 'closed-before-response', durationMs: 5 }] as const;
    const pauses = recordedRequest(0, cut, { durationMs: 6, status: 0, failed: false });
    const retry = { ...rich, backoff: { base: '10s', max: '10s' } };
    expect(await replayed([pauses], { retry })).toMatchObject({ failed: 0, statuses: [0], tookP50Ms: 6 });
    // Who was answered by Ballast itself, because it looked as if it had gone.
    const told = { ...waits, status: 503 };
    expect(await replayed([first, told], { servers: one })).toMatchObject({ failed: 0, tookP50Ms: 70 });
  });

  it('before its next attempt tells the circuit nothing', async () => {
    const pauses = Array.from({ length: 20 }, (_, index) =>
      recordedRequest(index * 10, [{ server: 'a', outcome: 'closed-before-response', durationMs: 5 }], {
        id: `r-${index}`,
        durationMs: 6,
        status: 0,
        failed: false,
      }),
    );
    const after = steadyRequests(5).map((each) => ({ ...each, arrivedMs: each.arrivedMs + 10_000 }));
    const { statuses } = await replayed([...pauses, ...after], {
      retry: { ...rich, backoff: { base: '10s', max: '10s' } },
      circuitBreaker: { failurePercent: 50, minimumRequests: 5, open: '60s' },
    });
    expect(statuses.slice(20)).toEqual([200, 200, 200, 200, 200]);
  });

  it('in the middle of a response had its head by then, however long that took', async () => {
    const download = recordedRequest(
      0,
      [{ server: 'a', outcome: 'client-aborted', status: 200, durationMs: 60_000 }],
      { status: 200, failed: false },
    );
    const figures = await replayed([download], { timeouts: { response: '30s' } });
    expect(figures).toMatchObject({ failed: 0, retries: 0, statuses: [200], tookP50Ms: 60_000 });
  });
});

describe('the attempt that ended last decides', () => {
  const late = { server: 'a', outcome: 'timed-out', durationMs: 600 } as const;
  const closed = {
    server: 'b',
    outcome: 'closed-before-response',
    startedAfterMs: 20,
    durationMs: 5,
  } as const;

  it('of the status, though a hedge begun later had failed before', async () => {
    const request = recordedRequest(0, [late, closed], { status: 504, decisive: 0 });
    const figures = await replayed([request], { ...hedged, timeouts: { attempt: '600ms' } });
    expect(figures).toMatchObject({ statuses: [504], decisive: ['a'], failed: 1, tookP50Ms: 600 });
  });

  it('of the server that answered, and of whether that was a failure', async () => {
    const bad = { server: 'a', status: 503, durationMs: 600 } as const;
    const request = recordedRequest(0, [bad, closed], { status: 503, decisive: 0 });
    const figures = await replayed([request], { retry: { ...hedged.retry, on: [503, 'timed-out'] } });
    expect(figures).toMatchObject({ statuses: [503], decisive: ['a'], failed: 1, tookP50Ms: 600 });
    expect(figures.servers).toMatchObject([{ share: 1 }, { share: 0, failedAttempts: 1 }]);
  });

  it('is the later one where that is the one begun later', async () => {
    const early = { server: 'a', outcome: 'closed-before-response', durationMs: 30 } as const;
    const request = recordedRequest(0, [early, { ...late, server: 'b', startedAfterMs: 20 }], {
      decisive: 1,
    });
    const figures = await replayed([request], { ...hedged, timeouts: { attempt: '600ms' } });
    expect(figures).toMatchObject({ statuses: [504], decisive: ['b'], tookP50Ms: 620 });
  });
});

describe('a switched connection', () => {
  const tunnels = Array.from({ length: 30 }, (_, index) =>
    recordedRequest(index * 100, [{ server: 'a', status: 101, durationMs: 60_000 }], { id: `t-${index}` }),
  );
  const slow = steadyRequests(30, { everyMs: 100, durationMs: 50, servers: ['a'] });

  it('is asked for at one server only, however long that takes', async () => {
    const { retries, servers } = await replayed([...tunnels, ...slow], hedged);
    expect(retries).toBe(30);
    expect(servers[0]!.attempts).toBe(60);
  });

  it('is switched as fast as others are answered, also where its client or its server broke it off later', async () => {
    const calm = steadyRequests(10, { everyMs: 10, servers: ['a'] });
    const broken = (outcome: 'client-aborted' | 'failed-mid-response', index: number) =>
      recordedRequest(1_000 + index, [{ server: 'a', outcome, status: 101, durationMs: 60_000 }], {
        id: outcome,
        status: 101,
        failed: outcome !== 'client-aborted',
      });
    const requests = [...calm, broken('client-aborted', 0), broken('failed-mid-response', 1), ...calm];
    requests.forEach((request, index) => {
      if (index > 11) requests[index] = { ...request, arrivedMs: request.arrivedMs + 2_000 };
    });
    const figures = await replayed(requests, { timeouts: { response: '1s' } });
    expect(figures).toMatchObject({ failed: 1, retries: 0, tookP99Ms: 60_000 });
    expect(figures.statuses.slice(10, 12)).toEqual([101, 101]);
  });

  it('is a trial of the circuit that went well when it was switched', async () => {
    const failing = Array.from({ length: 20 }, (_, index) =>
      recordedRequest(index * 10, [{ server: 'a', status: 503, durationMs: 1 }], { id: `f-${index}` }),
    );
    const tunnel = recordedRequest(3_000, [{ server: 'a', status: 101, durationMs: 60_000 }]);
    const after = steadyRequests(40, { everyMs: 100, servers: ['a'] }).map((each) => ({
      ...each,
      arrivedMs: each.arrivedMs + 4_000,
    }));
    const { statuses } = await replayed([...failing, tunnel, ...after], {
      outlierDetection: { consecutiveFailures: 0, statuses: [503] },
      circuitBreaker: { failurePercent: 50, minimumRequests: 20, open: '2s', trials: 1 },
    });
    expect(statuses.slice(20)).toEqual([101, ...after.map(() => 200)]);
  });
});

describe('what was given up elsewhere in the recorded run', () => {
  it('is given up again, whatever its status', async () => {
    const busy = recordedRequest(
      0,
      [
        { server: 'a', status: 429, durationMs: 2 },
        { server: 'b', startedAfterMs: 2 },
      ],
      { decisive: 1 },
    );
    const requests = often(10, busy);
    const retried = await replayed(requests, { retry: { ...rich, on: [429] } });
    expect(retried).toMatchObject({ failed: 0, retries: 10, tookP50Ms: 12 });
    expect(new Set(retried.statuses)).toEqual(new Set([200]));
    expect((await replayed(requests)).statuses).toEqual(requests.map(() => 429));
  });

  it.each([
    { outcome: 'failed-mid-response', status: 200 },
    { outcome: 'responded', status: 503 },
  ] as const)('and $outcome with $status had begun to answer before that', async (ending) => {
    const requests = [
      recordedRequest(0, [{ server: 'a', durationMs: 60_000, ...ending }], {
        status: ending.status,
        failed: true,
      }),
      ...steadyRequests(3).map((each) => ({ ...each, arrivedMs: each.arrivedMs + 90_000 })),
    ];
    const figures = await replayed(requests, { timeouts: { response: '30s' } });
    expect(figures).toMatchObject({ failed: 1, retries: 0, tookP99Ms: 60_000 });
    expect(figures.statuses[0]).toBe(ending.status);
  });

  it('is given up for its status before anybody knows that it would break off', async () => {
    const broken = { server: 'a', outcome: 'failed-mid-response', status: 503, durationMs: 5 } as const;
    const requests = often(5, recordedRequest(0, [broken], { failed: true }));
    const figures = await replayed(requests, { retry: { ...rich, on: [503] } });
    expect(figures).toMatchObject({ failed: 0, retries: 5, statuses: [200, 200, 200, 200, 200] });
  });

  it('is not what an older recording does not tell to have decided', async () => {
    const request = recordedRequest(0, [
      { server: 'a', durationMs: 50 },
      { server: 'b', outcome: 'closed-before-response', startedAfterMs: 20, durationMs: 5 },
    ]);
    const figures = await replayed([request], hedged);
    expect(figures).toMatchObject({ statuses: [200], decisive: ['a'], failed: 0, tookP50Ms: 50 });
  });
});
