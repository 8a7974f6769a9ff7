import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';
import { replayed, rich } from '../../support/replay-kit.ts';

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
      tookP50Ms: 500,
    });
    // Without a time of its own, as long as timeouts.connect lets each of them.
    expect(await replayed([gone(250)], input, hasty)).toMatchObject({ retries: 1, tookP50Ms: 2_000 });
  });

  it('that its request had no more time for was not refused, and goes on waiting where there is time', async () => {
    const cut = [0, 1_000, 2_000].map((arrivedMs) =>
      recordedRequest(
        arrivedMs,
        [
          { server: 'x', outcome: 'closed-before-response', durationMs: 20 },
          { server: 'a', outcome: 'connect-failed', startedAfterMs: 19.5, durationMs: 280.5 },
        ],
        { status: 504, durationMs: 300 },
      ),
    );
    const impatient = { retry: { ...rich, attempts: 2 }, timeouts: { connect: '5s', request: '300ms' } };
    const before = { ...impatient, servers: serversNamed({ x: 1, a: 1, b: 1 }) };
    const without = { ...impatient, servers: serversNamed({ a: 1, b: 1 }) };
    // The first comes before anything is known of a.
    const again = await replayed(cut, without, before);
    expect(again).toMatchObject({ retries: 0, statuses: [200, 504, 504], tookP50Ms: 300, tookP99Ms: 300 });
    // Where an attempt has a time of its own, or the request has time enough, the next server is asked after that.
    const within = (timeouts: object) => replayed(cut, { ...without, timeouts }, before);
    const hasty = await within({ connect: '5s', request: '300ms', attempt: '285ms' });
    expect(hasty).toMatchObject({ retries: 2, statuses: [200, 200, 200], tookP99Ms: 285 });
    const patient = await within({ connect: '5s', request: '20s' });
    expect(patient).toMatchObject({ retries: 2, statuses: [200, 200, 200], tookP99Ms: 5_000 });
    const longer = await within({ connect: '5s', attempt: '1s' });
    expect(longer).toMatchObject({ retries: 2, tookP99Ms: 1_000 });
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
  const between = async (
    startedAfterMs: number,
    durationMs: number,
    outcome: 'timed-out' | 'connect-failed' = 'timed-out',
  ) => {
    const attempt = { server: 'a', outcome, startedAfterMs, durationMs } as const;
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
    expect(await between(600, 400, 'connect-failed')).toBe(200);
    expect(await between(400, 600, 'connect-failed')).toBe(504);
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
