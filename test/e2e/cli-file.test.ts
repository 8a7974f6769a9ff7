import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { type CliKit, createCliKit } from '../support/cli-kit.ts';
import { type NamedServer, startNamedServer } from '../support/named-server.ts';
import { countAnswers } from '../support/owner-kit.ts';
import { until } from '../support/until.ts';

let cli: CliKit;
let servers: NamedServer[];
let port: number;
const children: ChildProcess[] = [];
beforeEach(async () => {
  cli = createCliKit();
  servers = await Promise.all(['a', 'b'].map(startNamedServer));
  [port] = (await freePorts(1)) as [number];
});
afterEach(async () => {
  await cli.dispose();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await Promise.all(servers.map((server) => server.close()));
});

const good = (): string => `version: 1
listeners:
  - { name: web, bind: 127.0.0.1:${port}, pool: api }
pools:
  - name: api
    strategy: weighted-round-robin
    affinity: { type: client-ip, ttl: 5m }
    servers:
      - { name: a, address: "${servers[0]!.address}", weight: 2 } # the big one
      - { name: b, address: "${servers[1]!.address}" }
`;
const write = (text: string, name = 'ballast.yaml'): string => {
  writeFileSync(join(cli.folder, name), text);
  return name;
};

/** What is wrong with the file, and where it should be said. */
const bad: [string, (text: string) => string, string, RegExp][] = [
  ['an unknown key', (text) => text.replace('strategy:', 'stratgey:'), '6:5', /strategy/],
  ['YAML that is none', (text) => text.replace('pools:', 'pools: ['), '', /./],
  ['a duplicate name', (text) => text.replace('name: b', 'name: a'), '10:17', /another name/],
  [
    'an address that is none',
    (text) => text.replace(servers[1]!.address, 'nowhere'),
    '10:29',
    /127\.0\.0\.1:3001/,
  ],
  [
    'a pool without servers',
    (text) => `${text.split('    servers:')[0]}    servers: []\n`,
    '8:14',
    /address: 127\.0\.0\.1:3001/,
  ],
  ['a listener that points at no pool', (text) => text.replace('pool: api }', 'pool: apj }'), '3:47', /api/],
];

describe('a file with problems', () => {
  it.each(bad)(
    '%s: check and up say where, what to write, and end with 2',
    async (_, breakIt, place, message) => {
      const file = write(breakIt(good()));
      for (const command of ['check', 'up']) {
        const told = await cli.run(command, file);
        expect(told.code, command).toBe(2);
        const said = told.stdout + told.stderr;
        expect(said, command).toContain(`ballast.yaml:${place}`);
        expect(said, command).toMatch(message);
        expect(said, command).toMatch(/\n {2}\d+ \| .*\n +\^/);
        const asJson = await cli.run(command, file, '--json');
        expect(asJson.code).toBe(2);
        const [problem] = asJson.objects;
        if (place) expect(`${problem.line}:${problem.column}`).toBe(place);
        expect(problem).toMatchObject({ message: expect.any(String), excerpt: expect.any(String) });
      }
    },
  );

  it('that is missing, or no text, ends with 2 as well', async () => {
    expect(await cli.run('up')).toMatchObject({ code: 2, stderr: expect.stringContaining('ballast demo') });
    expect(await cli.run('check', 'nowhere.yaml')).toMatchObject({ code: 2 });
    writeFileSync(join(cli.folder, 'bytes.yaml'), Buffer.from([0xc3, 0x28, 0xff]));
    expect(await cli.run('check', 'bytes.yaml')).toMatchObject({ code: 2 });
  });

  it('is not exported', async () => {
    const told = await cli.run('export', 'nginx', write(bad[0]![1](good())));
    expect(told).toMatchObject({ code: 2, stdout: '' });
    expect(told.stderr).toContain('ballast.yaml:6:5');
  });
});

describe('ballast check', () => {
  it('is content with a good file', async () => {
    write(good().replace('client-ip', 'cookie'));
    expect(await cli.run('check', '--strict')).toMatchObject({
      code: 0,
      stdout: 'ballast.yaml is good: 1 listener, 1 pool, 2 servers\n',
      stderr: '',
    });
    expect(await cli.run('check', '--json')).toMatchObject({ code: 0, stdout: '' });
  });

  it('names settings that have no effect, and fails at them when it is told to be strict', async () => {
    write(good());
    const told = await cli.run('check');
    expect(told).toMatchObject({ code: 0, stderr: '' });
    expect(told.stdout).toContain('ballast.yaml:7:15  note: affinity binds everybody to one server');
    expect((await cli.run('check', '--strict')).code).toBe(1);
    expect(JSON.parse((await cli.run('check', '--json')).stdout)).toMatchObject({
      event: 'note',
      line: 7,
      rule: 'address-affinity-on-loopback',
    });
  });
});

describe('ballast export nginx', () => {
  it('writes the configuration, and what it loses beside it', async () => {
    write(good());
    const printed = await cli.run('export', 'nginx');
    expect(printed.code).toBe(0);
    expect(printed.stdout).toContain(`server ${servers[0]!.address} weight=2`);
    const saved = await cli.run('export', 'nginx', 'ballast.yaml', '-o', 'nginx.conf', '--json');
    expect(saved.objects[0]).toMatchObject({ text: printed.stdout, notes: expect.any(Array) });
    expect(readFileSync(join(cli.folder, 'nginx.conf'), 'utf8')).toBe(printed.stdout);
  });

  it('refuses what it does not know', async () => {
    write(good());
    expect((await cli.run('export', 'apache')).code).toBe(2);
    expect((await cli.run('export', 'nginx', 'ballast.yaml', '--target-version', 'new')).code).toBe(2);
  });
});

