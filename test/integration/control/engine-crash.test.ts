import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { BroadcastChannel } from 'node:worker_threads';
import type { EngineStatus } from '@shared/contract/system-values.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
  crash.onmessage = () => {};
  await kit.stop();
  await Promise.all(servers.map((server) => server.close()));
});

const engine = (): EngineStatus | undefined => kit.state('system').engine;

async function giveUp(): Promise<void> {
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
}

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
  await giveUp();
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

const refusals = (): string[] =>
  kit.events.filter(({ kind }) => kind === 'config-refused').map(({ text }) => text);

it('stays away with a file that cannot run, whatever is wrong with it, and comes with the next that can', async () => {
  await giveUp();
  const { lastError } = engine()!;
  const good = readFileSync(kit.path, 'utf8');
  const other = createServer().listen(0, '127.0.0.1');
  await until('another has the port', () => other.listening);
  const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  try {
    // What the new engine refuses.
    writeFileSync(kit.path, good.replace(/bind: "[^"]+"/, `bind: "${taken}"`));
    await until('refused', () => refusals().length === 1);
    await until('away again', () => engine()?.state === 'stopped');
    expect(engine()?.lastError).toBe(lastError);
    // What no engine ever sees.
    writeFileSync(kit.path, `${good}\nlisteners: [`);
    await until('refused', () => refusals().length === 2);
    expect(engine()).toMatchObject({ state: 'stopped', lastError });
    for (const text of refusals()) expect(text).toContain('cannot run; the engine stays away.');
    await expect(get(url)).rejects.toThrow();
  } finally {
    other.close();
  }
  writeFileSync(kit.path, good.replace('name: a,', 'name: a, weight: 9,'));
  await until('it runs', () => engine()?.state === 'running');
  await until('it answers', () =>
    get(url).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  await until(
    'the file is what runs',
    () => kit.state('config').current?.config.pools[0]?.servers[0]?.weight === 9,
  );
});

describe('an engine that crashes in the middle of a change', () => {
  it('gets it once more, and has it then', async () => {
    const armed = new Promise((resolve) => {
      crash.onmessage = resolve;
    });
    crash.postMessage('at the next apply');
    await armed;
    await kit.client.call('server.set-weight', { pool: 'api', server: 'a', weight: 5 });
    expect(engine()).toMatchObject({ state: 'running', restarts: 1 });
    expect(engine()?.lastError).toContain('in the middle of it');
    expect(readFileSync(kit.path, 'utf8')).toContain('weight: 5');
    expect((await get(url)).status).toBe(200);
  });

  it('goes back to what ran before where it crashes again, and the file stays as it was', async () => {
    const before = readFileSync(kit.path, 'utf8');
    const [port] = await freePorts(1);
    const change = { pool: 'api', name: 'crash-me', address: `127.0.0.1:${port}` };
    await expect(kit.client.call('server.add', change)).rejects.toMatchObject({ code: 'unavailable' });
    await until('it runs again', () => engine()?.state === 'running' && engine()?.restarts === 2);
    expect(readFileSync(kit.path, 'utf8')).toBe(before);
    expect(await countAnswers(url, 4)).toEqual({ a: 2, b: 2 });
    await until('servers', () => Object.keys(kit.state('servers')).join() === 'api/a,api/b');
  });
});
