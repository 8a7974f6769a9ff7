import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import type { ReplicaPlan } from '../../../main/replicas/plan.ts';
import { acceptsConnection } from '../../../main/replicas/probe-port.ts';
import { createSupervisor, type Supervisor } from '../../../main/replicas/supervisor.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { isAlive } from '../../support/is-alive.ts';
import { until } from '../../support/until.ts';

const service = join(import.meta.dirname, '../../../resources/demo-service/server.mjs');

let supervisor: Supervisor;
let folder: string;
let seen: ReplicaStatus[];

beforeEach(() => {
  supervisor = createSupervisor({ clock: systemClock, log: () => {} });
  seen = [];
  supervisor.onChange((status) => seen.push(status));
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ballast-replicas-')));
});
afterEach(async () => {
  await supervisor.stop(2_000);
  rmSync(folder, { recursive: true, force: true });
});

function planOf(
  port: number,
  args: readonly string[] = [service],
  rest: Partial<ReplicaPlan> = {},
): ReplicaPlan {
  return {
    group: 'api',
    id: `api-${port}`,
    address: `127.0.0.1:${port}`,
    command: { file: process.execPath, args },
    env: { PORT: String(port), BALLAST_REPLICA: `api-${port}` },
    cwd: folder,
    ...rest,
  };
}

