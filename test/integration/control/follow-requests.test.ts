import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { followNarrowed } from '../../../main/command-line/request-commands.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { type NamedServer, startNamedServer } from '../../support/named-server.ts';
import { crashingWorker, get, type OwnerKit, startOwner } from '../../support/owner-kit.ts';
import { until } from '../../support/until.ts';

let server: NamedServer;
let kit: OwnerKit;
let url: string;
const crash = new BroadcastChannel('crash the engine');
crash.unref();

beforeEach(async () => {
  server = await startNamedServer('a');
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}/`;
  kit = await startOwner(
    `
listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
pools: [{ name: api, servers: [{ name: a, address: "${server.address}" }] }]
`,
    { workerPath: crashingWorker },
  );
});
afterEach(async () => {
  await kit.stop();
  await server.close();
});

/** Takes down the ids that a command prints. */
function teller() {
  const told: string[] = [];
  const nothing = (): void => {};
  const output = {
    json: true,
    line: nothing,
    note: nothing,
    paint: (_: string, text: string) => text,
    object: (value: unknown) => void told.push((value as { id: string }).id),
  };
  return { told, output };
}

it('goes on telling requests after the engine has crashed and started again, each of them once', async () => {
  const { told, output } = teller();
  const live: string[] = [];
  kit.client.log('requests', ({ entries }) => live.push(...entries.map(({ id }) => id)));
  const stop = followNarrowed(kit.client, output, { pool: 'api', limit: 50 });
  try {
    await get(url);
    await get(url);
    await until('told', () => told.length === 2 && live.length === 2);
    crash.postMessage('out of luck');
    await until('it runs again', () => kit.state('system').engine?.restarts === 1);
    await until('it answers again', async () => (await get(url).catch(() => null))?.status === 200);
    const before = told.length;
    await get(url);
    await until('told again', () => told.length > before && live.length > 3);
    expect(new Set(told).size).toBe(told.length);
    expect(new Set(live).size).toBe(live.length);
  } finally {
    stop();
  }
});

it.each([
  ['of a pool', { pool: 'api' }],
  ['of a server', { server: 'api/a' }],
  ['that failed', { failed: true }],
])(
  'tells the last requests %s, as many as are asked for, and then none that ended before them',
  async (_name, filter) => {
    const { told, output } = teller();
    if ('failed' in filter) await server.close();
    for (let sent = 0; sent < 30; sent++) await get(url);
    const before = await listed(30);
    const stop = followNarrowed(kit.client, output, { ...filter, limit: 5 });
    try {
      await until('the last five', () => told.length >= 5);
      await get(url);
      const first = await listed(31);
      // Told behind whatever the second answer brought.
      await until('the one after them', () => told.includes(first.at(-1)!));
      await get(url);
      const second = await listed(32);
      await until('the next one', () => told.includes(second.at(-1)!));
      expect(told).toEqual([...before.slice(-5), first.at(-1), second.at(-1)]);
    } finally {
      stop();
    }
  },
);

/** So many requests are in the journal. @returns their ids, oldest first */
async function listed(count: number): Promise<string[]> {
  let ids: string[] = [];
  await until(`${count} requests in the journal`, async () => {
    ids = (await kit.client.call('request.list', { limit: 1_000 })).requests.map(({ id }) => id).toReversed();
    return ids.length === count;
  });
  return ids;
}
