import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { serversNamed } from '../../support/engine-kit.ts';
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

describe('an attempt without a connection', () => {
  const three = serversNamed({ a: 1, b: 1, c: 1 });

  it('is not ended by the time for a response', async () => {
    const deaf = { server: 'a', outcome: 'connect-failed', durationMs: 1_000 } as const;
    const request = recordedRequest(0, [deaf, { server: 'b', startedAfterMs: 1_000 }], { decisive: 1 });
    const figures = await replayed([request], { timeouts: { response: '100ms' } });
    expect(figures).toMatchObject({ retries: 1, tookP50Ms: 1_010 });
  });

  it('uses up an attempt where it waited for one in vain, and none where it was refused', async () => {
    const gone = (durationMs: number): RecordedRequest =>
      recordedRequest(
        0,
        ['a', 'b', 'c'].map((server, index) => ({
          server,
          outcome: 'connect-failed',
          startedAfterMs: index * durationMs,
          durationMs,
        })),
      );
    const input = { servers: three, retry: { ...rich, attempts: 2 } };
    expect(await replayed([gone(1)], input)).toMatchObject({ retries: 2, failed: 1 });
    expect(await replayed([gone(1_000)], input)).toMatchObject({ retries: 1, failed: 1 });
    const hasty = { timeouts: { attempt: '250ms' } };
    expect(await replayed([gone(250)], { ...input, ...hasty }, hasty)).toMatchObject({
      retries: 1,
      failed: 1,
    });
  });

  it('leaves the body whole for the next, however large it is', async () => {
    const refused = { server: 'a', outcome: 'connect-failed', durationMs: 1 } as const;
    const upload = recordedRequest(0, [refused, { server: 'b', startedAfterMs: 1 }], {
      method: 'POST',
      requestBytes: 50_000_000,
      decisive: 1,
    });
    expect(await replayed([upload])).toMatchObject({ failed: 0, retries: 1, statuses: [200] });
    // Once a server had it, it is gone.
    const cut = { server: 'a', outcome: 'closed-before-response', durationMs: 1 } as const;
    const put = recordedRequest(0, [cut, { server: 'b', startedAfterMs: 1 }], {
      method: 'PUT',
      requestBytes: 50_000_000,
      decisive: 1,
    });
    expect(await replayed([put])).toMatchObject({ failed: 1, retries: 0, statuses: [502] });
  });

  it('gets 503 where its server was asked because there was no other', async () => {
    const requests = Array.from({ length: 20 }, (_, index) =>
      recordedRequest(index * 1_000, [{ server: 'a', outcome: 'connect-failed', durationMs: 1 }], {
        id: `r-${index}`,
        unwell: index === 0 ? {} : { 'api/a': ['unhealthy', 'unreachable'] },
      }),
    );
    const healthCheck = { type: 'tcp', interval: '1s', initial: 'healthy', fall: 3 } as const;
    const input = { servers: serversNamed({ a: 1 }), healthCheck };
    const { statuses, servers } = await replayed(requests, input, input);
    expect(servers[0]!.attempts).toBe(20);
    expect([statuses[0], statuses.at(-1)]).toEqual([502, 503]);
  });
});

