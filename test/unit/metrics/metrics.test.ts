import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../main/engine/metrics/metrics.ts';
import { TrafficMeter } from '../../../main/engine/metrics/traffic-meter.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

function metricsKit(input: Parameters<typeof poolKit>[0]) {
  const kit = poolKit(input);
  const metrics = createMetrics(kit.clock, () => [kit.pool], kit.limits);
  metrics.keepListeners(new Set(['web']));
  return {
    ...kit,
    metrics,
    read: () => metricsSchema.parse(metrics.read()),
    /** @param outcomes of the attempts, in turn; the last decides what the client got */
    request(outcomes: ('responded' | 'connect-failed' | 'client-aborted')[], status = 200) {
      const exchange = kit.request();
      metrics.started(exchange);
      for (const outcome of outcomes) {
        if (!kit.pool.choose(exchange)) break;
        kit.end(exchange, outcome, outcome === 'responded' ? status : 0);
      }
      metrics.finished(exchange, kit.clock.now());
    },
  };
}

describe('traffic meter', () => {
  it('tells the rate over the last second that was really measured', () => {
    const meter = new TrafficMeter();
    meter.tick(0);
    for (let tick = 1; tick <= 8; tick++) {
      for (let request = 0; request < 25; request++) meter.finish(200, 1);
      meter.tick(tick * 250);
    }
    expect(meter.ratePerSecond).toBe(100);
    meter.tick(4_000); // a late tick: nothing came for two seconds
    expect(meter.ratePerSecond).toBeLessThan(100);
    for (let tick = 17; tick <= 24; tick++) meter.tick(tick * 250);
    expect(meter.ratePerSecond).toBe(0);
  });

  it('counts classes of status and leaves switched protocols out of the response times', () => {
    const meter = new TrafficMeter();
    meter.finish(101, 60_000);
    meter.finish(204, 2);
    meter.finish(404, 2);
    meter.finish(503, 2);
    meter.finish(0, 9_000);
    expect(meter.read()).toMatchObject({ requests: 5, statusClasses: [1, 1, 0, 1, 1] });
    expect(meter.read().p99Ms).toBeCloseTo(2, 1);
  });
});

describe('metrics', () => {
  it('count a retried request once for the client and every attempt for its server', () => {
    const kit = metricsKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    kit.request(['connect-failed', 'responded']);
    const { total, servers, pools, listeners } = kit.read();
    expect(total).toMatchObject({ requests: 1, retried: 1, savedByRetry: 1, failed: 0, activeRequests: 0 });
    expect(total.successRatio).toBe(1);
    expect(pools.api).toMatchObject({ requests: 1, retries: 1, sessions: 0 });
    expect(listeners.web).toMatchObject({ requests: 1, activeRequests: 0 });
    expect(servers['api/a']).toMatchObject({ requests: 1, failedAttempts: 1 });
    expect(servers['api/b']).toMatchObject({ requests: 1, failedAttempts: 0 });
  });

  it('tell how many attempts each request took, over the window and since start', () => {
    const kit = metricsKit({
      servers: serversNamed({ a: 1, b: 1, c: 1 }),
      outlierDetection: { consecutiveFailures: 0 },
    });
    expect(kit.read().total.attemptsPerRequest).toEqual({ recent: null, sinceStart: null });
    kit.request(['connect-failed', 'connect-failed', 'responded']);
    for (let request = 0; request < 3; request++) kit.request(['responded']);
    const both = { recent: 1.5, sinceStart: 1.5 };
    expect(kit.read().pools.api!.attemptsPerRequest).toEqual(both);
    expect(kit.read().total.attemptsPerRequest).toEqual(both);
    for (let now = 2_000; now <= 13_000; now += 1_000) kit.metrics.tick(now);
    kit.request(['responded']);
    expect(kit.read().pools.api!.attemptsPerRequest).toEqual({ recent: 1, sinceStart: 1.4 });
    expect(kit.read().total.attemptsPerRequest).toEqual({ recent: 1, sinceStart: 1.4 });
  });

  it('tell how much of the retry budget is used', () => {
    const kit = metricsKit({ servers: serversNamed({ a: 1 }), retry: { budgetMinPerSecond: 1 } });
    expect(kit.read().pools.api!.retryBudget).toEqual({ used: 0, allowed: 10 });
    kit.pool.takeRetry();
    for (let request = 0; request < 100; request++) kit.request(['responded']);
    expect(kit.read().pools.api!.retryBudget).toEqual({ used: 1, allowed: 20 });
  });

  it('do not blame the service for clients that go away, nor for refused requests', () => {
    const kit = metricsKit({ servers: serversNamed({ a: 1 }) });
    kit.request(['client-aborted']);
    kit.request(['responded'], 404);
    kit.request(['responded'], 500);
    expect(kit.read().total.failed).toBe(1);
    expect(kit.read().servers['api/a']!.failedAttempts).toBe(0);
    expect(kit.read().total.successRatio).toBeCloseTo(2 / 3);
  });

  it('tell the share that each server had and the one its weight promises among the available', () => {
    const kit = metricsKit({
      servers: serversNamed({ a: 5, b: 1, c: 1 }),
      strategy: 'weighted-round-robin',
    });
    for (let request = 0; request < 70; request++) kit.request(['responded']);
    expect(kit.read().servers['api/a']!.shareHad).toBeCloseTo(5 / 7);
    expect(kit.read().servers['api/a']!.shareWanted).toBeCloseTo(5 / 7);
    kit.server('a').verdict = 'unhealthy';
    expect(kit.read().servers['api/a']!.shareWanted).toBe(0);
    expect(kit.read().servers['api/b']!.shareWanted).toBe(0.5);
  });

  it('promise a server its share also while it is full, and backups nothing for that', () => {
    const [a, b, c] = serversNamed({ a: 1, b: 1, c: 1 });
    const kit = metricsKit({
      servers: [
        { ...a!, maxRequests: 1 },
        { ...b!, maxRequests: 2 },
        { ...c!, backup: true },
      ],
    });
    const shares = () => {
      const { servers } = kit.read();
      return ['api/a', 'api/b', 'api/c'].map((id) => servers[id]!.shareWanted);
    };
    for (const name of ['a', 'b', 'b']) {
      expect(shares()).toEqual([0.5, 0.5, 0]);
      kit.server(name).requestBegan();
    }
    expect(shares()).toEqual([0.5, 0.5, 0]);
  });

  it.each([
    ['round-robin', 0.5],
    ['least-connections', null],
    ['ip-hash', null],
  ] as const)('promise by %s: %s', (strategy, wanted) => {
    const kit = metricsKit({ servers: serversNamed({ a: 3, b: 1 }), strategy });
    expect(kit.read().servers['api/a']!.shareWanted).toBe(wanted);
  });

  it('forget what is older than the window', async () => {
    const kit = metricsKit({ servers: serversNamed({ a: 1 }) });
    kit.request(['responded'], 500);
    expect(kit.read().total.successRatio).toBe(0);
    for (let tick = 0; tick < 50; tick++) {
      await kit.clock.advance(250);
      kit.metrics.tick(kit.clock.now());
    }
    const { total, servers } = kit.read();
    expect(total).toMatchObject({ requests: 1, failed: 1, successRatio: null, p99Ms: null });
    expect(servers['api/a']!.shareHad).toBeNull();
  });
});
