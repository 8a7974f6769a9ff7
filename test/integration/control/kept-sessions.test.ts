import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { type NamedServer, startNamedServer } from '../../support/named-server.ts';
import { crashingWorker, type OwnerKit, startOwner } from '../../support/owner-kit.ts';
import { until } from '../../support/until.ts';

let servers: NamedServer[];
let folder: string;
let kit: OwnerKit | undefined;
let url: string;
let port: number;

beforeEach(async () => {
  servers = await Promise.all(['a', 'b', 'c'].map(startNamedServer));
  folder = mkdtempSync(join(tmpdir(), 'ballast-kept-'));
  [port] = (await freePorts(1)) as [number];
  url = `http://127.0.0.1:${port}/`;
  write('persistSessions: true');
});
afterEach(async () => {
  await kit?.stop();
  kit = undefined;
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

const path = (): string => join(folder, 'ballast.yaml');
const state = (): string[] =>
  readdirSync(join(folder, 'state')).filter((name) => name.startsWith('sessions-'));

function write(more: string): void {
  writeFileSync(
    path(),
    `
listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
${more}
pools:
  - name: api
    servers: [${servers.map(({ name, address }) => `{ name: ${name}, address: "${address}" }`).join(', ')}]
    affinity: { type: cookie, ttl: 10m }
`,
  );
}

async function start(options: Parameters<typeof startOwner>[1] = {}): Promise<OwnerKit> {
  kit = await startOwner('', { path: path(), stateDir: join(folder, 'state'), ...options });
  return kit;
}

async function restart(): Promise<OwnerKit> {
  await kit?.stop();
  return start();
}

/** A client with a jar of its own. */
function client(): { ask(): Promise<string>; readonly cookie: string } {
  let cookie = '';
  return {
    async ask() {
      const response = await fetch(url, { headers: { ...(cookie && { cookie }), connection: 'close' } });
      cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
      return (await response.text()).trim();
    },
    get cookie() {
      return cookie;
    },
  };
}

it('every client finds its server again after a restart, and its cookie holds', async () => {
  await start();
  const clients = [client(), client(), client(), client()];
  const homes: string[] = [];
  for (const each of clients) homes.push(await each.ask());
  const cookies = clients.map(({ cookie }) => cookie);
  const next = await restart();
  for (const [index, each] of clients.entries()) expect(await each.ask()).toBe(homes[index]);
  expect(clients.map(({ cookie }) => cookie)).toEqual(cookies);
  const { sessions } = await next.client.call('session.list', {});
  expect(sessions.map(({ hits }) => hits)).toEqual([2, 2, 2, 2]);
  await until('it is told', () =>
    next.events.some(({ text }) => text === '4 sessions of pool api go on from the last run'),
  );
});

it('what is kept is of this user alone, and holds no cookie', async () => {
  await start();
  const one = client();
  await one.ask();
  await kit?.stop();
  const [file] = state().map((name) => join(folder, 'state', name));
  expect(statSync(file!).mode & 0o777).toBe(0o600);
  const [, value] = one.cookie.split('=') as [string, string];
  expect(readFileSync(file!, 'utf8')).not.toContain(value.split('.')[0]);
  await start();
});

it('a damaged file costs the sessions, is set aside, and nothing else happens', async () => {
  await start();
  const one = client();
  await one.ask();
  await kit?.stop();
  const [name] = state() as [string];
  writeFileSync(join(folder, 'state', name), '{ "version": 1, ');
  const next = await start();
  await one.ask();
  await until('it is told', () =>
    next.events.some(
      ({ kind, tone, text }) => kind === 'sessions-restored' && tone === 'bad' && text.includes('.damaged'),
    ),
  );
  expect(state().some((each) => each.endsWith('.damaged'))).toBe(true);
});

it('nothing is kept where it is off, or turned off while it runs', async () => {
  await start();
  await client().ask();
  await until('a file', () => state().length === 1);
  write('persistSessions: false');
  await until('none', () => state().length === 0);
  await restart();
  await kit?.stop();
  expect(state()).toEqual([]);
});

it('sessions go on when the engine crashes, as they were when they were last saved', async () => {
  const crash = new BroadcastChannel('crash the engine');
  crash.unref();
  await start();
  const one = client();
  const home = await one.ask();
  await restart(); // writes them
  await kit?.stop();
  await start({ workerPath: crashingWorker });
  await client().ask();
  crash.postMessage('out of luck');
  await until('it runs again', () => kit!.events.some(({ kind }) => kind === 'engine-restarted'));
  expect(await one.ask()).toBe(home);
  expect((await one.ask()) === home && one.cookie !== '').toBe(true);
  // The one that was not saved is gone, and its name, of which events tell, with it.
  await client().ask();
  const { sessions } = await kit!.client.call('session.list', {});
  expect(sessions.map(({ id }) => id).sort()).toEqual(['s1', 's3']);
  crash.close();
});

it('an event tells how many sessions ended with a pool that is called otherwise', async () => {
  await start();
  await client().ask();
  await client().ask();
  const text = readFileSync(path(), 'utf8');
  writeFileSync(path(), text.replace('pool: api', 'pool: shop').replace('name: api', 'name: shop'));
  await until('it is told', () =>
    kit!.events.some(
      ({ kind, text: told }) =>
        kind === 'session-ended' && told === '2 sessions of pool api ended: the pool was removed',
    ),
  );
});

it('sessions go on when the engine was given up and the file is changed', async () => {
  const crash = new BroadcastChannel('crash the engine');
  crash.unref();
  await start();
  const one = client();
  const home = await one.ask();
  await kit?.stop(); // writes them
  const { state: stateOf, events } = await start({ workerPath: crashingWorker });
  for (let crashes = 1; crashes <= 5; crashes++) {
    await until(`engine ${crashes}`, () => {
      const { engine } = stateOf('system');
      return engine?.state === 'running' && engine.restarts === crashes - 1;
    });
    crash.postMessage(`crash ${crashes}`);
    await until('seen', () => events.filter(({ kind }) => kind === 'engine-crashed').length === crashes);
  }
  await until('given up', () => stateOf('system').engine?.state === 'stopped');
  write('persistSessions: true\njournalRequests: 500');
  await until('it runs again', () => stateOf('system').engine?.state === 'running');
  expect(await one.ask()).toBe(home);
  expect((await one.ask()) === home).toBe(true);
  crash.close();
});
