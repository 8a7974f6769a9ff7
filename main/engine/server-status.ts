import type { ServerStatus } from '@shared/contract/server-values.ts';
import { timesEjected } from './health/outlier.ts';
import { outlierText, withheldText } from './health/outlier-text.ts';
import { unavailability } from './pool/availability.ts';
import type { Server } from './pool/server.ts';
import type { ServerPool } from './pool/server-pool.ts';

/** Probes or failures keep even bound clients away, unless panic lets them in. */
function isUnwell(server: Server, now: number): boolean {
  const reason = unavailability(server, now, true);
  return reason === 'unhealthy' || reason === 'ejected';
}

/** Every server of a pool as a new client would find it now. */
export function describeServers(pool: ServerPool, now: number): ServerStatus[] {
  const { outlierDetection } = pool.config;
  const all = pool.servers.map((server) => ({ server, reason: pool.reasonOf(server, now) }));
  let level = Number.POSITIVE_INFINITY;
  for (const { server, reason } of all) if (reason === null) level = Math.min(level, server.level);
  return all.map(({ server, reason: own }) => {
    const standby = server.backup ? 'backup' : 'priority';
    const reason = own === null && server.level > level ? standby : own;
    return {
      id: server.id,
      pool: server.pool,
      name: server.name,
      address: server.addressText,
      adminState: server.adminState,
      drainUntilMs: server.drainUntilMs,
      verdict: server.verdict,
      verdictSinceMs: server.verdictSinceMs,
      ejectedUntilMs: server.ejectedUntilMs,
      ejectedBecause: server.ejectedUntil === 0 ? null : outlierText(server.outlier, outlierDetection),
      timesEjected: timesEjected(server, outlierDetection, now),
      notEjected: withheldText(server.outlier, outlierDetection),
      effectiveWeight: Math.round(pool.effectiveWeight(server, now) * 100) / 100,
      inPanic: pool.panicCovers(server) && isUnwell(server, now),
      available: reason === null,
      reason,
      lastProbe: server.probes.last,
      lastFailedProbe: server.probes.lastFailed,
      probesRun: server.probes.run,
      probesFailed: server.probes.failed,
    };
  });
}