/** A program given as text. */
function script(text: string): string[] {
  const file = join(folder, `script-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, text);
  return [file];
}

async function running(address: string): Promise<ReplicaStatus & { pid: number }> {
  await until('it runs', () => supervisor.find(address)?.state === 'running');
  return supervisor.find(address) as ReplicaStatus & { pid: number };
}

describe('a supervisor', () => {
  it('starts what is planned and says when it runs', async () => {
    const ports = await freePorts(2);
    supervisor.apply(ports.map((port) => planOf(port)));
    for (const port of ports) {
      const status = await running(`127.0.0.1:${port}`);
      expect(status).toMatchObject({ id: `api-${port}`, group: 'api', exit: null });
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect(await answer.json()).toMatchObject({ server: `api-${port}`, pid: status.pid });
    }
    expect(seen.map(({ state }) => state)).toEqual(expect.arrayContaining(['starting', 'running']));
  });

  it('leaves running ones alone, starts new ones and stops removed ones', async () => {
    const [a, b, c] = (await freePorts(3)) as [number, number, number];
    supervisor.apply([planOf(a), planOf(b)]);
    const first = await running(`127.0.0.1:${a}`);
    const second = await running(`127.0.0.1:${b}`);
    supervisor.apply([planOf(b), planOf(c)]);
    await running(`127.0.0.1:${c}`);
    expect(supervisor.find(`127.0.0.1:${b}`)?.pid).toBe(second.pid);
    await until('the process is gone', () => !isAlive(first.pid));
    expect(supervisor.statuses().map(({ address }) => address)).toEqual([`127.0.0.1:${b}`, `127.0.0.1:${c}`]);
    await until('it is seen', () => seen.some(({ id, exit }) => id === first.id && exit?.asked === true));
  });

  it('kills with SIGKILL, does not restart by itself, and starts again on the same port', async () => {
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    supervisor.apply([planOf(port)]);
    const before = await running(address);
    expect(await supervisor.kill(address)).toEqual({ pid: before.pid });
    expect(isAlive(before.pid)).toBe(false);
    expect(supervisor.find(address)).toMatchObject({
      state: 'exited',
      pid: null,
      exit: { code: null, signal: 'SIGKILL', asked: true },
    });
    supervisor.apply([planOf(port)]);
    await expect(supervisor.kill(address)).rejects.toMatchObject({ code: 'conflict' });
    expect(supervisor.find(address)?.state).toBe('exited');
    const after = await supervisor.start(address);
    expect(after).toMatchObject({ state: 'running', exit: null });
    expect(after.pid).not.toBe(before.pid);
    expect(await acceptsConnection(address)).toBe(true);
  });

  it('tells an exit that nobody asked for from one that was, with its last words', async () => {
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    supervisor.apply([
      planOf(port, script("for (let i = 0; i < 100; i++) console.error('line', i); process.exitCode = 7;")),
    ]);
    await until('it exited', () => supervisor.find(address)?.state === 'exited');
    const { exit } = supervisor.find(address)!;
    expect(exit).toMatchObject({ code: 7, signal: null, asked: false });
    expect(exit?.output.split('\n')).toEqual(Array.from({ length: 50 }, (_, index) => `line ${index + 50}`));
  });

  it('notices a kill from outside', async () => {
    const [port] = (await freePorts(1)) as [number];
    supervisor.apply([planOf(port)]);
    const { pid, address } = await running(`127.0.0.1:${port}`);
    process.kill(pid, 'SIGKILL');
    await until('it exited', () => supervisor.find(address)?.state === 'exited');
    expect(supervisor.find(address)?.exit).toMatchObject({ signal: 'SIGKILL', asked: false });
  });

  it('says when there is no such program', async () => {
    const [port] = (await freePorts(1)) as [number];
    supervisor.apply([planOf(port, [], { command: { file: 'no-such-program', args: [] } })]);
    await until('it failed', () => supervisor.find(`127.0.0.1:${port}`)?.state === 'failed');
    expect(supervisor.find(`127.0.0.1:${port}`)?.problem).toMatch(/there is no program "no-such-program"/);
  });

  it.each([
    ['arguments that are too long for the system', { args: ['x'.repeat(4_000_000)] }],
    ['an argument that no system can take', { args: ['a\0b'] }],
  ])('says why a process cannot even be spawned: %s', async (_, command) => {
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    supervisor.apply([planOf(port, [], { command: { file: process.execPath, ...command } })]);
    await until('it failed', () => supervisor.find(address)?.state === 'failed');
    expect(supervisor.find(address)).toMatchObject({ pid: null, exit: null });
    expect(supervisor.find(address)?.problem).toMatch(`it could not be started for ${address}: `);
    await expect(supervisor.kill(address)).rejects.toMatchObject({ code: 'conflict' });
    expect(await supervisor.start(address)).toMatchObject({ state: 'failed' });
    // What is mended runs.
    supervisor.apply([planOf(port)]);
    await running(address);
  });

  it('says when the port is taken by somebody else', async () => {
    const other: Server = createServer().listen(0, '127.0.0.1');
    await until('the other listens', () => other.listening);
    const { port } = other.address() as { port: number };
    supervisor.apply([planOf(port)]);
    await until('it failed', () => supervisor.find(`127.0.0.1:${port}`)?.state === 'failed');
    expect(supervisor.find(`127.0.0.1:${port}`)).toMatchObject({
      pid: null,
      problem: expect.stringMatching(/is taken by another process; stop it/),
    });
    await new Promise((resolve) => other.close(resolve));
    expect(await supervisor.start(`127.0.0.1:${port}`)).toMatchObject({ state: 'running' });
    expect(supervisor.find(`127.0.0.1:${port}`)?.problem).toBeUndefined();
  });

  it('puts quick starts and kills in a row', async () => {
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    supervisor.apply([planOf(port)]);
    await running(address);
    const results = await Promise.allSettled([
      supervisor.kill(address),
      supervisor.start(address),
      supervisor.start(address),
      supervisor.kill(address).catch(() => 'not running'),
      supervisor.start(address),
    ]);
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill('fulfilled'));
    expect(await supervisor.start(address)).toMatchObject({ state: 'running' });
    const answer = await fetch(`http://${address}/`);
    expect(await answer.json()).toMatchObject({ pid: supervisor.find(address)?.pid });
  });

  it('kills one that is still starting', async () => {
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    supervisor.apply([planOf(port, script('setInterval(() => {}, 1000);'))]);
    await until('it is seen', () => supervisor.find(address)?.pid != null);
    const { pid } = await supervisor.kill(address);
    expect(isAlive(pid)).toBe(false);
    expect(supervisor.find(address)).toMatchObject({ state: 'exited', exit: { asked: true } });
  });

  it('restarts a replica whose command changed', async () => {
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    supervisor.apply([planOf(port)]);
    const before = await running(address);
    supervisor.apply([planOf(port, [service], { env: { PORT: String(port), NAME: 'changed' } })]);
    await until(
      'it runs anew',
      () => supervisor.find(address)?.state === 'running' && supervisor.find(address)?.pid !== before.pid,
    );
    expect(await (await fetch(`http://${address}/`)).json()).toMatchObject({ server: 'changed' });
  });

  it.skipIf(process.platform === 'win32')('ends what a wrapper started, too', async () => {
    const [port] = (await freePorts(1)) as [number];
    const wrapper = script(`
      import { spawn } from 'node:child_process';
      spawn(process.execPath, [${JSON.stringify(service)}], { stdio: 'ignore', env: { PORT: process.env.PORT } });
      setInterval(() => {}, 1000);
    `);
    supervisor.apply([planOf(port, wrapper)]);
    const { address } = await running(`127.0.0.1:${port}`);
    await supervisor.kill(address);
    await until('nothing listens any more', async () => !(await acceptsConnection(address)));
  });

  it('stops with SIGKILL those that do not hear SIGTERM', async () => {
    const [port] = (await freePorts(1)) as [number];
    const deaf = script(`
      process.on('SIGTERM', () => {});
      import { createServer } from 'node:net';
      createServer().listen(Number(process.env.PORT), '127.0.0.1');
    `);
    supervisor.apply([planOf(port, deaf)]);
    const { pid } = await running(`127.0.0.1:${port}`);
    await supervisor.stop(100);
    expect(isAlive(pid)).toBe(false);
  });

  it('leaves nothing behind when stopped in the middle of a start', async () => {
    const [port] = (await freePorts(1)) as [number];
    supervisor.apply([planOf(port)]);
    await until('it is seen', () => supervisor.find(`127.0.0.1:${port}`)?.state !== undefined);
    await supervisor.stop(1_000);
    const { pid } = supervisor.find(`127.0.0.1:${port}`)!;
    expect(pid).toBeNull();
    expect(await acceptsConnection(`127.0.0.1:${port}`)).toBe(false);
  });

  it('refuses addresses it started nothing for', async () => {
    await expect(supervisor.kill('127.0.0.1:1')).rejects.toMatchObject({ code: 'not-found' });
    await expect(supervisor.start('127.0.0.1:1')).rejects.toMatchObject({ code: 'not-found' });
  });
});

it('the demo service ends when the process that started it is killed', async () => {
  const [port] = (await freePorts(1)) as [number];
  const parent: ChildProcess = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { spawn } from 'node:child_process';
       spawn(process.execPath, [${JSON.stringify(service)}], { stdio: ['pipe', 'ignore', 'ignore'], detached: true,
         env: { PORT: '${port}', BALLAST_REPLICA: 'x' } });
       setInterval(() => {}, 1000);`,
    ],
    { stdio: 'ignore' },
  );
  await until('it listens', () => acceptsConnection(`127.0.0.1:${port}`));
  parent.kill('SIGKILL');
  await until('nothing listens any more', async () => !(await acceptsConnection(`127.0.0.1:${port}`)));
});
