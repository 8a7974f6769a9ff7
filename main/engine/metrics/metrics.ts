import type { Metrics, ServerTraffic } from '@shared/contract/metrics-values.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import { ServerPool } from '../pool/server-pool.ts';
import { Memory, type OwnBlocks } from '../threads/memory.ts';
import { hasFailed, hedgesOf, metFailure } from './has-failed.ts';
import type { LimitLog } from './limit-log.ts';
import { sharesWanted } from './shares.ts';
import { TrafficMeter, windowMs } from './traffic-meter.ts';

const sliceMs = 1_000;

const failedAt = 0;
const recentFailedAt = 1;
const retriedAt = 2;
const savedAt = 3;
const outcomeNumbers = 4;

/** What became of requests, counted by each thread for itself. */
class OutcomeCells {
  readonly #blocks: OwnBlocks;
  readonly #mine: Float64Array;

  constructor(memory: Memory) {
    this.#blocks = memory.own('outcomes', outcomeNumbers * 8);
    this.#mine = new Float64Array(this.#blocks.mine);
  }

  add(at: number, change: number): void {
    this.#mine[at] = this.#mine[at]! + change;
  }

  /** Of all threads. */
  sum(at: number): number {
    let sum = 0;
    for (const block of this.#blocks.all) sum += new Float64Array(block)[at]!;
    return sum;
  }

  forgetThread(thread: number): void {
    const block = this.#blocks.all[thread];
    if (block) new Float64Array(block)[recentFailedAt] = 0;
  }
}

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
  /** That thread of the data plane is gone, its requests with it. */
  forgetThread(thread: number): void;
}

export function createMetrics(
  clock: Clock,
  pools: () => Iterable<ServerPool>,
  limits: Pick<LimitLog, 'read'>,
  memory = new Memory(),
): MetricsKeeper {
  const total = new TrafficMeter(memory, 'total traffic');
  const outcomes = new OutcomeCells(memory);
  const listeners = new Map<string, TrafficMeter>();
  /** Requests of this thread that failed for the client, by slice of the window, the present one first. */
  const failedSlices = [0];
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
      total.begin();
      listeners.get(exchange.listener)?.begin();
    },
    finished(exchange, endedAt) {
      const durationMs = endedAt - exchange.startedAt;
      total.end();
      total.finish(exchange.status, durationMs);
      // Missing for the last requests of a listener that was removed.
      const listener = listeners.get(exchange.listener);
      if (listener) {
        listener.end();
        listener.finish(exchange.status, durationMs);
      }
      const pool = exchange.pool instanceof ServerPool ? exchange.pool : null;
      if (pool) pool.traffic.finish(exchange.status, durationMs);
      const isFailure = hasFailed(exchange);
      if (isFailure) {
        outcomes.add(failedAt, 1);
        outcomes.add(recentFailedAt, 1);
        failedSlices[0] = failedSlices[0]! + 1;
      }
      if (exchange.attemptCount > 1) {
        if (metFailure(exchange)) {
          outcomes.add(retriedAt, 1);
          if (!isFailure) outcomes.add(savedAt, 1);
        }
        total.retried(exchange.attemptCount - 1);
        if (pool) {
          pool.traffic.retried(exchange.attemptCount - 1);
          const hedges = hedgesOf(exchange);
          if (hedges > 0) pool.traffic.hedged(hedges, exchange.answeredBy?.hedge ?? false);
        }
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
      for (const pool of pools()) pool.queue.roll();
      failedSlices.unshift(0);
      if (failedSlices.length > windowMs / sliceMs + 1) outcomes.add(recentFailedAt, -failedSlices.pop()!);
    },
    read() {
      const now = clock.now();
      const recent = total.recentRequests;
      const metrics: Metrics = {
        atMs: Math.round(clock.epoch()),
        windowMs,
        total: {
          ...total.read(),
          successRatio: recent === 0 ? null : 1 - outcomes.sum(recentFailedAt) / recent,
          retried: outcomes.sum(retriedAt),
          savedByRetry: outcomes.sum(savedAt),
          failed: outcomes.sum(failedAt),
          attemptsPerRequest: total.attemptsPerRequest,
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
          retries: pool.traffic.retries,
          hedges: pool.traffic.hedges,
          hedgesWon: pool.traffic.hedgesWon,
          attemptsPerRequest: pool.traffic.attemptsPerRequest,
          retryBudget: pool.retryBudget(),
          batched: pool.traffic.batchedAttempts,
          sentApart: pool.traffic.sentApart,
          sessions: pool.sessions.count,
          queue: pool.queueTraffic(),
          circuit: pool.circuit.status(),
        };
        readServers(pool, now, metrics.servers);
      }
      return metrics;
    },
    keepListeners(names) {
      for (const [name, meter] of listeners) {
        if (names.has(name)) continue;
        listeners.delete(name);
        meter.forget();
      }
      for (const name of names) {
        if (!listeners.has(name)) listeners.set(name, new TrafficMeter(memory, `listener ${name} traffic`));
      }
    },
    forgetThread(thread) {
      total.forgetThread(thread);
      for (const meter of listeners.values()) meter.forgetThread(thread);
      for (const pool of pools()) pool.forgetThread(thread);
      outcomes.forgetThread(thread);
    },
  };
}
