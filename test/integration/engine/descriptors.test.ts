import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import type { CliKit, RunningCli } from '../../support/cli-kit.ts';
import { cliBeforeOneServer } from '../../support/cli-of-test.ts';
import { fetchText } from '../../support/http-client.ts';
import { type RawClient, rawClient } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 90_000 });

const setUp = () => cliBeforeOneServer('200ms');

interface Status {
  readonly servers: readonly { readonly verdict: string; readonly ejectedUntilMs: number | null }[];
  readonly metrics: {
    readonly servers: Readonly<Record<string, { readonly failedAttempts: number }>>;
    readonly limits: readonly {
      readonly kind: string;
      readonly listener: string | null;
      readonly count: number;
    }[];
  };
}

async function statusOf(kit: CliKit): Promise<Status> {
  const { objects, stderr } = await kit.run('status', '--json');
  if (objects.length === 0) throw new Error(stderr);
  return objects[0] as Status;
}

/** Connections that are never idle: a head that is never finished. */
async function flood(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  afterThisTest(() => {
    for (const each of clients) each.close();
  });
  for (let i = 0; i < count; i++) {
    const each = await rawClient(port).catch(() => null);
    if (!each) continue;
    each.socket.on('error', () => {});
    each.send('GET / HTTP/1.1\r\nHo');
    clients.push(each);
  }
  return clients;
}

const blames = (status: Status) => ({
  failed: status.metrics.servers['api/a']?.failedAttempts,
  verdict: status.servers[0]?.verdict,
  ejected: status.servers[0]?.ejectedUntilMs,
});
const blameless = { failed: 0, verdict: 'healthy', ejected: null };

const isLinux = process.platform === 'linux';

describe.runIf(isLinux)('a process with few file descriptors', () => {
  it('refuses clients with a reason before they run out, harms no running request, and recovers', async () => {
    const { kit } = await setUp();
    const cli = await kit.startWithOpenFiles(110, 'up', 'ballast.yaml', '--control-port', '0');
    const { url } = cli.ready.listeners[0]!;
    const port = Number(new URL(url).port);
    await until('the first verdict', async () => blames(await statusOf(kit)).verdict === 'healthy');
    const running = Array.from({ length: 5 }, () => fetchText(`${url}/slow?ms=2500`));
    const clients = await flood(port, 200);
    await until('some to be told', () => clients.some(({ text }) => text.includes('ulimit -n, now 110')));
    const told = clients.find(({ text }) => text !== '')!;
    expect(told.text).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1/);
    for (const answer of running) expect(await answer).toMatchObject({ status: 200, body: 'a' });
    for (const each of clients) each.close();
    await until('it to serve again', async () => (await fetchText(url)).status === 200);
    const status = await statusOf(kit);
    expect(blames(status)).toEqual(blameless);
    expect(status.metrics.limits.map(({ kind }) => kind)).toContain('file-descriptors');
    const events = await kit.run('events', '--json');
    expect(events.stdout).toContain('raise the limit of open files (ulimit -n, now 110)');
  });

  it.runIf(existsSync('/usr/bin/prlimit'))(
    'blames no server when the system gives no descriptor to connect with, says so, and recovers',
    async () => {
      const { kit } = await setUp();
      const cli = await kit.start('up', 'ballast.yaml', '--control-port', '0');
      const { url } = cli.ready.listeners[0]!;
      const port = Number(new URL(url).port);
      await until('the first verdict', async () => blames(await statusOf(kit)).verdict === 'healthy');
      const clients = await Promise.all(Array.from({ length: 12 }, () => rawClient(port)));
      afterThisTest(() => {
        for (const each of clients) each.close();
      });
      for (const each of clients) each.send('GET / HTTP/1.1\r\nHo');
      await until(
        'all to be accepted',
        async () => openFiles(cli) >= 12 && (await fetchText(url)).status === 200,
      );
      // Less than it has open already: from now on it gets none at all.
      setOpenFiles(cli, '20');
      for (const each of clients.slice(0, 6)) each.send('st: a\r\n\r\n');
      const answers = await Promise.all(clients.slice(0, 6).map((each) => each.receives('HTTP/1.1 ')));
      // The connection that the fetch above left may serve one after the other.
      const refused = answers.filter((answer) => answer.includes('503'));
      expect(refused.length).toBeGreaterThan(0);
      expect(answers.filter((answer) => answer.includes('200 OK')).length + refused.length).toBe(6);
      await until('the reason', () =>
        clients.some(({ text }) =>
          text.includes('had no file descriptor left for a connection; raise the limit'),
        ),
      );
      // Newcomers are dropped by the system without a word; probes fail, and the server is not blamed for it.
      const dropped = await rawClient(port).catch(() => null);
      dropped?.socket.on('error', () => {});
      const since = performance.now();
      await until('a few probes to have been due', () => performance.now() - since > 1_000);
      setOpenFiles(cli, '1024');
      await until('it to serve again', async () => (await fetchText(url)).status === 200);
      for (const each of clients.slice(6)) {
        each.send('st: a\r\n\r\n');
        expect(await each.receives('HTTP/1.1 ')).toContain('200 OK');
      }
      const status = await statusOf(kit);
      expect(blames(status)).toEqual(blameless);
      expect(status.metrics.limits.find(({ kind }) => kind === 'file-descriptors')!.count).toBeGreaterThan(0);
    },
  );
});

function openFiles({ pid }: RunningCli): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function setOpenFiles({ pid }: RunningCli, limit: string): void {
  execFileSync('/usr/bin/prlimit', ['--pid', String(pid), `--nofile=${limit}:`]);
}
