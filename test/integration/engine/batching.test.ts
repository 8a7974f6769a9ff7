import { batchText } from '@shared/lib/batch-text.ts';
import { expect, it, vi } from 'vitest';
import type { Engine } from '../../../main/engine/engine.ts';
import { get, honest } from '../../support/batches.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { startLoad } from '../../support/http-client.ts';
import { client } from '../../support/lane-cleanup.ts';
import type { RawClient } from '../../support/raw-sockets.ts';
import { runEngine } from '../../support/running-engine.ts';
import { members, replicas } from '../../support/servers-of-test.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Without probes, which would take their place between the requests. */
const run = (pool: PoolInput) => runEngine({ healthCheck: { type: 'none' }, ...pool });

const member = async () => ({ address: `127.0.0.1:${(await honest()).port}` });

/** Clients whose requests arrive in the same turn, time and again. */
async function callersOf(engine: Engine, port: number, count: number): Promise<RawClient[]> {
  const callers = await Promise.all(Array.from({ length: count }, () => client(port)));
  await until('all to be accepted', () => engine.listeners()[0]?.openConnections === count);
  return callers;
}

async function rounds(callers: readonly RawClient[], count: number): Promise<void> {
  for (let round = 1; round <= count; round++) {
    for (const caller of callers) caller.send(get('/x'));
    for (const caller of callers) await caller.receives('[/x]', round);
  }
}

/** Servers in the order in which the requests came. */
function order(engine: Engine): string[] {
  const { requests } = engine.journal.list({ limit: 1_000 });
  const number = (id: string): number => Number(id.slice(id.indexOf('-') + 1));
  return requests
    .toSorted((a, b) => number(a.id) - number(b.id))
    .map(({ server }) => server?.slice(-1) ?? '');
}

it('batching leaves the picks of weighted round robin as they are, to the last one', async () => {
  const weights = [5, 1, 1];
  const orders: string[][] = [];
  for (const batching of ['off', 'on'] as const) {
    const servers = await Promise.all(weights.map(async (weight) => ({ ...(await member()), weight })));
    const { engine, port } = await run({ strategy: 'weighted-round-robin', servers, batching });
    await rounds(await callersOf(engine, port, 14), 5);
    orders.push(order(engine));
    const { batched, sentApart } = engine.metrics().pools.api!;
    expect(sentApart).toBe(0);
    if (batching === 'on') expect(batched).toBeGreaterThan(40);
    else expect(batched).toBe(0);
  }
  expect(orders[0]).toHaveLength(70);
  expect(orders[1]).toEqual(orders[0]);
  expect(orders[1]!.slice(0, 7).join('')).toBe('1121311');
});

it('least connections sees every request of a batch', async () => {
  const { engine, port } = await run({
    strategy: 'least-connections',
    servers: [await member(), await member()],
    batching: 'on',
  });
  const callers = await callersOf(engine, port, 8);
  await rounds(callers, 1);
  const counts = order(engine);
  expect(counts.filter((name) => name === '1')).toHaveLength(4);
  const { requests } = engine.journal.list({ limit: 10 });
  const seen = requests.map(({ id }) =>
    engine.journal
      .detail(id)!
      .attemptList[0]!.decision!.servers.reduce((sum, each) => sum + each.activeRequests, 0),
  );
  expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(engine.metrics().pools.api?.activeRequests).toBe(0);
});

it('the journal tells of each request how it shared its connection', async () => {
  const { engine, port } = await run({ servers: [await member()], batching: 'on' });
  await rounds(await callersOf(engine, port, 3), 1);
  const { requests } = engine.journal.list({ limit: 10 });
  const told = requests.map(({ id }) => batchText(engine.journal.detail(id)!.attemptList[0]!.batch!));
  expect(told.toReversed()).toEqual([
    'number 1 of 3 on one connection',
    'number 2 of 3 on one connection',
    'number 3 of 3 on one connection',
  ]);
});

it('no request is lost when servers are killed, drained and exchanged with batches in flight', async () => {
  const processes = await replicas('a', 'b', 'c');
  const all = members(processes);
  const pool = (batching: 'off' | 'on' | 'adaptive', servers = all): PoolInput => ({
    servers,
    batching,
    healthCheck: { type: 'none' },
    outlierDetection: { consecutiveFailures: 3, baseEjection: '30s' },
  });
  const { engine, url, apply } = await run(pool('on'));
  const load = startLoad(url, 24);
  const after = async (more: number): Promise<void> => {
    const goal = load.sent + more;
    await until(`${more} more requests`, () => load.sent >= goal || load.failures.length > 0, 40_000);
  };
  await after(800);
  await processes[2]!.kill();
  await after(400);
  engine.setAdminState('api', 'b', 'drain');
  await after(300);
  engine.setAdminState('api', 'b', 'ready');
  for (const mode of ['off', 'adaptive', 'on'] as const) {
    await apply(pool(mode, all.slice(0, 2)));
    await after(400);
  }
  await apply(pool('on', all.slice(1, 2)));
  await after(300);
  await load.stop();
  expect(load.failures).toEqual([]);
  await until('nothing to be under way', () => engine.metrics().total.activeRequests === 0);
  const { activeRequests, batched } = engine.metrics().pools.api!;
  expect(activeRequests).toBe(0);
  expect(batched).toBeGreaterThan(300);
});
