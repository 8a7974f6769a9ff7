import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { answerStatus, grpcServer } from '../../support/grpc-health-server.ts';
import { fetchText } from '../../support/http-client.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 });

const timing = { interval: '60ms', timeout: '20s', rise: 2, fall: 2 } as const;

/** A service whose health, as its body tells it, the test decides. */
async function service(name: string) {
  const state = { health: 'up' };
  const server = createServer((request, response) =>
    response.end(request.url === '/health' ? `{"status":"${state.health}"}` : name),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterThisTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('health checks of a running engine', () => {
  it('take a server out whose answers say that it is ill, and tell the whole history', async () => {
    const [a, b] = [await service('a'), await service('b')];
    const body = { matches: '"status":\\s*"(?:up|ok)"' };
    const { engine, url } = await runEngine({
      servers: [
        { name: 'a', address: a.address },
        { name: 'b', address: b.address },
      ],
      healthCheck: { type: 'http', path: '/health', body, ...timing },
    });
    const verdictOf = (name: string) => engine.servers().find((server) => server.name === name)!.verdict;
    await until('both to be healthy', () => verdictOf('a') === 'healthy' && verdictOf('b') === 'healthy');
    a.state.health = 'overloaded';
    await until('a to be out', () => verdictOf('a') === 'unhealthy');
    for (let request = 0; request < 4; request++) expect((await fetchText(url)).body).toBe('b');
    const ill = engine.servers()[0]!;
    expect(ill.lastFailedProbe?.detail).toBe('200, its body does not match /"status":\\s*"(?:up|ok)"/');
    a.state.health = 'ok';
    await until('a to be back', () => verdictOf('a') === 'healthy');

    const { probes, run, failed } = engine.probes('api', 'a');
    expect(run).toBeGreaterThanOrEqual(5);
    expect(failed).toBe(probes.filter(({ succeeded }) => !succeeded).length);
    const verdicts = probes.map(({ verdict }) => verdict);
    expect([...new Set(verdicts)]).toEqual(['healthy', 'unhealthy']);
    expect(verdicts.at(-1)).toBe('healthy');
    expect(() => engine.probes('api', 'c')).toThrow('has no server "c"');
  });

  it('ask over gRPC, and keep a server out from the start until it serves', async () => {
    let status = 2;
    const health = await grpcServer(({ stream }) => answerStatus(stream, status));
    afterThisTest(() => health.close());
    const { engine, url } = await runEngine({
      servers: [{ name: 'a', address: `127.0.0.1:${health.port}` }],
      healthCheck: { type: 'grpc', service: 'shop.v1.Orders', initial: 'unhealthy', ...timing },
    });
    expect(engine.servers()[0]).toMatchObject({ verdict: 'unhealthy', reason: 'unhealthy' });
    expect((await fetchText(url)).status).toBe(503);
    await until('a probe', () => engine.servers()[0]!.probesRun > 0);
    expect(engine.servers()[0]!.lastProbe!.detail).toBe('NOT_SERVING, expected SERVING');
    status = 1;
    await until('it to be healthy', () => engine.servers()[0]!.verdict === 'healthy');
    expect(engine.events.read(0, 99).map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'a is taken for unhealthy until 2 probes in a row succeed (initial)',
        'a is healthy: 2 probes in a row succeeded, the last one with: SERVING',
      ]),
    );
  });
});
