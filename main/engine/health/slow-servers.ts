import type { OutlierDetectionConfig } from '@shared/config/schema.ts';
import { windowMs } from '../metrics/traffic-meter.ts';
import type { Server } from '../pool/server.ts';
import { forgetReason, type OutlierDeps, tryToEject } from './outlier.ts';

interface Timed {
  readonly server: Server;
  readonly medianMs: number;
}

/**
 * Ejects servers that answer far more slowly than the others. What is compared is each server's median over the window of the metrics,
 * which is the p50 that people see: one slow request, or one slow page among many, moves a mean and a peak EWMA, but not a median. It
 * is there already, so that this costs requests nothing. To be called once a second, in the one thread that knows the times of all.
 */
export function ejectSlow(now: number, config: OutlierDetectionConfig, deps: OutlierDeps): void {
  const { latencyFactor, minimumRequests, minimumLatencyMs } = config;
  if (latencyFactor === 0) return;
  const timed = timesOf(deps.servers(), minimumRequests, now);
  const slow = new Set<Server>();
  for (const { server, medianMs } of timed.toSorted((a, b) => b.medianMs - a.medianMs)) {
    // Whoever was ejected just now is no measure for the others.
    const others = timed.filter((each) => each.server !== server && each.server.ejectedUntil === 0);
    const against = medianOf(others.map((each) => each.medianMs));
    const isSlow = against !== null && medianMs >= minimumLatencyMs && medianMs > latencyFactor * against;
    if (!isSlow) continue;
    slow.add(server);
    tryToEject(server, 'latency', medianMs, against, config, deps);
  }
  for (const server of deps.servers())
    if (server.outlier.cause === 'latency' && !slow.has(server)) forgetReason(server);
}

/** Servers in service whose times are many enough, and all of after their last return. */
function timesOf(servers: readonly Server[], minimumRequests: number, now: number): Timed[] {
  return servers.flatMap((server) => {
    if (server.ejectedUntil !== 0 || server.adminState === 'maintenance') return [];
    if (server.returnedAt !== 0 && now - server.returnedAt < windowMs) return [];
    const { count, medianMs } = server.traffic.recentTimes();
    return medianMs === null || count < minimumRequests ? [] : [{ server, medianMs }];
  });
}

/** Of an even number the lower of the middle two: who is compared with one fast and one slow server is compared with the fast one. */
function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
