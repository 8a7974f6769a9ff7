import { Worker } from 'node:worker_threads';
import type { Config } from '@shared/config/schema.ts';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { Capability } from '@shared/contract/frames.ts';
import { type Metrics, metricsSchema } from '@shared/contract/metrics-values.ts';
import { type RequestSummary, requestSummarySchema } from '@shared/contract/request-values.ts';
import { type ServerStatus, serverStatusSchema } from '@shared/contract/server-values.ts';
import { describe, expect, it, vi } from 'vitest';
import { workerChannel } from '../../../main/control/channels/worker-channel.ts';
import { afterThisTest } from '../../support/after-this-test.ts';
import { fetchText } from '../../support/http-client.ts';
import { builtWorker } from '../../support/owner-kit.ts';
import { oneListener } from '../../support/running-engine.ts';
import { members, named } from '../../support/servers-of-test.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

async function startWorker(): Promise<{ worker: Worker; client: ContractClient; exited: Promise<number> }> {
  const worker = new Worker(builtWorker, { workerData: { version: '1.2.3' } });
  const exited = new Promise<number>((resolve) => worker.on('exit', resolve));
  afterThisTest(() => worker.terminate());
  return { worker, client: await connect(workerChannel(worker)), exited };
}

async function twoServers(bind = '127.0.0.1:0'): Promise<Config> {
  const servers = await named('a', 'b');
  return oneListener({ servers: members(servers) }, bind);
}

describe('the engine in its worker thread', () => {
  it('grants its owner what it needs and tells its version', async () => {
    const { client } = await startWorker();
    expect(client.version).toBe('1.2.3');
    expect(client.capabilities).toEqual<Capability[]>(['read', 'operate', 'own']);
  });

  it('runs a configuration, and publishes servers, metrics, requests and events', async () => {
    const { client } = await startWorker();
    const servers = new Map<string, ServerStatus>();
    client.state('servers', {
      onSnapshot: (entries) => entries.forEach(([id, status]) => void servers.set(id, status)),
      onChange: (set) => set.forEach(([id, status]) => void servers.set(id, status)),
    });
    let metrics: Metrics | undefined;
    client.sample('metrics', (value) => {
      metrics = value;
    });
    const requests: RequestSummary[] = [];
    client.log('requests', ({ entries }) => requests.push(...entries));
    const events: BallastEvent[] = [];
    client.log('events', ({ entries }) => events.push(...entries));

    const { listeners } = await client.call('engine.apply', { config: await twoServers() });
    await until(
      'both verdicts',
      () => [...servers.values()].filter(({ verdict }) => verdict === 'healthy').length === 2,
    );
    for (const status of servers.values()) serverStatusSchema.parse(status);
    for (let request = 0; request < 10; request++) await fetchText(listeners[0]!.url);
    await until('the requests', () => requests.length === 10);
    for (const request of requests) requestSummarySchema.parse(request);
    await until('the metrics', () => metrics?.total.requests === 10);
    metricsSchema.parse(metrics);
    expect(metrics!.servers['api/a']).toMatchObject({ requests: 5, shareHad: 0.5, shareWanted: 0.5 });
    expect(events.map(({ kind }) => kind)).toContain('verdict-changed');

    const detail = await client.call('request.get', { id: requests[0]!.id });
    expect(detail.attemptList[0]!.decision!.sentence).toMatch(/^Round robin chose a/);
    const set = client.call('server.set-admin-state', { pool: 'api', server: 'a', adminState: 'drain' });
    expect(await set).toEqual({ before: 'ready' });
    await until('the state', () => servers.get('api/a')?.reason === 'drain');
    expect((await client.call('status.get', {})).servers).toHaveLength(2);
  });

  it('refuses a port in use with the place in the configuration, and goes on', async () => {
    const { client } = await startWorker();
    const first = await client.call('engine.apply', { config: await twoServers() });
    const other = await startWorker();
    const taken = await twoServers(first.listeners[0]!.address);
    await expect(other.client.call('engine.apply', { config: taken })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/listener "web" cannot bind .*EADDRINUSE/),
      problems: [{ path: ['listeners', 0, 'bind'] }],
    });
    const free = await other.client.call('engine.apply', { config: await twoServers() });
    expect((await fetchText(free.listeners[0]!.url)).status).toBe(200);
    await expect(client.call('request.get', { id: 'nope' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('stops when told, and tells how many requests were cut', async () => {
    const { client } = await startWorker();
    const { listeners } = await client.call('engine.apply', { config: await twoServers() });
    const cut = fetchText(`${listeners[0]!.url}/slow?ms=30000`).then(
      () => 'answered',
      () => 'cut',
    );
    await until('the request to run', async () => {
      const { metrics } = await client.call('status.get', {});
      return metrics.total.activeRequests === 1;
    });
    expect(await client.call('engine.stop', { graceMs: 50 })).toEqual({ unfinishedRequests: 1 });
    expect(await cut).toBe('cut');
    await expect(fetchText(listeners[0]!.url)).rejects.toThrow();
  });
});
