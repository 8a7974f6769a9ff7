import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { type CountingServer, startCountingServer } from '../../support/counting-server.ts';
import { type Answer, fetchText } from '../../support/http-client.ts';
import { seededRandom } from '../../support/random.ts';
import { freePort, rawClient } from '../../support/raw-sockets.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

async function counting(name: string): Promise<CountingServer> {
  const server = await startCountingServer(name);
  afterThisTest(() => server.close());
  return server;
}

const member = ({ name, address }: { name: string; address: string }, maxRequests: number, more = {}) => ({
  name,
  address,
  maxRequests,
  ...more,
});

async function run(pool: PoolInput) {
  const withoutProbes = (input: PoolInput): PoolInput => ({ healthCheck: { type: 'none' }, ...input });
  const { apply, ...running } = await runEngine(withoutProbes(pool));
  const { engine } = running;
  return {
    ...running,
    apply: (next: PoolInput) => apply(withoutProbes(next)),
    queue: () => metricsSchema.parse(engine.metrics()).pools.api!.queue,
    active: () => engine.metrics().pools.api!.activeRequests,
  };
}

/** Sends, and waits until the engine has the request. */
async function send(
  lane: Awaited<ReturnType<typeof run>>,
  path: string,
  headers = {},
): Promise<{ answer: Promise<Answer> }> {
  const has = (): number => lane.active() + lane.queue().length;
  const before = has();
  const answer = fetchText(lane.url + path, { headers });
  answer.catch(() => {});
  await until(`${path} to arrive`, () => has() > before);
  return { answer };
}

