import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { type CliKit, createCliKit, type RunningCli } from '../support/cli-kit.ts';
import { isAlive } from '../support/is-alive.ts';
import { get } from '../support/owner-kit.ts';
import { until } from '../support/until.ts';

let cli: CliKit;
beforeEach(() => {
  cli = createCliKit();
});
afterEach(() => cli.dispose());

const demo = (...args: string[]): Promise<RunningCli> => cli.start('demo', '--control-port', '0', ...args);
const urlOf = ({ ready }: RunningCli): string => `${ready.listeners[0]!.url}/`;
const answerer = async (url: string): Promise<string> => {
  const { body, status } = await get(url);
  if (status !== 200) throw new Error(`${status}: ${body}`);
  return JSON.parse(body).server;
};
async function replicaPids(): Promise<number[]> {
  const { objects } = await cli.run('events', '--json', '--limit', '1000');
  return objects
    .filter(({ kind }) => kind === 'replica-started')
    .map(({ text }) => Number(/\(pid (\d+)\)/.exec(text)?.[1]));
}

describe('ballast demo', () => {
  it('says where it listens, and serves 300 requests 100/100/100', async () => {
    const running = await demo();
    expect(running.ready).toMatchObject({
      event: 'ready',
      control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/),
      listeners: [{ name: 'web', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) }],
    });
    const counts: Record<string, number> = {};
    for (let sent = 0; sent < 300; sent++) {
      const server = await answerer(urlOf(running));
      counts[server] = (counts[server] ?? 0) + 1;
    }
    expect(counts).toEqual({ 'api-1': 100, 'api-2': 100, 'api-3': 100 });
  });

  it('sends gentle traffic by itself', async () => {
    const running = await demo();
    await until('traffic', async () => {
      const { objects } = await cli.run('status', '--json');
      return objects[0].metrics.total.requests > 5 && objects[0].metrics.total.failed === 0;
    });
    expect(running.stderr()).toBe('');
  });

  it('loses no request when a replica is killed, tells it, and takes it back', async () => {
    const running = await demo();
    const url = urlOf(running);
    const [first] = await replicaPids();
    const answers: string[] = [];
    let going = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (going) answers.push(await answerer(url));
    });
    await until('traffic', () => answers.length > 100);
    process.kill(first!, 'SIGKILL');
    const after = answers.length;
    await until('failover', () => answers.length > after + 500);
    await until('told', async () => {
      const { objects } = await cli.run('events', '--json', '--limit', '1000');
      const kinds = objects.map(({ kind }) => kind);
      return ['replica-exited', 'attempt-failed', 'request-retried', 'verdict-changed'].every((kind) =>
        kinds.includes(kind),
      );
    });
    const started = await cli.run('server', 'start', 'api/api-1', '--json');
    expect(started.objects[0]).toMatchObject({ server: 'api/api-1', state: 'running' });
    const back = answers.length;
    await until('it answers again', () => answers.slice(back).includes('api-1'));
    going = false;
    await Promise.all(clients); // a client that met anything but 200 rejects
  });

  it('answers about itself: status, requests, why, events, sessions', async () => {
    const running = await demo();
    await answerer(urlOf(running));
    const status = (await cli.run('status', '--json')).objects[0];
    expect(status.servers.map(({ id }: { id: string }) => id)).toEqual([
      'api/api-1',
      'api/api-2',
      'api/api-3',
    ]);
    expect(status).toMatchObject({ engine: { state: 'running' }, workspace: { demo: true, problems: [] } });
    const requests = await cli.run('requests', '--json', '--limit', '1');
    expect(requests.objects).toHaveLength(1);
    const why = await cli.run('why', requests.objects[0].id, '--json');
    expect(why.objects[0].attemptList[0].decision.sentence).not.toBe('');
    expect((await cli.run('why', requests.objects[0].id)).stdout).toContain('attempt 1');
    expect((await cli.run('why', 'no-such')).code).toBe(2);
    const events = await cli.run('events', '--json');
    expect(events.objects.filter(({ kind }) => kind === 'replica-started')).toHaveLength(3);
    expect((await cli.run('sessions', '--json')).code).toBe(0);
    for (const command of ['status', 'requests', 'sessions', 'events']) {
      const { code, stdout, stderr } = await cli.run(command);
      expect({ code, stderr }, command).toEqual({ code: 0, stderr: '' });
      expect(stdout, command).not.toContain('\u001b');
      expect(stdout.trim(), command).not.toBe('');
    }
  });

  it('acts on servers', async () => {
    const running = await demo();
    expect((await cli.run('server', 'drain', 'api/api-1', '--json')).objects).toEqual([
      { server: 'api/api-1', adminState: 'drain', before: 'ready' },
    ]);
    for (let sent = 0; sent < 10; sent++) expect(await answerer(urlOf(running))).not.toBe('api-1');
    expect((await cli.run('server', 'ready', 'api/api-1')).stdout.trim()).toBe('api/api-1: drain -> ready');
    expect((await cli.run('server', 'maintenance', 'api/api-2', '--json')).code).toBe(0);
    expect((await cli.run('server', 'weight', 'api/api-1', '4', '--json')).objects[0]).toMatchObject({
      server: 'api/api-1',
      weight: 4,
      revision: 2,
      note: 'pool api is balanced by round-robin, which ignores weights above 0',
    });
    expect((await cli.run('server', 'weight', 'api/api-1', '0')).stdout.trim()).toBe(
      'api/api-1: weight 0, written to the file; it takes no new clients; those with a session there stay',
    );
    const killed = (await cli.run('server', 'kill', 'api/api-3', '--json')).objects[0];
    expect(killed).toMatchObject({ server: 'api/api-3', signal: 'SIGKILL' });
    expect(isAlive(killed.pid)).toBe(false);
    expect((await cli.run('server', 'drain', 'api/api-9')).code).toBe(2);
    expect((await cli.run('server', 'drain', 'api')).code).toBe(2);
    expect((await cli.run('server', 'weight', 'api/api-1', 'much')).code).toBe(2);
  });

  it('lets a read-only one be looked at and not acted on', async () => {
    await demo('--read-only');
    expect((await cli.run('status')).code).toBe(0);
    const refused = await cli.run('server', 'kill', 'api/api-1');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('operate');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'finishes running requests on %s, also when its whole process group gets it, and leaves nothing behind',
    async (signal) => {
      const running = await demo();
      const pids = await replicaPids();
      expect(pids).toHaveLength(3);
      const slow = get(`${urlOf(running)}slow?ms=1000`);
      await until('it runs', async () => {
        const { objects } = await cli.run('status', '--json');
        return objects[0].metrics.total.activeRequests > 0;
      });
      process.kill(-running.pid, signal);
      expect((await slow).status).toBe(200);
      expect((await running.ended).code).toBe(0);
      expect(pids.filter(isAlive)).toEqual([]);
      const status = await cli.run('status');
      expect(status.code).toBe(1);
      expect(status.stderr).toContain('ballast demo');
    },
  );

  it('takes its replicas along when it is killed', async () => {
    const running = await demo();
    const pids = await replicaPids();
    running.child.kill('SIGKILL');
    await until('replicas gone', () => !pids.some(isAlive));
  });

  it('takes along replicas that do not notice its end, and leaves no trace of itself, at a second Ctrl-C', async () => {
    const [port, serverPort] = await freePorts(2);
    const server = join(cli.folder, 'server.mjs');
    writeFileSync(
      server,
      `import { createServer } from 'node:http';
       process.on('SIGTERM', () => {});
       createServer((_, response) => setTimeout(() => response.end('late'), 60_000)).listen(process.env.PORT, '127.0.0.1');`,
    );
    writeFileSync(
      join(cli.folder, 'ballast.yaml'),
      `listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
pools: [{ name: api, servers: [{ name: a, address: "127.0.0.1:${serverPort}" }], healthCheck: { type: tcp } }]
replicas: [{ name: api, command: "node server.mjs", pool: api }]
`,
    );
    for (const end of ['SIGKILL', 'twice'] as const) {
      const running = await cli.start('up', '--control-port', '0');
      const [pid] = await replicaPids();
      expect(isAlive(pid!)).toBe(true);
      if (end === 'SIGKILL') running.child.kill('SIGKILL');
      else {
        get(urlOf(running)).catch(() => {});
        await until('it runs', async () => {
          const { objects } = await cli.run('status', '--json');
          return objects[0].metrics.total.activeRequests > 0;
        });
        running.child.kill('SIGINT');
        running.child.kill('SIGINT');
        await until('asked again', () => {
          running.child.kill('SIGINT');
          return running.child.exitCode !== null;
        });
        expect(running.child.exitCode).toBe(130);
        expect(readdirSync(join(cli.folder, 'state'))).toEqual([]);
      }
      await until('the replica is gone', () => !isAlive(pid!));
    }
  });

  it('runs beside another one, on other ports, and says so', async () => {
    const first = await cli.start('demo');
    const second = await cli.start('demo');
    expect(second.controlPort).not.toBe(first.controlPort);
    expect(urlOf(second)).not.toBe(urlOf(first));
    expect(second.ready.notes.join('\n')).toMatch(/control port .*taken/i);
    const which = await cli.run('status');
    expect(which.code).toBe(2);
    expect(which.stderr).toContain(`--control-port ${second.controlPort}`);
    expect((await cli.run('status', '--control-port', String(second.controlPort))).code).toBe(0);
  });

  it('is not taken for two where one was killed and its process id is in use again', async () => {
    const running = await demo();
    const [port] = await freePorts(1);
    const killed = {
      pid: process.pid,
      socket: `ws://127.0.0.1:${port}/control`,
      port,
      token: 't',
      title: 'old',
    };
    writeFileSync(join(cli.folder, 'state', `${port}.json`), JSON.stringify(killed));
    const status = await cli.run('status', '--json');
    expect(status.objects[0]).toMatchObject({ controlPort: running.controlPort });
  });

  it('follows events until it is told to stop', async () => {
    await demo();
    const { child, ended } = cli.spawn(['events', '--follow', '--json']);
    let seen = '';
    child.stdout!.on('data', (text) => {
      seen += text;
    });
    await until('the past', () => seen.includes('replica-started'));
    await cli.run('server', 'drain', 'api/api-2');
    await until('the present', () => seen.includes('admin-state-changed'));
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  });
});