describe('an attempt that had next to no time left', () => {
  const hasty = { timeouts: { request: '1s' } };
  const calm = steadyRequests(20, { everyMs: 100, durationMs: 20, servers: ['a'] });
  /** Of three such attempts in a row, what came of another request meanwhile. */
  const between = async (startedAfterMs: number, durationMs: number) => {
    const attempt = { server: 'a', outcome: 'timed-out', startedAfterMs, durationMs } as const;
    const cut = [0, 10, 20].map((later) =>
      recordedRequest(10_000 + later, [attempt], { id: `s-${later}`, status: 504 }),
    );
    const during = recordedRequest(10_001 + startedAfterMs, [{ server: 'b', durationMs: 20 }]);
    const requests = [...calm, ...cut, during].sort((one, other) => one.arrivedMs - other.arrivedMs);
    return (await replayed(requests, hasty, hasty)).statuses[requests.indexOf(during)];
  };

  it('is not held against its server in a replay either', async () => {
    const two = steadyRequests(2, { everyMs: 1, durationMs: 100, servers: ['a'] });
    const ejections = async (request: string) => {
      const input = {
        servers: [{ name: 'a', address: '127.0.0.1:3001', maxRequests: 1 }],
        outlierDetection: { consecutiveFailures: 1, ejectLast: true },
        timeouts: { request },
      };
      return (await replayed(two, input)).ejections;
    };
    // The second begins after 100 ms.
    expect(await ejections('150ms')).toBe(0);
    expect(await ejections('90ms')).toBe(1);
  });

  it('is one that its request ended, and that had less than half of its time', async () => {
    expect(await between(600, 400)).toBe(200);
    expect(await between(400, 600)).toBe(504);
    // Its own time was up, not the request's.
    expect(await between(100, 400)).toBe(504);
  });

  it('says nothing of its server, and takes at least as long again', async () => {
    // Half of the second was gone in the queue.
    const short = (index: number): RecordedRequest =>
      recordedRequest(
        10_000 + index * 10,
        [{ server: 'a', outcome: 'timed-out', startedAfterMs: 900, durationMs: 100 }],
        { id: `s-${index}`, queuedMs: 900, status: 504 },
      );
    const during = { ...recordedRequest(10_905, [{ server: 'b', durationMs: 20 }]), id: 'other' };
    const requests = [...calm, short(0), short(1), short(2), during];
    const figures = await replayed(requests, hasty, hasty);
    expect(figures.statuses.at(-1)).toBe(200);
    expect(figures.failed).toBe(0);
    expect(figures.tookP99Ms).toBeCloseTo(100, 1);
  });
});

describe('a session that there was before the recording', () => {
  const of = (arrivedMs: number, durationMs: number, status: number) =>
    recordedRequest(arrivedMs, [{ server: 'a', durationMs, status }], {
      id: `r-${arrivedMs}`,
      session: 's1',
    });

  it.each([
    ['a tunnel', [of(0, 60_000, 101), of(10, 5, 200), of(20, 5, 200)]],
    ['requests at once', [of(0, 50, 200), of(1, 50, 200), of(2, 50, 200)]],
  ])('is one session again, also of %s', async (_name, requests) => {
    const { clientsSpread, servers } = await replayed(requests, {
      strategy: 'round-robin',
      affinity: { type: 'cookie' },
    });
    expect(clientsSpread).toBe(0);
    expect(servers.map(({ share }) => share)).toEqual([1, 0]);
  });

  it('is begun by the first response where nobody was recorded with a session', async () => {
    const requests = [of(0, 60_000, 101), of(10, 20, 200), of(20, 5, 200), of(40, 5, 200), of(50, 5, 200)];
    const anew = requests.map((request) => ({ ...request, session: null }));
    const { servers } = await replayed(anew, { strategy: 'round-robin', affinity: { type: 'cookie' } });
    // The tunnel was switched at 0 ms or so: whoever comes after it is led there.
    expect(servers.map(({ attempts }) => attempts)).toEqual([5, 0]);
    const slow = anew.slice(1, 3);
    const apart = await replayed(slow, { strategy: 'round-robin', affinity: { type: 'cookie' } });
    expect(apart.servers.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });
});

describe('a session that is led elsewhere twice for one request', () => {
  it('moved once, as the recording counts it', async () => {
    const three = serversNamed({ a: 1, b: 1, c: 1 });
    const session = { session: 's1', target: '/cart' };
    const requests = [
      recordedRequest(0, [{ server: 'a' }], session),
      recordedRequest(
        1_000,
        [
          { server: 'a', outcome: 'closed-before-response', durationMs: 1 },
          { server: 'b', outcome: 'closed-before-response', startedAfterMs: 1, durationMs: 1 },
          { server: 'c', startedAfterMs: 2 },
        ],
        { ...session, affinity: 'moved', decisive: 2 },
      ),
    ];
    expect(recordedFigures(requests, ['api/a', 'api/b', 'api/c']).sessionsMoved).toBe(1);
    const input = { servers: three, affinity: { type: 'cookie' }, retry: { ...rich, attempts: 3 } } as const;
    expect(await replayed(requests, input)).toMatchObject({ sessionsMoved: 1, retries: 2, failed: 0 });
    // In the end it was led nowhere.
    const nowhere = await replayed(requests, { ...input, servers: three.slice(0, 2) });
    expect(nowhere).toMatchObject({ sessionsMoved: 0, retries: 1, failed: 1 });
  });
});
