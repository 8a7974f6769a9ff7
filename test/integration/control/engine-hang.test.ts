import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEngineHost, type EngineHost } from '../../../main/control/engine-host.ts';
import { systemClock } from '../../../main/engine/clock.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { configOf } from '../../support/config-of.ts';
import { type NamedServer, startNamedServer } from '../../support/named-server.ts';
import { get } from '../../support/owner-kit.ts';
import { until } from '../../support/until.ts';

const workerPath = fileURLToPath(new URL('../../support/hanging-worker.mjs', import.meta.url));
const hang = new BroadcastChannel('hang the engine');
hang.unref();

let server: NamedServer;
let host: EngineHost;
let url: string;
let crashes: string[];
let restarts: number;

beforeEach(async () => {
  server = await startNamedServer('a');
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}/`;
  crashes = [];
  restarts = 0;
  host = createEngineHost({
    workerPath,
    version: '0.0.1',
    clock: systemClock,
    log: () => {},
    listener: {
      onStatus: () => {},
      onConnected: () => {},
      onCrashed: (reason) => crashes.push(reason),
      onRestarted: () => {
        restarts += 1;
      },
    },
    watch: { everyMs: 100, rounds: 20 },
  });
  await host.start();
  const config = configOf({
    listeners: [{ name: 'web', bind: `127.0.0.1:${port}`, pool: 'api' }],
    pools: [{ name: 'api', servers: [{ name: 'a', address: server.address }] }],
  });
  await host.apply(config);
});
afterEach(async () => {
  await host.stop(1_000);
  await server.close();
});

it('ends an engine that hangs, says so, and starts it with the last good configuration', async () => {
  hang.postMessage(3_600_000);
  await until('it runs again', () => restarts === 1);
  expect(crashes).toEqual(['it hung: no sign of life for 2s']);
  expect(host.status).toEqual({ state: 'running', restarts: 1, lastError: crashes[0] });
  expect(await get(url)).toEqual({ status: 200, body: 'a' });
});

it('leaves an engine alone that was only busy for a while', async () => {
  hang.postMessage(600);
  // Sent while it is busy, answered when it is not.
  expect(await get(url)).toEqual({ status: 200, body: 'a' });
  await host.call('status.get', {});
  expect(crashes).toEqual([]);
  expect(host.status).toEqual({ state: 'running', restarts: 0, lastError: null });
});