describe('a request that finds every server at maxRequests', () => {
  it('does not take from them the share that they are promised', async () => {
    const [a, b] = [await counting('a'), await counting('b')];
    const lane = await run({ servers: [member(a, 1), member(b, 2)] });
    const sent = [];
    for (let request = 0; request < 5; request++) sent.push(await send(lane, `/${request}`));
    await until('both to be full', () => a.active === 1 && b.active === 2);
    const { servers } = metricsSchema.parse(lane.engine.metrics());
    expect([servers['api/a']!.shareWanted, servers['api/b']!.shareWanted]).toEqual([0.5, 0.5]);
    for (const server of [a, b]) server.answerAll();
    for (const { answer } of sent) expect(await answer).toMatchObject({ status: 200 });
  });

  it('waits its turn and is served', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)] });
    const sent = [];
    for (const path of ['/1', '/2', '/3']) sent.push(await send(lane, path));
    expect(lane.queue().length).toBe(2);
    for (const { answer } of sent) {
      await until('a request to be there', () => a.answerOne());
      expect(await answer).toMatchObject({ status: 200, body: 'a' });
    }
    expect(a.seen).toEqual(['/1', '/2', '/3']);
    expect(a.most).toBe(1);
    expect(lane.queue()).toMatchObject({ length: 0, served: 2, refused: 0, timedOut: 0 });
    expect(lane.queue().p50Ms).toBeGreaterThan(0);
    const [last] = lane.engine.journal.list({ limit: 1 }).requests;
    const { decision } = lane.engine.journal.detail(last!.id)!.attemptList[0]!;
    expect(decision!.sentence).toMatch(/^It waited \S+ in the queue, until a had a slot\. /);
  });

  it('gets 503 with Retry-After at once when the queue is full', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)], queue: { length: 1 } });
    await send(lane, '/1');
    await send(lane, '/2');
    const refused = await fetchText(`${lane.url}/3`);
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(refused.body).toContain('is at its limit (a 1/1), and 1 other waits already (queue.length)');
    expect(lane.queue()).toMatchObject({ length: 1, refused: 1 });
    a.answerAll();
    expect(lane.engine.metrics().limits).toMatchObject([
      { kind: 'max-requests', pool: 'api', count: 2 },
      { kind: 'queue-length', pool: 'api', count: 1 },
    ]);
    expect(lane.engine.events.read(0, 99).map(({ kind }) => kind)).toContain('limit-reached');
  });

  it('gets 503 with Retry-After when its time is up', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)], queue: { timeout: '80ms' } });
    await send(lane, '/1');
    const late = await fetchText(`${lane.url}/2`);
    expect(late).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(late.body).toContain('(queue.timeout)');
    expect(lane.queue()).toMatchObject({ length: 0, timedOut: 1 });
    expect(a.seen).toEqual(['/1']);
  });

  it('leaves the queue with 503 when its client ends its half: whether that still waits nobody can tell', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)] });
    const first = await send(lane, '/1');
    const caller = await rawClient(lane.port);
    afterThisTest(() => caller.close());
    caller.send('GET /half HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('it to wait', () => lane.queue().length === 1);
    caller.socket.end();
    expect(await caller.end()).toMatch(
      /^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n[\s\S]*Connection: close\r\n[\s\S]*ended its half/,
    );
    a.answerAll();
    expect((await first.answer).status).toBe(200);
    expect(a.seen).toEqual(['/1']);
    expect(lane.engine.metrics().total.failed).toBe(0);
    await until('nothing to be active', () => lane.engine.metrics().total.activeRequests === 0);
  });

  it('leaves the queue when its client goes away, and never reaches a server', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)] });
    const first = await send(lane, '/1');
    const caller = await rawClient(lane.port);
    caller.send('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('it to wait', () => lane.queue().length === 1);
    caller.close();
    await until('it to be forgotten', () => lane.queue().length === 0);
    const last = await send(lane, '/3');
    a.answerAll();
    expect([(await first.answer).status, (await last.answer).status]).toEqual([200, 200]);
    expect(a.seen).toEqual(['/1', '/3']);
    expect(lane.engine.metrics().total.failed).toBe(0);
    await until('nothing to be active', () => lane.engine.metrics().total.activeRequests === 0);
  });

  it('is served by a server that the configuration adds', async () => {
    const [a, b] = [await counting('a'), await counting('b')];
    const lane = await run({ servers: [member(a, 1)] });
    await send(lane, '/1');
    const waiting = await send(lane, '/2');
    b.answerAll();
    await lane.apply({ servers: [member(a, 1), member(b, 1)] });
    expect(await waiting.answer).toMatchObject({ status: 200, body: 'b' });
    a.answerAll();
  });

  it('keeps its body while it waits, and the whole of it arrives', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)] });
    await send(lane, '/1');
    const caller = await rawClient(lane.port);
    afterThisTest(() => caller.close());
    const body = 'b'.repeat(300_000);
    caller.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`);
    caller.send(body);
    await until('it to wait', () => lane.queue().length === 1);
    a.answerAll();
    expect((await caller.receives('200 OK')).endsWith('a')).toBe(true);
    const { requests } = lane.engine.journal.list({ limit: 5 });
    expect(requests.find(({ target }) => target === '/upload')).toMatchObject({
      requestBytes: body.length,
      status: 200,
    });
  });

  it('waits while a tunnel takes up the slot', async () => {
    const a = await counting('a');
    const lane = await run({ servers: [member(a, 1)] });
    const tunnel = await rawClient(lane.port);
    tunnel.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await tunnel.receives('101 Switching');
    const waiting = await send(lane, '/2');
    expect(lane.queue().length).toBe(1);
    a.answerAll();
    tunnel.close();
    expect(await waiting.answer).toMatchObject({ status: 200 });
    expect(a.most).toBe(1);
  });

  it('waits with its retry as well, and does not overtake', async () => {
    const a = await counting('a');
    const dead = { name: 'dead', address: `127.0.0.1:${await freePort()}` };
    const lane = await run({
      servers: [member(a, 1), member(dead, 0)],
      outlierDetection: { consecutiveFailures: 0 },
    });
    const first = await send(lane, '/1'); // round robin: to a
    const retried = await send(lane, '/2'); // to dead, then waits for a
    await until('it to wait', () => lane.queue().length === 1);
    expect(a.most).toBe(1);
    a.answerOne();
    expect((await first.answer).body).toBe('a');
    await until('the retry to be there', () => a.answerOne());
    expect(await retried.answer).toMatchObject({
      status: 200,
      body: 'a',
      headers: { 'x-ballast-attempts': '2' },
    });
  });

  it('hears what became of its attempt where the retry waited in vain', async () => {
    const a = await counting('a');
    const dead = { name: 'dead', address: `127.0.0.1:${await freePort()}` };
    const lane = await run({
      servers: [member(a, 1), member(dead, 0)],
      outlierDetection: { consecutiveFailures: 0 },
      queue: { timeout: '80ms' },
    });
    await send(lane, '/1');
    const failed = await fetchText(`${lane.url}/2`);
    expect(failed.status).toBe(502);
    expect(failed.body).toContain('every other server was at its limit');
    expect(failed.headers['retry-after']).toBeUndefined();
    expect(lane.queue().timedOut).toBe(1);
  });

  it('sent ahead on one connection is answered in order', async () => {
    const a = await counting('a');
    a.answerAll(() => 5);
    const lane = await run({ servers: [member(a, 1)] });
    const callers = await Promise.all([1, 2, 3].map(() => rawClient(lane.port)));
    for (const caller of callers) {
      afterThisTest(() => caller.close());
      caller.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    }
    await Promise.all(callers.map((caller) => caller.receives('200 OK', 2)));
    expect(a.most).toBe(1);
  });
});

it.each([1, 2])(
  'random traffic never brings a server more than maxRequests at once (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const limits = [1, 2, 5];
    const servers = await Promise.all(['a', 'b', 'c'].map(counting));
    for (const server of servers) server.answerAll(() => random() * 8);
    const lane = await run({
      strategy: random() < 0.5 ? 'least-connections' : 'round-robin',
      servers: servers.map((server, index) => member(server, limits[index]!)),
      queue: { length: 40, timeout: '30s' },
      affinity: { type: 'cookie' },
    });
    const counts: Record<number, number> = {};
    let left = 600;
    const visitor = async (): Promise<void> => {
      let cookie = '';
      while (left-- > 0) {
        if (random() < 0.05) {
          const caller = await rawClient(lane.port);
          const upgrades = random() < 0.5 ? 'Connection: Upgrade\r\nUpgrade: echo\r\n' : '';
          caller.send(`GET /raw HTTP/1.1\r\nHost: a\r\n${upgrades}\r\n`);
          await new Promise((resolve) => setTimeout(resolve, random() * 10));
          caller.close();
          continue;
        }
        const answer = await fetchText(`${lane.url}/x`, { headers: cookie ? { cookie } : {} });
        counts[answer.status] = (counts[answer.status] ?? 0) + 1;
        cookie = String(answer.headers['set-cookie'] ?? cookie).split(';')[0]!;
        if (random() < 0.3) cookie = '';
      }
    };
    await Promise.all(Array.from({ length: 30 }, visitor));
    await until('everything to be over', () => lane.active() === 0 && lane.queue().length === 0);
    expect(servers.map(({ most }, index) => most <= limits[index]!)).toEqual([true, true, true]);
    expect(Object.keys(counts)).toEqual(['200']);
    expect(lane.queue().served).toBeGreaterThan(0);
  },
);

it('a tunnel to a server that drains is closed after timeouts.tunnelDrain, one to a server in service is not', async () => {
  const [a, b] = [await counting('a'), await counting('b')];
  const lane = await run({ servers: [member(a, 0), member(b, 0)], timeouts: { tunnelDrain: '300ms' } });
  const tunnels = [];
  for (const server of [a, b]) {
    const tunnel = await rawClient(lane.port);
    afterThisTest(() => tunnel.close());
    tunnel.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await tunnel.receives('101 Switching');
    await until(`${server.name} to have it`, () => server.active === 1);
    tunnels.push(tunnel);
  }
  lane.engine.setAdminState('api', 'a', 'drain');
  tunnels[0]!.send('still;');
  await tunnels[0]!.receives('still;');
  await tunnels[0]!.end();
  await until('a to have none', () => a.active === 0);
  tunnels[1]!.send('goes on;');
  await tunnels[1]!.receives('goes on;');
  expect(lane.engine.metrics().limits).toMatchObject([{ kind: 'tunnel-drain', pool: 'api', count: 1 }]);
  expect(lane.engine.metrics().servers['api/a']!.failedAttempts).toBe(0);
});