describe('ballast up', () => {
  it('serves what the file says, and lists the sessions it keeps', async () => {
    write(good().replace(/ {4}affinity.*\n/, ''));
    const { ready } = await cli.start('up', '--control-port', '0');
    expect(ready.listeners).toEqual([{ name: 'web', url: `http://127.0.0.1:${port}` }]);
    expect(await countAnswers(`${ready.listeners[0]!.url}/`, 30)).toEqual({ a: 20, b: 10 });
    write(good());
    await until('affinity', async () => {
      await countAnswers(`${ready.listeners[0]!.url}/`, 1);
      return (await cli.run('sessions', '--json')).objects.length === 1;
    });
    expect((await cli.run('sessions', '--search', 'zzz')).stdout).toMatch(/^no session matches "zzz"/);
    const [session] = (await cli.run('sessions', '--json')).objects;
    expect(session).toMatchObject({ pool: 'api', type: 'client-ip', client: '127.0.0.1' });
    expect((await cli.run('sessions')).stdout).toContain(session.server);

    const place = `api/${session.id}`;
    const [, home] = String(session.server).split('/') as [string, string];
    const other = home === 'a' ? 'b' : 'a';
    expect(await cli.run('session', 'move', place, other)).toMatchObject({
      code: 0,
      stdout: `${place}: api/${home} -> api/${other}\n`,
    });
    expect((await cli.run('session', 'pin', place)).stdout).toBe(
      `${place} is pinned to api/${other}: it neither expires nor moves\n`,
    );
    expect((await cli.run('sessions')).stdout).toMatch(
      new RegExp(`api/${other} \\(pinned\\).*never.*from api/${home}: it was moved by hand`),
    );
    expect((await cli.run('session', 'unpin', place, '--json')).objects[0]).toMatchObject({
      pinned: false,
      before: true,
    });
    expect((await cli.run('session', 'end-all', `api/${home}`)).stdout).toBe(
      `0 sessions of api/${home} ended\n`,
    );
    expect((await cli.run('session', 'end', place)).stdout).toContain('has ended');
    expect((await cli.run('sessions', '--pool', 'api')).stdout).toBe(
      'no client is bound just now in pool api\n',
    );
    expect((await cli.run('session', 'end', place)).stderr).toContain(`no session "${session.id}"`);
    expect((await cli.run('session', 'end', 'api')).code).toBe(2);
  });

  it('names the process that holds its port, and where that port stands', async () => {
    write(good());
    const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await new Promise((resolve) => child.stdout!.once('data', resolve));
    const told = await cli.run('up', '--no-open', '--control-port', '0');
    expect(told.code).toBe(2);
    expect(told.stderr).toContain('ballast.yaml:3:24  ');
    expect(told.stderr).toMatch(
      new RegExp(
        `port ${port} on 127\\.0\\.0\\.1 is held by ".*" \\(pid ${child.pid}\\); stop it, or write another port for listener web`,
      ),
    );
  });

  it('refuses a control port that is taken, and names who has it', async () => {
    write(good());
    const told = await cli.run('up', '--no-open', '--control-port', String(servers[0]!.port));
    expect(told.code).toBe(2);
    expect(told.stderr).toContain(`(pid ${process.pid})`);
  });

  it('keeps the last good configuration while the file is broken, and says so', async () => {
    write(good().replace(/ {4}affinity.*\n/, ''));
    const running = await cli.start('up', '--control-port', '0');
    const url = `${running.ready.listeners[0]!.url}/`;
    write(bad[0]![1](good()));
    await until('refused', () => running.stdout().includes('config-refused'));
    expect(await countAnswers(url, 30)).toEqual({ a: 20, b: 10 });
    const status = (await cli.run('status', '--json')).objects[0];
    expect(status.workspace.problems[0]).toMatchObject({ line: 6, column: 5 });
    const refused = await cli.run('server', 'weight', 'api/a', '5');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('6');
    write(
      good()
        .replace(/ {4}affinity.*\n/, '')
        .replace('weight: 2', 'weight: 4'),
    );
    await until('applied', async () => {
      const now = (await cli.run('status', '--json')).objects[0];
      return now.workspace.problems.length === 0;
    });
    expect(await countAnswers(url, 30)).toEqual({ a: 24, b: 6 });
  });

  it('writes a weight into the file and leaves the rest of it alone', async () => {
    write(good());
    await cli.start('up', '--control-port', '0');
    expect((await cli.run('server', 'weight', 'api/a', '7')).code).toBe(0);
    expect(readFileSync(join(cli.folder, 'ballast.yaml'), 'utf8')).toBe(
      good().replace('weight: 2', 'weight: 7'),
    );
  });
});

describe('wrong usage', () => {
  it.each([
    [['nope']],
    [['up', '--control-port', '70000']],
    [['server']],
    [['requests', '--limit', '0']],
    [['check', 'a', 'b']],
    [[]],
  ])('%j ends with 2 and says what to write', async (args) => {
    const told = await cli.run(...args);
    expect(told.code).toBe(2);
    expect(told.stderr).not.toBe('');
    const forProgram = await cli.run(...args, '--json');
    expect(forProgram).toMatchObject({ code: 2, stderr: '' });
    expect(forProgram.objects).toEqual([{ event: 'error', message: expect.stringMatching(/\w/) }]);
  });

  it.each([[['--help']], [['--version']], [['up', '--help']]])('%j ends with 0', async (args) => {
    expect(await cli.run(...args)).toMatchObject({ code: 0, stderr: '' });
  });
});
