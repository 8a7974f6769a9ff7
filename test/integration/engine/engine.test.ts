import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { requestDetailSchema } from '@shared/contract/request-values.ts';
import { serverStatusSchema } from '@shared/contract/server-values.ts';
import { listenerStatusSchema } from '@shared/contract/system-values.ts';
import { describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../../main/engine/engine.ts';
import { afterThisTest } from '../../support/after-this-test.ts';
import { fetchText, startLoad } from '../../support/http-client.ts';
import type { ReplicaProcess } from '../../support/replica-process.ts';
import { runEngine } from '../../support/running-engine.ts';
import { count, members, named, replicas, sequence } from '../../support/servers-of-test.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

const verdict = (engine: Engine, name: string) =>
  engine.servers().find((server) => server.name === name)?.verdict;
const kinds = (engine: Engine): string[] => engine.events.read(0, 5_000).map(({ kind }) => kind);

describe('balancing', () => {
  it('serves 300 sequential requests 100/100/100', async () => {
    const { url, engine } = await runEngine({ servers: members(await named('a', 'b', 'c')) });
    expect(count(await sequence(url, 300))).toEqual({ a: 100, b: 100, c: 100 });
    const { servers, total } = metricsSchema.parse(engine.metrics());
    expect(Object.values(servers).map(({ requests }) => requests)).toEqual([100, 100, 100]);
    expect(total).toMatchObject({ requests: 300, activeRequests: 0, failed: 0, successRatio: 1 });
  });

  it.each(['weighted-round-robin', 'least-connections'] as const)(
    'serves 700 sequential requests with 5/1/1 as aabacaa by %s',
    async (strategy) => {
      const [a, b, c] = members(await named('a', 'b', 'c'));
      const { url } = await runEngine({ strategy, servers: [{ ...a!, weight: 5 }, b!, c!] });
      expect((await sequence(url, 700)).join('')).toBe('aabacaa'.repeat(100));
    },
  );

  it('names server, attempts and request in the response, and tells the decision of that request', async () => {
    const { url, engine } = await runEngine({ servers: members(await named('a', 'b')) });
    const { headers } = await fetchText(url);
    expect(headers).toMatchObject({ 'x-ballast-server': 'a', 'x-ballast-attempts': '1' });
    const detail = requestDetailSchema.parse(engine.journal.detail(String(headers['x-ballast-request'])));
    expect(detail).toMatchObject({
      method: 'GET',
      target: '/',
      status: 200,
      server: 'api/a',
      client: '127.0.0.1',
    });
    expect(detail.attemptList[0]!.decision!.sentence).toMatch(/^Round robin chose a/);
    expect(detail.route).toEqual({ host: null, path: '/' });
  });
});

describe('a server that dies', () => {
  it('costs no GET under load, and is taken back when it returns', async () => {
    const [a, b, c] = (await replicas('a', 'b', 'c')) as [ReplicaProcess, ReplicaProcess, ReplicaProcess];
    const { url, engine } = await runEngine({
      servers: members([a, b, c]),
      healthCheck: { type: 'http', interval: '400ms', rise: 2, fall: 2 },
    });
    const load = startLoad(url, 16);
    afterThisTest(() => load.stop());
    await until('traffic at all three', () => Object.keys(load.answers).length === 3);
    await b.kill();
    await until('the verdict', () => verdict(engine, 'b') === 'unhealthy');
    const before = { ...load.answers };
    await until('traffic at the others', () => load.answers.a! > before.a! + 100);
    expect(load.answers.b).toBe(before.b);
    await b.start();
    await until('traffic at the server that returned', () => load.answers.b! > before.b!);
    await load.stop();
    expect(load.failures).toEqual([]);
    const { total, pools } = engine.metrics();
    expect(total).toMatchObject({ failed: 0, activeRequests: 0 });
    expect(total.savedByRetry).toBe(total.retried);
    expect(total.retried).toBeGreaterThan(0);
    expect(pools.api!.activeRequests).toBe(0);
    expect(kinds(engine)).toEqual(
      expect.arrayContaining(['attempt-failed', 'request-retried', 'probe-failed', 'verdict-changed']),
    );
  });

  it('is found out by failing traffic long before its next probe', async () => {
    const [a, b] = (await replicas('a', 'b')) as [ReplicaProcess, ReplicaProcess];
    const { url, engine } = await runEngine({
      servers: members([a, b]),
      healthCheck: { type: 'tcp', interval: '10m', fall: 2 },
      outlierDetection: { consecutiveFailures: 0 },
    });
    await until('the first verdicts', () => engine.servers().every((server) => server.verdict === 'healthy'));
    await b.kill();
    await until('the verdict', async () => {
      await fetchText(url);
      return verdict(engine, 'b') === 'unhealthy';
    });
  });
});

describe('with nothing available', () => {
  it('answers 503 that says why, and recovers by itself', async () => {
    const [a, b] = (await replicas('a', 'b')) as [ReplicaProcess, ReplicaProcess];
    const { url, engine } = await runEngine({
      servers: members([a, b]),
      healthCheck: { type: 'tcp', interval: '200ms', rise: 1, fall: 1 },
    });
    await Promise.all([a.kill(), b.kill()]);
    await until('both verdicts', () => engine.servers().every((server) => server.verdict === 'unhealthy'));
    const { status, body } = await fetchText(url);
    expect(status).toBe(503);
    expect(body).toContain('a is unhealthy, b is unhealthy');
    expect(body).toContain('connection refused');
    const [request] = engine.journal.list({ limit: 1 }).requests;
    expect(engine.journal.detail(request!.id)!.unserved!.sentence).toContain('No server was available');
    expect(engine.metrics().total).toMatchObject({ failed: 1, successRatio: 0 });
    await a.start();
    await until('an answer', async () => (await fetchText(url)).body === 'a');
  });
});

describe('draining', () => {
  it('keeps the sticky clients of the server and leads new ones elsewhere', async () => {
    const { url, engine } = await runEngine({
      servers: members(await named('a', 'b')),
      affinity: { type: 'cookie' },
    });
    const first = await fetchText(url);
    const cookie = first.headers['set-cookie']![0]!.split(';')[0]!;
    expect(engine.setAdminState('api', first.body, 'drain')).toBe('ready');
    expect(count(await sequence(url, 10, { cookie }))).toEqual({ [first.body]: 10 });
    expect(await sequence(url, 10)).not.toContain(first.body);
    const { sessions, total } = engine.sessions({ limit: 5 });
    expect(total).toBe(11);
    expect(sessions).toHaveLength(5);
    const bound = engine.sessions({ limit: 5, server: `api/${first.body}` });
    expect(bound.sessions.map(({ hits }) => hits)).toEqual([11]);
    engine.setAdminState('api', first.body, 'maintenance');
    expect(await sequence(url, 3, { cookie })).not.toContain(first.body);
    expect(kinds(engine)).toContain('session-moved');
  });
});

describe('what the engine tells', () => {
  it('fits the contract', async () => {
    const { url, engine } = await runEngine({ servers: members(await named('a')) });
    await fetchText(url);
    serverStatusSchema.array().parse(engine.servers());
    listenerStatusSchema.array().parse(engine.listeners());
    metricsSchema.parse(engine.metrics());
  });

  it('refuses to act on what does not exist, and says what does', async () => {
    const { engine } = await runEngine({ servers: members(await named('a')) });
    expect(() => engine.setAdminState('api', 'z', 'drain')).toThrow('pool "api" has no server "z"; it has a');
    expect(() => engine.probe('nope', 'a')).toThrow('there is no pool "nope"; there is api');
    expect(() => engine.endSession('api', 's9')).toThrow('has no session "s9"');
  });
});
