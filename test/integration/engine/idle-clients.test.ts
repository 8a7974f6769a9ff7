import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { cliBeforeOneServer } from '../../support/cli-of-test.ts';
import { type RawClient, rawClient } from '../../support/raw-sockets.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 90_000 });

/** A Ballast with so few descriptors that about 100 are left for connections. */
async function few() {
  const { kit } = await cliBeforeOneServer('60s');
  const cli = await kit.startWithOpenFiles(160, 'up', 'ballast.yaml', '--control-port', '0');
  const port = Number(new URL(cli.ready.listeners[0]!.url).port);
  const clients: RawClient[] = [];
  afterThisTest(() => {
    for (const each of clients) each.close();
  });
  return {
    clients,
    /** One more client, which has had its first answer when this resolves. */
    async come(): Promise<RawClient> {
      const each = await rawClient(port);
      each.socket.on('error', () => {});
      clients.push(each);
      await ask(each);
      return each;
    },
    async limits(): Promise<{ kind: string; listener: string | null; count: number }[]> {
      return (await kit.run('status', '--json')).objects[0].metrics.limits;
    },
    events: async () => (await kit.run('events', '--json')).stdout,
    status: async () => (await kit.run('status')).stdout,
  };
}

/** Sends a request and waits for its answer, whatever that is. Returns its status line. */
async function ask(each: RawClient, path = '/'): Promise<string> {
  const before = each.text.length;
  each.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await each.receives('\r\n\r\n', each.text.split('\r\n\r\n').length);
  return each.text.slice(before, before + 15);
}

async function longer(ms: number): Promise<void> {
  const since = performance.now();
  await until(`${ms} ms to pass`, () => performance.now() - since > ms);
}

const ok = 'HTTP/1.1 200 OK';
const openOnes = (clients: readonly RawClient[]) => clients.filter(({ ended }) => !ended);

describe.runIf(process.platform === 'linux')('clients that are idle, where file descriptors are few', () => {
  it('need one each: nearly all that there are can be theirs', async () => {
    const { come, clients, limits } = await few();
    for (let i = 0; i < 80; i++) expect((await come()).text).toContain(ok);
    expect(openOnes(clients)).toHaveLength(80);
    for (const each of clients.slice(0, 40)) expect(await ask(each)).toBe(ok);
    expect(await limits()).toEqual([]);
  });

  it('give way to those that come, whoever is idle longest first', async () => {
    const { come, clients, limits, events, status } = await few();
    for (let i = 0; i < 80; i++) await come();
    // The first is the one used last now.
    expect(await ask(clients[0]!)).toBe(ok);
    await longer(1_100);
    for (let i = 0; i < 60; i++) expect((await come()).text).toContain(ok);
    const gone = clients.filter(({ ended }) => ended);
    expect(gone.length).toBeGreaterThan(10);
    expect(gone).toEqual(clients.slice(1, 1 + gone.length));
    expect(gone.every(({ errorCode }) => errorCode === null)).toBe(true);
    for (const each of openOnes(clients).slice(0, 20)) expect(await ask(each)).toBe(ok);
    const short = (await limits()).filter(({ listener }) => listener !== null);
    expect(short).toMatchObject([
      { kind: 'descriptors-short', listener: 'web', pool: null, count: gone.length },
    ]);
    expect(await events()).toContain('raise the limit of open files (ulimit -n, now 160)');
    const told = await status();
    expect(told).toMatch(/^Ballast .* data plane on one thread$/m);
    expect(told).toMatch(
      new RegExp(
        `^ulimit -n +web +${gone.length} +\\d\\d:\\d\\d:\\d\\d\\S* +file descriptors were short`,
        'm',
      ),
    );
  });

  it('give way to the connections to servers that requests want, and no request that runs is harmed', async () => {
    const { come, clients, limits } = await few();
    const busy = await Promise.all(Array.from({ length: 15 }, () => come()));
    const running = busy.map((each) => ask(each, '/slow?ms=4000'));
    for (let i = 0; i < 50; i++) await come();
    await longer(1_100);
    // Whoever was used last asks for more, all at once: each needs a connection to the server.
    const asking = clients.slice(-20).map((each) => ask(each, '/slow?ms=500'));
    expect(await Promise.all(asking)).toEqual(Array(20).fill(ok));
    for (let i = 0; i < 40; i++) expect((await come()).text).toContain(ok);
    expect(await Promise.all(running)).toEqual(Array(15).fill(ok));
    expect(openOnes(busy)).toHaveLength(15);
    expect((await limits()).map(({ kind }) => kind)).not.toContain('file-descriptors');
  });

  it('are let go by hundreds at a time without one that comes being sent away', async () => {
    const { come, clients, limits } = await few();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 70; i++) expect((await come()).text).toContain(ok);
      await longer(1_100);
    }
    expect(openOnes(clients).length).toBeGreaterThan(70);
    const kinds = (await limits()).map(({ kind }) => kind);
    expect(kinds).toContain('descriptors-short');
    expect(kinds).not.toContain('file-descriptors');
  });
});
