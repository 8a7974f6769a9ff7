import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@shared/contract/client.ts';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOwner, readOnlyGrant } from '../../../main/control/owner.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { isAlive } from '../../support/is-alive.ts';
import { type NamedServer, startNamedServer } from '../../support/named-server.ts';
import { builtWorker, countAnswers, get, type OwnerKit, startOwner } from '../../support/owner-kit.ts';
import { until } from '../../support/until.ts';

const open: { stop(): Promise<void> }[] = [];
let servers: NamedServer[];
let port: number;
beforeEach(async () => {
  servers = await Promise.all(['a', 'b', 'c'].map(startNamedServer));
  [port] = (await freePorts(1)) as [number];
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()));
  await Promise.all(servers.map((server) => server.close()));
});

const url = (): string => `http://127.0.0.1:${port}/`;
const workspace = (bind = `127.0.0.1:${port}`): string => `# what we run at home
version: 1
listeners:
  - { name: web, bind: "${bind}", pool: api }
pools:
  - name: api
    strategy: weighted-round-robin # spread evenly
    healthCheck: { type: tcp, interval: 200ms }
    servers:
${servers.map(({ name, address }) => `      - { name: ${name}, address: "${address}" } # ${name} of three`).join('\n')}
`;

async function start(text = workspace()): Promise<OwnerKit> {
  const kit = await startOwner(text);
  open.push(kit);
  return kit;
}

describe('starting', () => {
  it('accepts traffic once started, shared out evenly', async () => {
    const { listeners } = await start();
    expect(listeners).toMatchObject([{ name: 'web', url: `http://127.0.0.1:${port}` }]);
    expect(await countAnswers(url(), 300)).toEqual({ a: 100, b: 100, c: 100 });
  });

  it('refuses a file with problems, with line and column, and leaves nothing running', async () => {
    const text = workspace().replace('strategy:', 'stratgey:');
    await expect(startOwner(text)).rejects.toMatchObject({
      code: 'invalid-config',
      problems: [
        expect.objectContaining({ line: 7, column: 5, message: expect.stringContaining('strategy') }),
      ],
    });
    await expect(get(url())).rejects.toThrow();
  });

  it('names the process that holds the port', async () => {
    const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    try {
      await expect(startOwner(workspace())).rejects.toThrow(
        new RegExp(
          `^port ${port} on 127\\.0\\.0\\.1 is held by ".*" \\(pid ${child.pid}\\); stop it, or write another port for listener web$`,
        ),
      );
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('refuses a file that is not there', async () => {
    await expect(startOwner(workspace(), { path: '/nowhere/ballast.yaml' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('editing', () => {
  it('changes what runs and the file together, comments kept', async () => {
    const { client, path, state, events } = await start();
    const { revision } = await client.call('server.set-weight', { pool: 'api', server: 'a', weight: 5 });
    expect(revision).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe(
      workspace().replace(
        `address: "${servers[0]!.address}" }`,
        `address: "${servers[0]!.address}", weight: 5 }`,
      ),
    );
    await until('snapshot', () => state('config').current?.revision === 2);
    expect(state('config').current).toMatchObject({ canUndo: true, canRedo: false });
    expect(state('config').current?.config.pools[0]?.servers[0]?.weight).toBe(5);
    expect(await countAnswers(url(), 70)).toEqual({ a: 50, b: 10, c: 10 });
    expect(
      events.some(({ kind, text }) => kind === 'config-applied' && text.includes('api/a set to 5')),
    ).toBe(true);
  });

  it('moves a server to another pool, and the next requests follow', async () => {
    const { client } = await start();
    await client.call('pool.add', { name: 'other', first: { pool: 'api', server: 'c' } });
    await client.call('listener.set-pool', { listener: 'web', pool: 'other' });
    expect(await countAnswers(url(), 5)).toEqual({ c: 5 });
    await client.call('server.move', { pool: 'api', server: 'a', toPool: 'other' });
    expect(await countAnswers(url(), 10)).toEqual({ a: 5, c: 5 });
  });

  it('refuses a change made on an old revision', async () => {
    const { client, path } = await start();
    await client.call('server.set-weight', { pool: 'api', server: 'a', weight: 5, expectedRevision: 1 });
    const before = readFileSync(path, 'utf8');
    await expect(
      client.call('server.set-weight', { pool: 'api', server: 'a', weight: 9, expectedRevision: 1 }),
    ).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('lets only one of two changes on the same revision through', async () => {
    const { client } = await start();
    const results = await Promise.allSettled(
      [5, 9].map((weight) =>
        client.call('server.set-weight', { pool: 'api', server: 'a', weight, expectedRevision: 1 }),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('undoes and redoes to the letter', async () => {
    const { client, path } = await start();
    const text = () => readFileSync(path, 'utf8');
    const first = text();
    await client.call('server.remove', { pool: 'api', server: 'b' });
    const second = text();
    expect(await countAnswers(url(), 10)).toEqual({ a: 5, c: 5 });
    await client.call('config.undo', {});
    expect(text()).toBe(first);
    expect(await countAnswers(url(), 9)).toEqual({ a: 3, b: 3, c: 3 });
    await client.call('config.redo', {});
    expect(text()).toBe(second);
    await expect(client.call('config.redo', {})).rejects.toMatchObject({ code: 'conflict' });
  });

  it('changes nothing when the file cannot be written', async () => {
    const { client, path, state } = await start();
    // Somebody else has just written it: the change was made on something that is no longer there.
    writeFileSync(path, `${workspace()}# by somebody else\n`);
    await expect(
      client.call('server.set-weight', { pool: 'api', server: 'a', weight: 100 }),
    ).rejects.toMatchObject({ code: 'conflict' });
    expect(readFileSync(path, 'utf8')).toContain('# by somebody else');
    await until('the other change is taken over', () => (state('config').current?.revision ?? 0) > 1);
    expect(await countAnswers(url(), 9)).toEqual({ a: 3, b: 3, c: 3 });
  });

  it('lets a read-only caller look and not touch', async () => {
    const { owner } = await start();
    const [mine, theirs] = memoryChannel();
    owner.serve(theirs, readOnlyGrant);
    const client = await connect(mine);
    expect((await client.call('status.get', {})).servers).toHaveLength(3);
    await expect(client.call('pool.remove', { pool: 'api' })).rejects.toMatchObject({ code: 'not-allowed' });
    await expect(client.call('engine.stop', { graceMs: 0 })).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('keeps the engine for itself', async () => {
    const { client } = await start();
    await expect(client.call('engine.stop', { graceMs: 0 })).rejects.toMatchObject({ code: 'not-allowed' });
  });
});

describe('the file changed by an editor', () => {
  it('is followed', async () => {
    const { path, state, events, client } = await start();
    await client.call('server.set-weight', { pool: 'api', server: 'a', weight: 2 });
    writeFileSync(path, workspace().replace('weighted-round-robin', 'round-robin'));
    await until('applied', () => state('config').current?.config.pools[0]?.strategy.kind === 'round-robin');
    expect(state('config').current).toMatchObject({ canUndo: false });
    expect(events.at(-1)).toMatchObject({ kind: 'config-applied' });
  });

  it('runs on as it was while the file is broken, says where, and goes on when it is mended', async () => {
    const { path, state, events, client } = await start();
    writeFileSync(path, workspace().replace('strategy:', 'stratgey:'));
    await until('problems', () => (state('system').workspace?.problems.length ?? 0) > 0);
    expect(state('system').workspace?.problems[0]).toMatchObject({ line: 7, column: 5 });
    expect(events.some(({ kind }) => kind === 'config-refused')).toBe(true);
    expect(await countAnswers(url(), 9)).toEqual({ a: 3, b: 3, c: 3 });
    await expect(
      client.call('server.set-weight', { pool: 'api', server: 'a', weight: 2 }),
    ).rejects.toMatchObject({ code: 'invalid-config' });
    writeFileSync(path, workspace().replace('weighted-round-robin', 'round-robin'));
    await until('mended', () => state('system').workspace?.problems.length === 0);
    expect(state('config').current?.config.pools[0]?.strategy.kind).toBe('round-robin');
  });

  it('is refused when its port is taken, by whom, while the earlier one keeps running', async () => {
    const holder = createServer();
    const taken = await new Promise<number>((resolve) =>
      holder.listen(0, '127.0.0.1', () => resolve((holder.address() as { port: number }).port)),
    );
    try {
      const { path, state } = await start();
      writeFileSync(path, workspace(`127.0.0.1:${taken}`));
      await until('refused', () => (state('system').workspace?.problems.length ?? 0) > 0);
      expect(state('system').workspace?.problems[0]?.message).toContain(
        `port ${taken} on 127.0.0.1 is held by`,
      );
      expect(await countAnswers(url(), 3)).toEqual({ a: 1, b: 1, c: 1 });
    } finally {
      holder.close();
    }
  });
});

describe('processes', () => {
  const child = (name: string): string =>
    `const s=require('node:http').createServer((q,r)=>r.end('${name}')).listen(process.env.PORT??0,'127.0.0.1',()=>console.log(s.address().port))`;

  it('ends a process that somebody else started, found by its address', async () => {
    const process_ = spawn(process.execPath, ['-e', child('x')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const foreign = await new Promise<string>((resolve) =>
      process_.stdout.once('data', (data) => resolve(String(data).trim())),
    );
    const ended = new Promise((resolve) => process_.once('exit', (_, signal) => resolve(signal)));
    const { client, events } = await start();
    await client.call('server.add', { pool: 'api', address: `127.0.0.1:${foreign}`, name: 'x' });
    expect(await client.call('server.kill', { pool: 'api', server: 'x' })).toEqual({
      pid: process_.pid,
      signal: 'SIGKILL',
    });
    expect(await ended).toBe('SIGKILL');
    expect(events.some(({ kind, server }) => kind === 'replica-exited' && server === 'api/x')).toBe(true);
    await until('gone', () =>
      client.call('server.kill', { pool: 'api', server: 'x' }).then(
        () => false,
        (error) => error.code === 'not-found',
      ),
    );
    await expect(client.call('server.start', { pool: 'api', server: 'x' })).rejects.toMatchObject({
      code: 'unsupported',
    });
  });

  it('never ends itself', async () => {
    const { client } = await start();
    await expect(client.call('server.kill', { pool: 'api', server: 'a' })).rejects.toMatchObject({
      code: 'unsupported', // a, b and c listen in this very process
    });
    await expect(client.call('server.kill', { pool: 'api', server: 'z' })).rejects.toThrow(/a, b, c/);
  });

  it('starts replicas before it lets traffic in, ends one and starts it again', async () => {
    const ports = await freePorts(2);
    const kit = await start(`
listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
pools:
  - name: api
    healthCheck: { type: tcp, interval: 200ms }
    servers: [{ name: one, address: "127.0.0.1:${ports[0]}" }, { name: two, address: "127.0.0.1:${ports[1]}" }]
replicas:
  - name: api
    pool: api
    command: ${JSON.stringify(`"${process.execPath}" -e "${child('r').replaceAll("'", '`')}"`)}
`);
    const { client, state, events } = kit;
    await until('replicas', () => Object.keys(state('replicas')).length === 2);
    expect(await countAnswers(url(), 4)).toEqual({ r: 4 });
    const { pid } = await client.call('server.kill', { pool: 'api', server: 'one' });
    await until('exit', () =>
      Object.values(state('replicas')).some((replica) => replica?.state === 'exited'),
    );
    expect(await countAnswers(url(), 10)).toEqual({ r: 10 });
    const replica = await client.call('server.start', { pool: 'api', server: 'one' });
    expect(replica).toMatchObject({ state: 'running', address: `127.0.0.1:${ports[0]}` });
    expect(replica.pid).not.toBe(pid);
    await until('told', () => events.filter(({ kind }) => kind === 'replica-started').length >= 3);
    const exited = events.find(({ kind }) => kind === 'replica-exited');
    expect(exited).toMatchObject({ server: 'api/one', tone: 'bad' });
    const pids = Object.values(state('replicas')).map((each) => each?.pid);
    await kit.stop();
    for (const each of pids) expect(isAlive(each!)).toBe(false);
  });
});

describe('stopping', () => {
  it('finishes running requests, then takes no more', async () => {
    const kit = await start();
    const slow = get(`${url()}?ms=700`);
    await until('it runs', () => servers.some(({ seen }) => seen.includes('/?ms=700')));
    await kit.stop();
    expect((await slow).status).toBe(200);
    await expect(get(url())).rejects.toThrow();
  });

  it('can be asked twice', async () => {
    const kit = await start();
    await Promise.all([kit.owner.stop(100), kit.owner.stop(100)]);
  });
});

it('stops while it still starts, and leaves no process behind', async () => {
  const [replicaPort] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-owner-test-'));
  const path = join(folder, 'ballast.yaml');
  const pidFile = join(folder, 'pid');
  // It never listens, so that the start waits for it.
  const script = `require('node:fs').writeFileSync('${pidFile}', String(process.pid)); setInterval(() => {}, 1000)`;
  writeFileSync(
    path,
    `
listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
pools: [{ name: api, servers: [{ address: "127.0.0.1:${replicaPort}" }] }]
replicas: [{ name: api, pool: api, command: ${JSON.stringify(`"${process.execPath}" -e "${script}"`)} }]
`,
  );
  const owner = createOwner({
    path,
    demo: true,
    generate: false,
    workerPath: builtWorker,
    version: '0.0.1',
    log: () => {},
  });
  const started = owner.start().then(
    () => 'started',
    () => 'refused',
  );
  await until('the replica', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
  await owner.stop(1_000);
  expect(await started).toBe('refused');
  expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  rmSync(folder, { recursive: true });
});
