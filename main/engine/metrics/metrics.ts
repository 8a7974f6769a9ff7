import type { Metrics, ServerTraffic } from '@shared/contract/values.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import { ServerPool } from '../pool/server-pool.ts';
import { hasFailed } from './has-failed.ts';
import type { LimitLog } from './limit-log.ts';
import { sharesWanted } from './shares.ts';
import { TrafficMeter, windowMs } from './traffic-meter.ts';

const sliceMs = 1_000;

/** Counts what happens and says what it amounts to. Pools and servers carry their own meters; this one has the rest. */
export interface MetricsKeeper {
  /** A request came in at a listener. */
  started(exchange: Exchange): void;
  /** It is over. @param endedAt clock's `now()` */
  finished(exchange: Exchange, endedAt: number): void;
  /** To be called every 250 ms or so. */
  tick(now: number): void;
  read(): Metrics;
  /** Counts for these listeners from now on, and forgets those that are gone. */
  keepListeners(names: ReadonlySet<string>): void;
}

export function createMetrics(
  clock: Clock,
  pools: () => Iterable<ServerPool>,
  limits: Pick<LimitLog, 'read'>,
): MetricsKeeper {
  const total = new TrafficMeter();
  const listeners = new Map<string, TrafficMeter>();
  /** Requests that failed for the client, by slice of the window, the present one first. */
  const failedSlices = [0];
  let failed = 0;
  let retried = 0;
  let savedByRetry = 0;
  let sliceEnds = clock.now() + sliceMs;

  function* meters(): Generator<TrafficMeter> {
    yield total;
    yield* listeners.values();
    for (const pool of pools()) {
      yield pool.traffic;
      for (const server of pool.servers) yield server.traffic;
    }
  }

  function readServers(pool: ServerPool, now: number, into: Metrics['servers']): void {
    const wanted = sharesWanted(pool, now);
    let recent = 0;
    for (const server of pool.servers) recent += server.traffic.recentRequests;
    for (const server of pool.servers) {
      const traffic: ServerTraffic = {
        ...server.traffic.read(),
        activeRequests: server.activeRequests,
        failedAttempts: server.failedAttempts,
        shareHad: recent === 0 ? null : server.traffic.recentRequests / recent,
        shareWanted: wanted.get(server) ?? null,
      };
      into[server.id] = traffic;
    }
  }

  return {
    started(exchange) {
      total.activeRequests += 1;
      const listener = listeners.get(exchange.listener);
      if (listener) listener.activeRequests += 1;
    },
    finished(exchange, endedAt) {
      const durationMs = endedAt - exchange.startedAt;
      total.activeRequests -= 1;
      total.finish(exchange.status, durationMs);
      // Missing for the last requests of a listener that was removed.
      const listener = listeners.get(exchange.listener);
      if (listener) {
        if (listener.activeRequests > 0) listener.activeRequests -= 1;
        listener.finish(exchange.status, durationMs);
      }
      const pool = exchange.pool instanceof ServerPool ? exchange.pool : null;
      if (pool) pool.traffic.finish(exchange.status, durationMs);
      const isFailure = hasFailed(exchange);
      if (isFailure) {
        failed += 1;
        failedSlices[0] = failedSlices[0]! + 1;
      }
      if (exchange.attemptCount > 1) {
        retried += 1;
        if (!isFailure) savedByRetry += 1;
        if (pool) pool.retries += exchange.attemptCount - 1;
      }
    },
    tick(now) {
      const roll = now >= sliceEnds;
      if (roll) sliceEnds = Math.max(sliceEnds + sliceMs, now);
      for (const meter of meters()) {
        if (roll) meter.roll();
        meter.tick(now);
      }
      if (!roll) return;
      failedSlices.unshift(0);
      if (failedSlices.length > windowMs / sliceMs + 1) failedSlices.pop();
    },
    read() {
      const now = clock.now();
      const recent = total.recentRequests;
      const recentFailed = failedSlices.reduce((sum, count) => sum + count, 0);
      const metrics: Metrics = {
        atMs: Math.round(clock.epoch()),
        windowMs,
        total: {
          ...total.read(),
          successRatio: recent === 0 ? null : 1 - recentFailed / recent,
          retried,
          savedByRetry,
          failed,
        },
        listeners: {},
        pools: {},
        servers: {},
        limits: limits.read(),
      };
      for (const [name, meter] of listeners) metrics.listeners[name] = meter.read();
      for (const pool of pools()) {
        metrics.pools[pool.name] = {
          ...pool.traffic.read(),
          activeRequests: pool.activeRequests,
          retries: pool.retries,
          sessions: pool.sessionCount,
        };
        readServers(pool, now, metrics.servers);
      }
      return metrics;
    },
    keepListeners(names) {
      for (const name of listeners.keys()) if (!names.has(name)) listeners.delete(name);
      for (const name of names) if (!listeners.has(name)) listeners.set(name, new TrafficMeter());
    },
  };
}
