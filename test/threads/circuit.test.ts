import { describe, expect, it } from 'vitest';
import { get } from '../support/owner-kit.ts';
import { clientOfEach, threads } from '../support/threads-cleanup.ts';
import { suffix, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

describe.skipIf(whyNot !== null)(`the circuit of a pool with several threads${suffix}`, () => {
  it('counts the failures of all threads, opens for all at once, and lets its trials through once', async () => {
    const pool = {
      outlierDetection: { consecutiveFailures: 0 },
      retry: { attempts: 1 },
      timeouts: { response: '1s' },
    };
    const kit = await threads({ pool });
    const clients = await clientOfEach(kit, 2);
    const circuitBreaker = { failurePercent: 50, minimumRequests: 10, open: '2s', trials: 3 };
    await kit.apply({ pool: { ...pool, circuitBreaker } });
    const circuit = async () => (await kit.metrics()).pools.api!.circuit!;

    const failed = await Promise.all(
      clients.map(async (client) => {
        const ids: string[] = [];
        for (let sent = 0; sent < 5; sent++) {
          const { status, id } = await client.get('/slow?ms=60000');
          expect(status).toBe(504);
          ids.push(id);
        }
        return ids;
      }),
    );
    expect(new Set(failed.flat().map(threadOf)).size).toBe(2);
    for (const client of clients) {
      const { status, body } = await client.get();
      expect(status).toBe(503);
      expect(body).toContain('is open, because 10 of 10 requests failed within 10s');
    }
    expect(await circuit()).toMatchObject({ state: 'open', opened: 1, refused: 2 });

    await until('it is half open', async () => (await circuit()).state === 'half-open');
    const path = '/slow?ms=300';
    const answers = await Promise.all(Array.from({ length: 40 }, () => get(`${kit.url}${path}`)));
    const reached = kit.servers.reduce(
      (sum, { seen }) => sum + seen.filter((each) => each === path).length,
      0,
    );
    expect(reached).toBe(3);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    // An answer is there a moment before the thread that passed it on has counted it.
    await until('the trials to be counted', async () => (await circuit()).state === 'closed');
    expect(await circuit()).toMatchObject({ opened: 1, refused: 39 });
    for (const client of clients) expect((await client.get()).status).toBe(200);
    await until('all is told', () => kit.events.some(({ kind }) => kind === 'circuit-closed'));
    for (const kind of ['circuit-opened', 'circuit-half-open', 'circuit-closed'])
      expect(kit.events.filter((event) => event.kind === kind)).toHaveLength(1);
  });
});

describe.skipIf(whyNot !== null)(`outlier detection of several threads${suffix}`, () => {
  it('adds up what fails in all of them', async () => {
    const pool = { retry: { attempts: 1 }, timeouts: { response: '500ms' } };
    const kit = await threads({ pool: { ...pool, outlierDetection: { consecutiveFailures: 0 } } });
    const clients = await clientOfEach(kit, 2);
    const outlierDetection = { consecutiveFailures: 0, failurePercent: 50, minimumRequests: 6 };
    await kit.apply({ pool: { ...pool, outlierDetection } });
    let timedOut = 0;
    for (let sent = 0; sent < 40 && !kit.events.some(({ kind }) => kind === 'server-ejected'); sent++) {
      const { status } = await clients[sent % 2]!.get('/slow?ms=60000');
      if (status === 504) timedOut += 1;
    }
    const told = kit.events.filter(({ kind }) => kind === 'server-ejected').map(({ text }) => text);
    expect(told).toEqual([
      expect.stringMatching(/^[ab] is ejected for 10s: 6 of 6 attempts failed within 10s$/),
    ]);
    expect(timedOut).toBeLessThan(20);
  });
});
