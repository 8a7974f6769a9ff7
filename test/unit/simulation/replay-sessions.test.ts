import { describe, expect, it } from 'vitest';
import { recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest } from '../../support/recordings.ts';
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
