import { describe, expect, it } from 'vitest';
import { recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';
import { replayed, rich } from '../../support/replay-kit.ts';

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

describe('a request that was recorded without a session', () => {
  const three = { servers: serversNamed({ a: 1, b: 1, c: 1 }), strategy: 'round-robin' } as const;
  const byField = { ...three, affinity: { type: 'header', header: 'x-user' } } as const;
  const byOwnCookie = { ...three, affinity: { type: 'app-cookie', name: 'sid' } } as const;
  /** Of one address, on one machine. */
  const anonymous = steadyRequests(60).map((request) => ({ ...request, affinity: 'none' as const }));
  const attempts = async (...args: Parameters<typeof replayed>): Promise<number[]> =>
    (await replayed(...args)).servers.map((each) => each.attempts);

  it.each([
    ['nobody sent the field', byField],
    ['the service never set its cookie', byOwnCookie],
  ])('has none again where %s', async (_name, input) => {
    const again = await replayed(anonymous, input, input);
    expect(again).toMatchObject({ clientsSpread: 1, sessionsMoved: 0 });
    expect(again.servers.map((each) => each.attempts)).toEqual([20, 20, 20]);
    expect(again.servers.map(({ mostInFlight }) => mostInFlight)).toEqual(
      recordedFigures(anonymous, ['api/a', 'api/b', 'api/c']).servers.map(({ mostInFlight }) => mostInFlight),
    );
  });

  it.each([byField, byOwnCookie])('has none beside those of a client that has one', async (input) => {
    const login = { session: 's1', affinity: 'bound' as const };
    const requests = [
      recordedRequest(0, [{ server: 'a' }], { id: 'login', ...login }),
      ...anonymous.map((request) => ({ ...request, arrivedMs: request.arrivedMs + 100 })),
      recordedRequest(1_000, [{ server: 'a' }], { id: 'again', ...login, affinity: 'kept' }),
    ];
    expect(await replayed(requests, input, input)).toMatchObject({
      clientsSpread: 1,
      decisive: ['a', ...anonymous.map((_, index) => ['b', 'c', 'a'][index % 3]), 'a'],
    });
  });

  it('shows nothing to a pool that tells clients apart by something else that requests may lack', async () => {
    expect(await attempts(anonymous, byOwnCookie, byField)).toEqual([20, 20, 20]);
    expect(await attempts(anonymous, byField, byOwnCookie)).toEqual([20, 20, 20]);
  });

  it('is of the client at its address where the recorded pool had no sessions, or keeps the cookie of the pool', async () => {
    expect(await attempts(anonymous, byField, three)).toEqual([60, 0, 0]);
    const [first, ...others] = await attempts(anonymous, byOwnCookie, three);
    expect([first! > 50, others.every((each) => each < 5)]).toEqual([true, true]);
    const withCookie = { ...three, affinity: { type: 'cookie' } } as const;
    expect((await attempts(anonymous, withCookie, byField))[0]).toBeGreaterThan(50);
  });
});
