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

it('goes on telling requests after the engine has crashed and started again, each of them once', async () => {
  const told: string[] = [];
  const nothing = (): void => {};
  const output = {
    json: true,
    line: nothing,
    note: nothing,
    paint: (_: string, text: string) => text,
    object: (value: unknown) => void told.push((value as { id: string }).id),
  };
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
