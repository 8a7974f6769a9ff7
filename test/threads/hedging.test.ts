import { describe, expect, it } from 'vitest';
import { get } from '../support/owner-kit.ts';
import { clientOfEach, threads } from '../support/threads-cleanup.ts';
import { suffix, type ThreadsOptions, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

/** `a` is asked first and hangs, `b` answers. */
async function hangingFirst(pool: ThreadsOptions['pool']) {
  const strategy = 'first';
  const kit = await threads({ pool: { outlierDetection: { consecutiveFailures: 0 }, strategy } });
  const clients = await clientOfEach(kit, 2);
  await kit.apply({ pool: { outlierDetection: { consecutiveFailures: 0 }, strategy, ...pool } });
  const [a, b] = kit.servers;
  a!.delayMs = 60_000;
  a!.seen.length = 0;
  b!.seen.length = 0;
  const metrics = async () => {
    const { pools, servers } = await kit.metrics();
    return { pool: pools.api!, a: servers['api/a']!, b: servers['api/b']! };
  };
  return { kit, clients, a: a!, b: b!, metrics };
}

describe.skipIf(whyNot !== null)(`hedging over several threads${suffix}`, () => {
  it('is answered by the other server in each of them, and nothing stays in flight', async () => {
    const { clients, b, metrics } = await hangingFirst({ retry: { hedge: { after: '40ms' } } });
    for (let sent = 0; sent < 4; sent++) {
      const answers = await Promise.all(clients.map((client) => client.get()));
      expect(answers.map(({ body }) => body)).toEqual(['b', 'b']);
    }
    expect(b.seen).toHaveLength(8);
    await until('nothing to be in flight', async () => (await metrics()).pool.activeRequests === 0);
    const { pool, a } = await metrics();
    expect([pool.retryBudget.used, a.activeRequests]).toEqual([8, 0]);
  });

  it('has one budget for all of them', async () => {
    const { kit, a, b, metrics } = await hangingFirst({
      retry: { hedge: { after: '40ms' }, budgetPercent: 0, budgetMinPerSecond: 1 },
      timeouts: { response: '3s' },
    });
    a.delayMs = 1_500;
    const answers = await Promise.all(Array.from({ length: 24 }, () => get(`${kit.url}/budget`)));
    expect(answers.filter(({ body }) => body === 'b')).toHaveLength(10);
    expect(answers.filter(({ body }) => body === 'a')).toHaveLength(14);
    expect(b.seen).toHaveLength(10);
    const told = () => kit.requests.filter(({ target }) => target === '/budget');
    await until('all to be told', () => told().length === 24);
    expect(new Set(told().map(({ id }) => threadOf(id))).size).toBe(2);
    expect((await kit.metrics()).limits.map(({ kind }) => kind)).toContain('hedge-budget');
    await until('nothing to be in flight', async () => (await metrics()).pool.activeRequests === 0);
  });

  it('ejects a server whose attempts were overtaken in a row, whatever threads they ran in', async () => {
    const { kit, clients, a } = await hangingFirst({
      retry: { hedge: { after: '40ms' } },
      outlierDetection: { consecutiveFailures: 4, baseEjection: '60s' },
    });
    for (let sent = 0; sent < 4; sent++) expect((await clients[sent % 2]!.get()).body).toBe('b');
    await until('it to be told', () => kit.events.some(({ kind }) => kind === 'server-ejected'));
    expect(kit.events.find(({ kind }) => kind === 'server-ejected')!.text).toBe(
      'a is ejected for 1m: 4 attempts in a row were overtaken by another beside them (retry.hedge)',
    );
    for (const client of clients) expect((await client.get()).body).toBe('b');
    expect(a.seen).toHaveLength(4);
  });

  it('does not move the turns of first attempts, of whatever thread', async () => {
    const { kit, clients, a, b } = await hangingFirst({
      retry: { hedge: { after: '40ms' } },
      strategy: 'round-robin',
    });
    for (let sent = 0; sent < 8; sent++) expect((await clients[(sent >> 1) % 2]!.get()).body).toBe('b');
    // Every other one began at a and was hedged; none began there twice in a row.
    expect([a.seen.length, b.seen.length]).toEqual([4, 8]);
    expect((await kit.metrics()).pools.api!.retryBudget.used).toBe(4);
  });
});
