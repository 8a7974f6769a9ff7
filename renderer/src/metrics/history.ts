import type { Metrics, Traffic } from '@shared/contract/metrics-values.ts';
import { invalidate } from './frame-loop.ts';
import { createRing, type Ring } from './ring.ts';

/** Samples come every 250 ms: a minute for sparklines, ten for the timeline's client lane. */
const minute = 240;
const tenMinutes = 2_400;
/** Whole samples kept, to compare counters before and after something happened. */
const wholeSamples = 80;

export interface Series {
  readonly rate: Ring;
  readonly p95: Ring;
  readonly active: Ring;
}

/** What clients saw, sample by sample; all rings have the same length. */
export interface ClientSeries {
  readonly atMs: Ring;
  readonly rate: Ring;
  readonly p50: Ring;
  readonly p95: Ring;
  readonly p99: Ring;
  /** 0 to 1. */
  readonly success: Ring;
}

/**
 * Everything measured lately, outside React: samples arrive four times a second, and what shows them writes to the page by
 * itself (`LiveText`, `Sparkline`, `useLive`).
 */
export interface MetricsHistory {
  push(metrics: Metrics): void;
  readonly latest: Metrics | undefined;
  /** Samples taken so far. */
  readonly samples: number;
  /** The newest sample taken at or before that moment, to compare counters with. */
  before(atMs: number): Metrics | undefined;
  readonly clients: ClientSeries;
  /** Of a server id, e.g. `api/api-1`. */
  server(id: string): Series;
  listener(name: string): Series;
  /** Highest rate of any server of the pool within the minute: the common scale of its sparklines. */
  poolPeak(pool: string): number;
  /** Calls after each sample, outside the frame loop. */
  onSample(listener: (metrics: Metrics) => void): () => void;
  clear(): void;
}

export function createMetricsHistory(changed: () => void = () => {}): MetricsHistory {
  const servers = new Map<string, Series>();
  const listeners = new Map<string, Series>();
  const sampleListeners = new Set<(metrics: Metrics) => void>();
  const samples: Metrics[] = [];
  const clients: ClientSeries = {
    atMs: createRing(tenMinutes),
    rate: createRing(tenMinutes),
    p50: createRing(tenMinutes),
    p95: createRing(tenMinutes),
    p99: createRing(tenMinutes),
    success: createRing(tenMinutes),
  };
  const peaks = new Map<string, number>();
  let taken = 0;

  const clear = (): void => {
    servers.clear();
    listeners.clear();
    samples.length = 0;
    peaks.clear();
    for (const ring of Object.values(clients)) ring.clear();
  };

  return {
    get latest() {
      return samples.at(-1);
    },
    get samples() {
      return taken;
    },
    clients,
    server: (id) => seriesOf(servers, id),
    listener: (name) => seriesOf(listeners, name),
    poolPeak: (pool) => peaks.get(pool) ?? 0,
    before(atMs) {
      for (let index = samples.length - 1; index >= 0; index--)
        if (samples[index]!.atMs <= atMs) return samples[index];
      return undefined;
    },
    push(metrics) {
      // Another run of Ballast, or a restarted engine: its counters begin anew, comparing across would lie.
      const last = samples.at(-1);
      if (last && (metrics.atMs < last.atMs || metrics.total.requests < last.total.requests))
        samples.length = 0;
      samples.push(metrics);
      taken += 1;
      if (samples.length > wholeSamples) samples.shift();
      const { total } = metrics;
      clients.atMs.push(metrics.atMs);
      clients.rate.push(total.ratePerSecond);
      clients.p50.push(total.p50Ms ?? Number.NaN);
      clients.p95.push(total.p95Ms ?? Number.NaN);
      clients.p99.push(total.p99Ms ?? Number.NaN);
      clients.success.push(total.successRatio ?? Number.NaN);
      take(listeners, metrics.listeners);
      take(servers, metrics.servers);
      peaks.clear();
      for (const [id, { rate }] of servers) {
        const pool = id.slice(0, id.indexOf('/'));
        peaks.set(pool, Math.max(peaks.get(pool) ?? 0, rate.max()));
      }
      for (const listener of sampleListeners) listener(metrics);
      changed();
    },
    onSample(listener) {
      sampleListeners.add(listener);
      return () => sampleListeners.delete(listener);
    },
    clear,
  };
}

/** The one history of this window. */
export const metricsHistory = createMetricsHistory(invalidate);

function seriesOf(all: Map<string, Series>, key: string): Series {
  let series = all.get(key);
  if (!series) {
    series = { rate: createRing(minute), p95: createRing(minute), active: createRing(minute) };
    all.set(key, series);
  }
  return series;
}

function take(all: Map<string, Series>, traffic: Readonly<Record<string, Traffic>>): void {
  for (const [key, { ratePerSecond, p95Ms, activeRequests }] of Object.entries(traffic)) {
    const series = seriesOf(all, key);
    series.rate.push(ratePerSecond);
    series.p95.push(p95Ms ?? Number.NaN);
    series.active.push(activeRequests);
  }
  for (const key of all.keys()) if (!Object.hasOwn(traffic, key)) all.delete(key);
}
