import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import type { RecordCursor } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { startNamedServer } from '../support/named-server.ts';
import { crashingWorker, get, startOwner } from '../support/owner-kit.ts';
import { clientOfEach, pinnedClient, threads } from '../support/threads-cleanup.ts';
import { startThreads, suffix, type ThreadsKit, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

const crashingThread = fileURLToPath(new URL('../support/crashing-thread.mjs', import.meta.url));

/** Sends without a pause, half of it on new connections, until told to stop. Returns what went wrong, and how many were sent. */
function load(kit: ThreadsKit, workers = 8): () => Promise<{ sent: number; failures: string[] }> {
  let running = true;
  let sent = 0;
  const failures: string[] = [];
  const each = Array.from({ length: workers }, async (_, index) => {
    const client = pinnedClient(kit);
    while (running) {
      const { status, body } = await (index % 2 === 0 ? client.get() : get(kit.url)).catch((error) => ({
        status: 0,
        body: String(error),
      }));
      sent += 1;
      if (status !== 200) failures.push(`${status} ${body}`);
    }
    client.close();
  });
  return async () => {
    running = false;
    await Promise.all(each);
    return { sent, failures };
  };
}

/** Slow requests that have reached a server. */
function slowOnes({ servers }: ThreadsKit): number {
  return servers.flatMap(({ seen }) => seen).filter((path) => path.startsWith('/slow')).length;
}

describe.skipIf(whyNot !== null)(`the life of several threads${suffix}`, () => {
  it('loses no request while configurations come and go', async () => {
    const kit = await threads({ threads: 2, weights: { a: 1, b: 1, c: 1 } });
    const stop = load(kit);
    for (let round = 0; round < 10; round++) {
      await kit.apply({
        weights: round % 2 === 0 ? { a: 1 + round, b: 1 } : { a: 1, b: 2, c: round },
        pool: { strategy: round % 3 === 0 ? 'least-connections' : 'weighted-round-robin' },
      });
      const { requests } = (await kit.metrics()).total;
      await until('some requests', async () => (await kit.metrics()).total.requests > requests + 20);
    }
    const { sent, failures } = await stop();
    expect(failures).toEqual([]);
    await until('all are counted', async () => (await kit.metrics()).total.requests === sent);
  });

  it('loses no request when a server dies, whoever carries it', async () => {
    const kit = await threads({ threads: 2 });
    const stop = load(kit);
    await until('traffic', async () => (await kit.metrics()).total.requests > 100);
    await kit.servers[1]!.close();
    const { requests } = (await kit.metrics()).total;
    await until('more traffic', async () => (await kit.metrics()).total.requests > requests + 200);
    const { failures } = await stop();
    expect(failures).toEqual([]);
  });

  it('counts, lists and tells the requests of all threads', async () => {
    const kit = await threads({ threads: 2 });
    const each = await clientOfEach(kit, 2);
    await until('nothing runs', async () => (await kit.metrics()).total.activeRequests === 0);
    const before = (await kit.metrics()).total.requests;
    const ids: string[] = [];
    for (let sent = 0; sent < 100; sent++) ids.push((await each[sent % 2]!.get(`/${sent}`)).id);
    expect(new Set(ids).size).toBe(100);
    const total = before + 100;
    await until('all are counted', async () => (await kit.metrics()).total.requests === total);
    const { total: all, pools, servers, listeners } = await kit.metrics();
    expect([all.activeRequests, pools.api!.requests, listeners.web!.requests]).toEqual([0, total, total]);
    expect(servers['api/a']!.requests + servers['api/b']!.requests).toBe(total);
    expect(all.p50Ms).not.toBeNull();
    const { requests } = await kit.client.call('request.list', { limit: 100 });
    expect(requests.map(({ id }) => id)).toEqual([...ids].reverse());
    for (const id of ids.slice(0, 6))
      expect((await kit.client.call('request.get', { id })).attemptList[0]!.decision!.sentence).toMatch(/\./);
    const recorded: string[] = [];
    for (let before: RecordCursor | undefined; ; ) {
      const page = await kit.client.call('request.record', { limit: 7, ...(before && { before }) });
      recorded.push(...page.requests.map(({ id }) => id));
      if (page.next === null) break;
      before = page.next;
    }
    expect(recorded).toHaveLength(total);
    expect(recorded.filter((id) => ids.includes(id)).sort()).toEqual([...ids].sort());
    await until('all are told', () => ids.every((id) => kit.requests.some((told) => told.id === id)));
    expect(kit.requests).toHaveLength(total);
  });

  it('tells requests in the order in which they ended, whichever thread carried them', async () => {
    const kit = await threads({ threads: 2 });
    const each = await clientOfEach(kit, 2);
    await until('both to be heard of', () => new Set(kit.requests.map(({ id }) => threadOf(id))).size === 2);
    let last = '';
    // One after the other, over several rounds of asking the other thread.
    for (let sent = 0; sent < 600; sent++) last = (await each[sent % 2]!.get(`/${sent}`)).id;
    await until('the last one to be told', () => kit.requests.some(({ id }) => id === last));
    const told = kit.requests.flatMap(({ target }) => (target === '/' ? [] : Number(target.slice(1))));
    expect(told).toEqual([...told].sort((one, other) => one - other));
    expect(new Set(told.map((sent) => sent % 2)).size).toBe(2);
  });

  it('goes on telling requests when all threads but one have gone', async () => {
    const kit = await threads({ threads: 2 });
    const each = await clientOfEach(kit, 2);
    await kit.apply({ threads: 1 });
    // With its last connection the other thread goes.
    await Promise.all(each.map((client) => client.get('/last')));
    for (const client of each) client.close();
    // Each of these takes a round, and after one at the most nobody is asked any more.
    for (let sent = 0; sent < 12; sent++) {
      await get(`${kit.url}/after-${sent}`);
      const isTold = () => kit.requests.some(({ target }) => target === `/after-${sent}`);
      await until(`request ${sent} to be told`, isTold);
    }
  });

  it('goes on when a thread crashes, takes back what that had in flight, and starts it again', async () => {
    const kit = await threads({ threads: 2, workerPath: crashingThread });
    const [first, second] = await clientOfEach(kit, 2);
    const cut = second!.get('/slow?ms=20000').then(
      () => 'answered',
      () => 'cut',
    );
    const kept = first!.get('/slow?ms=400');
    await until('both run', () => slowOnes(kit) === 2);
    const channel = new BroadcastChannel('end a thread');
    channel.postMessage({ thread: 1, how: 'out of luck' });
    expect(await cut).toBe('cut');
    expect((await kept).status).toBe(200);
    await until('nothing is in flight', async () => {
      const { total, servers } = await kit.metrics();
      return total.activeRequests + servers['api/a']!.activeRequests + servers['api/b']!.activeRequests === 0;
    });
    await until('it runs again', () => kit.events.some(({ kind }) => kind === 'thread-restarted'));
    expect(kit.events.find(({ kind }) => kind === 'thread-crashed')?.text).toContain('out of luck');
    const stop = load(kit);
    await until('both threads answer', async () => {
      const { requests } = await kit.client.call('request.list', { limit: 100 });
      return new Set(requests.map(({ id }) => threadOf(id))).has(2);
    });
    expect((await stop()).failures).toEqual([]);
    channel.close();
  });

  it('ends a thread that hangs, and starts another', async () => {
    const kit = await threads({ threads: 2, workerPath: crashingThread });
    const channel = new BroadcastChannel('end a thread');
    channel.postMessage({ thread: 1, how: 'hang' });
    await until('it runs again', () => kit.events.some(({ kind }) => kind === 'thread-restarted'), 40_000);
    expect(kit.events.find(({ kind }) => kind === 'thread-crashed')?.text).toContain('it hung');
    channel.close();
  });

  it('begins anew, all threads of it, when the engine’s own thread crashes', async () => {
    const servers = await Promise.all(['a', 'b'].map(startNamedServer));
    const [port] = await freePorts(1);
    const owner = await startOwner(
      `
listeners: [{ name: web, bind: "127.0.0.1:${port}", pool: api }]
pools: [{ name: api, servers: [${servers.map(({ address }) => `{ address: "${address}" }`).join(', ')}] }]
dataPlane: { threads: 2 }
`,
      { workerPath: crashingWorker },
    );
    const crash = new BroadcastChannel('crash the engine');
    try {
      const url = `http://127.0.0.1:${port}`;
      await clientOfEach({ url }, 2);
      crash.postMessage('the first thread is out of luck');
      await until('it runs again', () => owner.events.some(({ kind }) => kind === 'engine-restarted'));
      await clientOfEach({ url }, 2);
      expect(owner.state('system').engine).toMatchObject({ state: 'running', restarts: 1 });
    } finally {
      crash.close();
      await owner.stop();
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it('can have more and fewer threads while it runs', async () => {
    const kit = await threads({ threads: 1 });
    for (const count of [2, 4, 1]) {
      const url = await kit.apply({ threads: count });
      const used = new Set<number>();
      await until(`${count} threads answer`, async () => {
        const client = pinnedClient(kit);
        used.add(threadOf((await client.get()).id));
        client.close();
        return count === 1 || used.size >= count;
      });
      expect((await get(url)).status).toBe(200);
    }
    await until(
      'it was told',
      () => kit.events.filter(({ kind }) => kind === 'threads-changed').length === 3,
    );
    expect(kit.events.findLast(({ kind }) => kind === 'threads-changed')?.text).toBe(
      'The data plane has one thread now, before it had 4',
    );
  });

  it('finds a port in use although both would share it', async () => {
    const one = await threads({ threads: 2 });
    await expect(startThreads({ threads: 2, bind: `127.0.0.1:${one.port}` })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('EADDRINUSE'),
    });
    expect((await get(one.url)).status).toBe(200);
  });

  it('changes nothing where one listener cannot be bound', async () => {
    const taken = await threads({ threads: 2 });
    const kit = await threads({ threads: 2 });
    const before = kit.url;
    await expect(kit.apply({ bind: `127.0.0.1:${taken.port}`, weights: { a: 1 } })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const names = new Set<string>();
    for (const client of await clientOfEach({ url: before }, 2)) {
      for (let sent = 0; sent < 4; sent++) names.add((await client.get()).body);
    }
    expect([...names].sort()).toEqual(['a', 'b']);
  });

  it('has no more connections than a listener may, of all threads together', async () => {
    const kit = await threads({ threads: 2, maxConnections: 4 });
    const slow = Array.from({ length: 12 }, () => {
      return pinnedClient(kit)
        .get('/slow?ms=1500')
        .then(({ status }) => status);
    });
    const statuses = await Promise.all(slow);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    expect(statuses.filter((status) => status === 503)).toHaveLength(8);
  });

  it('lets running requests of all threads finish when it stops', async () => {
    const kit = await threads({ threads: 2 });
    const each = await clientOfEach(kit, 2);
    const slow = each.map((client) => client.get('/slow?ms=500'));
    await until('both run', () => slowOnes(kit) === 2);
    expect(await kit.client.call('engine.stop', { graceMs: 5_000 })).toEqual({ unfinishedRequests: 0 });
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200]);
    await expect(get(kit.url)).rejects.toThrow();
  });
});
