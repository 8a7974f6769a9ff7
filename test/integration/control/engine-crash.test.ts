import { readFileSync, writeFileSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import type { EngineStatus } from '@shared/contract/system-values.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { type NamedServer, startNamedServer } from '../../support/named-server.ts';
import { countAnswers, crashingWorker, get, type OwnerKit, startOwner } from '../../support/owner-kit.ts';
import { until } from '../../support/until.ts';

let servers: NamedServer[];
let kit: OwnerKit;
let url: string;
const crash = new BroadcastChannel('crash the engine');
crash.unref();

beforeEach(async () => {
  servers = await Promise.all(['a', 'b'].map(startNamedServer));
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}/`;
  kit = await startOwner(
    `
listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
pools:
  - name: api
    servers: [${servers.map(({ name, address }) => `{ name: ${name}, address: "${address}" }`).join(', ')}]
`,
    { workerPath: crashingWorker },
  );
});
afterEach(async () => {
  await kit.stop();
  await Promise.all(servers.map((server) => server.close()));
});

const engine = (): EngineStatus | undefined => kit.state('system').engine;

it('starts again with the last good configuration and tells it', async () => {
  await kit.client.call('server.remove', { pool: 'api', server: 'b' });
  await kit.client.call('server.set-weight', { pool: 'api', server: 'a', weight: 7 });
  crash.postMessage('out of luck');
  await until('it runs again', () => engine()?.state === 'running' && engine()?.restarts === 1);
  expect(engine()?.lastError).toContain('out of luck');
  expect(await countAnswers(url, 4)).toEqual({ a: 4 });
  const told = kit.events.map(({ kind }) => kind);
  expect(told.indexOf('engine-crashed')).toBeGreaterThan(-1);
  expect(told.indexOf('engine-restarted')).toBeGreaterThan(told.indexOf('engine-crashed'));
  expect(kit.events.find(({ kind }) => kind === 'engine-crashed')?.text).toContain('out of luck');
  // The interface goes on with the subscriptions it had.
  await until('servers', () => Object.keys(kit.state('servers')).join() === 'api/a');
  await kit.client.call('server.set-weight', { pool: 'api', server: 'a', weight: 8 });
});

it('keeps what the operator wanted of a server', async () => {
  await kit.client.call('server.set-admin-state', { pool: 'api', server: 'b', adminState: 'maintenance' });
  crash.postMessage('once');
  await until('restarted', () => kit.events.some(({ kind }) => kind === 'engine-restarted'));
  await until('still out', async () => {
    const { servers: now } = await kit.client.call('status.get', {});
    return now.some(({ id, adminState }) => id === 'api/b' && adminState === 'maintenance');
  });
});

it('refuses what needs the engine while that is away', async () => {
  let refused: { code?: string; message?: string } | undefined;
  crash.postMessage('now');
  await until('refused', async () => {
    refused = await kit.client.call('status.get', {}).then(
      () => undefined,
      (error) => error,
    );
    return refused !== undefined;
  });
  expect(refused?.code).toBe('unavailable');
});

it('gives up after crashing again and again, says so, and comes back with a new configuration', async () => {
  await kit.client.call('server.set-admin-state', { pool: 'api', server: 'b', adminState: 'maintenance' });
  // Each new engine is told to crash as soon as it runs.
  for (let crashes = 1; crashes <= 5; crashes++) {
    await until(
      `engine ${crashes}`,
      () => engine()?.state === 'running' && engine()?.restarts === crashes - 1,
    );
    crash.postMessage(`crash ${crashes}`);
    await until('seen', () => kit.events.filter(({ kind }) => kind === 'engine-crashed').length === crashes);
  }
  await until('given up', () => engine()?.state === 'stopped');
  expect(engine()?.lastError).toContain('given up');
  await expect(get(url)).rejects.toThrow();
  const restartsBefore = kit.events.filter(({ kind }) => kind === 'engine-restarted').length;
  await kit.client.call('server.set-weight', { pool: 'api', server: 'a', weight: 3 });
  expect(engine()?.state).toBe('running');
  // The way back is that of every restart: told, and what the operator wanted of servers is there.
  await until('told', () =>
    kit.events
      .filter(({ kind }) => kind === 'engine-restarted')
      .slice(restartsBefore)
      .some(({ text }) => text.includes('with a changed configuration')),
  );
  await until('still out', async () => {
    const { servers: now } = await kit.client.call('status.get', {});
    return now.some(({ id, adminState }) => id === 'api/b' && adminState === 'maintenance');
  });
  expect((await get(url)).status).toBe(200);
});

it('applies a file that is saved while the engine is away, once it is back', async () => {
  crash.postMessage('now');
  await until('away', () => engine()?.state === 'restarting');
  const text = readFileSync(kit.path, 'utf8');
  writeFileSync(kit.path, text.replace('name: a,', 'name: a, weight: 9,'));
  await until('applied', () => {
    const { current } = kit.state('config');
    return engine()?.state === 'running' && current?.config.pools[0]?.servers[0]?.weight === 9;
  });
  expect(kit.events.some(({ kind }) => kind === 'config-refused')).toBe(false);
});
