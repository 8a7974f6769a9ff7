import { describe, expect, it } from 'vitest';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';

const timeouts = { responseMs: 30_000 };

describe('the model of servers', () => {
  it('lets a request take what its answering attempt took', () => {
    const retried = recordedRequest(0, [
      { server: 'a', outcome: 'closed-before-response', durationMs: 3 },
      { server: 'b', startedAfterMs: 3, durationMs: 17, status: 201 },
    ]);
    const model = new ServiceModel([retried], timeouts);
    expect(model.attempt(retried, 'api/b', 3, timeouts, 1)).toEqual({
      outcome: 'responded',
      status: 201,
      durationMs: 17,
    });
    // What failed by itself does so at any server.
    for (const server of ['api/a', 'api/b'])
      expect(model.attempt(retried, server, 0, timeouts)).toMatchObject({
        outcome: 'closed-before-response',
        durationMs: 3,
      });
  });

  it('makes it quicker or slower at another server, by the ratio of their medians', () => {
    const slow = steadyRequests(9, { durationMs: 40, servers: ['a'] });
    const quick = steadyRequests(9, { durationMs: 10, servers: ['b'] });
    const one = recordedRequest(500, [{ server: 'a', durationMs: 100 }]);
    const model = new ServiceModel([...slow, ...quick, one], timeouts);
    expect(model.attempt(one, 'api/b', 500, timeouts).durationMs).toBe(25);
    expect(model.attempt(quick[0]!, 'api/a', 500, timeouts).durationMs).toBe(40);
    // Of a server that was hardly asked, nothing is known: as quick as where it was.
    const few = new ServiceModel([...slow, ...quick.slice(0, 4)], timeouts);
    expect(few.attempt(slow[0]!, 'api/b', 500, timeouts).durationMs).toBe(40);
  });

  it('lets a tunnel last as long at every server, and learns nothing from it of how fast they are', () => {
    const slow = steadyRequests(9, { durationMs: 20, servers: ['a'] });
    const quick = steadyRequests(9, { durationMs: 10, servers: ['b'] });
    const tunnels = Array.from({ length: 20 }, (_, index) =>
      recordedRequest(1_000 + index, [{ server: 'b', durationMs: 60_000, status: 101 }]),
    );
    const model = new ServiceModel([...slow, ...quick, ...tunnels], timeouts);
    expect(model.medianMs('api/b')).toBe(10);
    expect(model.attempt(slow[0]!, 'api/b', 500, timeouts).durationMs).toBe(10);
    const tunnel = { outcome: 'responded', status: 101, durationMs: 60_000, headMs: 20 };
    expect(model.attempt(tunnels[0]!, 'api/a', 500, timeouts)).toEqual(tunnel);
  });

  it('lets a server fail from the first of several failures to half-way to the next that went well, and in the same way', () => {
    const model = new ServiceModel(
      [
        recordedRequest(100, [{ server: 'a' }]),
        recordedRequest(200, [{ server: 'a', outcome: 'connect-failed', durationMs: 1 }]),
        recordedRequest(300, [{ server: 'a', outcome: 'responded', status: 503, durationMs: 2 }]),
        recordedRequest(400, [{ server: 'a' }]),
        recordedRequest(500, [{ server: 'a', outcome: 'client-aborted', durationMs: 2 }]),
      ],
      timeouts,
    );
    const at = (ms: number) => model.failureAt('api/a', ms)?.status ?? null;
    expect([0, 100, 199, 200, 299, 300, 349, 351, 999].map(at)).toEqual([
      null,
      null,
      null,
      0,
      0,
      503,
      503,
      null,
      null,
    ]);
    expect(model.failureAt('api/a', 250)?.outcome).toBe('connect-failed');
    expect(model.failureAt('api/b', 250)).toBeNull();
  });

  it('ends by the timeout what takes longer, but not what came in pieces for longer than that', () => {
    const hung = recordedRequest(0, [{ server: 'a', outcome: 'timed-out', durationMs: 100 }]);
    const long = recordedRequest(10, [{ server: 'b', durationMs: 500 }]);
    const model = new ServiceModel([hung, long], { responseMs: 100 });
    const timedOut = { outcome: 'timed-out', status: 0, durationMs: 300 };
    expect(model.attempt(hung, 'api/a', 0, { responseMs: 300 })).toEqual(timedOut);
    expect(model.attempt(long, 'api/b', 10, { responseMs: 300 }).durationMs).toBe(500);
    expect(model.attempt(long, 'api/b', 10, { responseMs: 50 })).toMatchObject({ outcome: 'timed-out' });
    expect(
      new ServiceModel([long], { responseMs: 1_000 }).attempt(long, 'api/b', 10, { responseMs: 300 }).outcome,
    ).toBe('timed-out');
  });

  it('holds nothing against a server whose attempt was overtaken, but that it took longer than it had run', () => {
    const quick = steadyRequests(9, { durationMs: 10 });
    const hedged = recordedRequest(200, [
      { server: 'a', outcome: 'cancelled', durationMs: 60 },
      { server: 'b', startedAfterMs: 50, durationMs: 10 },
    ]);
    const model = new ServiceModel([...quick, hedged], timeouts);
    expect(model.failureAt('api/a', 300)).toBeNull();
    const { durationMs } = model.attempt(hedged, 'api/a', 200, timeouts);
    expect(durationMs).toBeGreaterThan(60);
    expect(durationMs).toBeLessThan(60.01);
    expect(model.attempt(hedged, 'api/b', 200, timeouts).durationMs).toBe(10);
  });

  it('knows that the head had come of what took longer than an attempt or a request was given', () => {
    const long = recordedRequest(0, [{ server: 'a', startedAfterMs: 20, durationMs: 500 }]);
    const head = (recorded: object) =>
      new ServiceModel([long], { ...timeouts, ...recorded }).attempt(long, 'api/a', 0, timeouts).headMs;
    expect(head({})).toBeUndefined();
    expect(head({ attemptMs: 100 })).toBe(100);
    expect(head({ attemptMs: 100, requestMs: 90 })).toBe(70);
    expect(head({ attemptMs: 600, requestMs: 600 })).toBeUndefined();
  });

  it('lets whom nobody answered take the median, and whom the client left longer than that waited', () => {
    const answered = steadyRequests(9, { durationMs: 20, servers: ['a'] });
    const unserved = recordedRequest(200, []);
    const left = recordedRequest(210, [{ server: 'a', outcome: 'client-aborted', durationMs: 70 }]);
    const model = new ServiceModel([...answered, unserved, left], timeouts);
    expect(model.attempt(unserved, 'api/a', 300, timeouts).durationMs).toBe(20);
    const { durationMs } = model.attempt(left, 'api/a', 300, timeouts);
    expect(durationMs).toBeGreaterThan(70);
    expect(durationMs).toBeLessThan(70.01);
  });

  it('lets everybody wait longer than the longest at a server that answered nobody, until half-way to its next answer', () => {
    const quick = steadyRequests(9, { durationMs: 10 });
    const overtaken = (atMs: number, durationMs: number) =>
      recordedRequest(
        atMs,
        [
          { server: 'a', outcome: 'cancelled', durationMs },
          { server: 'b', startedAfterMs: 20, durationMs: durationMs - 20 },
        ],
        { decisive: 1 },
      );
    const asked = recordedRequest(350, [{ server: 'b', durationMs: 10 }]);
    const back = recordedRequest(250, [
      { server: 'b', outcome: 'connect-failed', durationMs: 1 },
      { server: 'a', startedAfterMs: 350 },
    ]);
    const one = overtaken(300, 70);
    const two = [one, overtaken(400, 30)] as const;
    const model = new ServiceModel([...quick, back, ...two, asked], timeouts);
    const durationAt = (atMs: number) => Math.round(model.attempt(asked, 'api/a', atMs, timeouts).durationMs);
    expect([299, 300, 350, 499, 501].map(durationAt)).toEqual([10, 70, 70, 70, 10]);
    expect(Math.round(model.attempt(asked, 'api/b', 350, timeouts).durationMs)).toBe(10);
    // Whoever left in the middle of a response had been answered.
    const left = { server: 'a', outcome: 'client-aborted', status: 200, durationMs: 9_000 } as const;
    const served = new ServiceModel(
      [...quick, recordedRequest(300, [left]), recordedRequest(400, [left]), asked, back],
      timeouts,
    );
    expect(served.attempt(asked, 'api/a', 350, timeouts).durationMs).toBe(10);
    // Of one by itself nobody knows whether it was the request.
    const alone = new ServiceModel([...quick, one, asked, back], timeouts);
    expect(alone.attempt(asked, 'api/a', 350, timeouts).durationMs).toBe(10);
  });

  it('lets a server hang where only probes noticed its outage, and those that were answered elsewhere first', () => {
    const check = poolConfig({
      servers: serversNamed({ a: 1, b: 1 }),
      healthCheck: { type: 'tcp' },
    }).healthCheck;
    const ill = { unwell: { 'api/a': ['unhealthy' as const] } };
    const well = { unwell: {} };
    const quick = steadyRequests(9, { durationMs: 10, everyMs: 1_000, servers: ['a', 'b'] });
    const hedged = [
      { server: 'a', outcome: 'cancelled', durationMs: 30 },
      { server: 'b', startedAfterMs: 20 },
    ] as const;
    const unwell = [
      recordedRequest(9_000, hedged, { ...well, decisive: 1 }),
      recordedRequest(20_000, [{ server: 'b' }], ill),
    ];
    const model = new ServiceModel([...quick, ...unwell], timeouts, check);
    expect(model.failureAt('api/a', 20_000)?.outcome).toBe('timed-out');
    expect(model.probeFailureAt('api/a', 20_000)?.outcome).toBe('timed-out');
    const silent = new ServiceModel([...quick, unwell[1]!], timeouts, check);
    expect(silent.failureAt('api/a', 20_000)?.outcome).toBe('connect-failed');
  });
});
