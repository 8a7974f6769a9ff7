import type { ServerStatus } from '@shared/contract/values.ts';
import { timesEjected } from './health/outlier.ts';
import { outlierText, withheldText } from './health/outlier-text.ts';
import { unavailability } from './pool/availability.ts';
import type { ServerPool } from './pool/server-pool.ts';

/** Every server of a pool as a new client would find it now. */
export function describeServers(pool: ServerPool, now: number): ServerStatus[] {
  const { outlierDetection } = pool.config;
  const own = pool.servers.map((server) => ({ server, reason: unavailability(server, now, false) }));
  const primaryAvailable = own.some(({ server, reason }) => reason === null && !server.backup);
  return own.map(({ server, reason: own }) => {
    const reason = own === null && server.backup && primaryAvailable ? 'backup' : own;
    return {
      id: server.id,
      pool: server.pool,
      name: server.name,
      address: server.addressText,
      adminState: server.adminState,
      verdict: server.verdict,
      verdictSinceMs: server.verdictSinceMs,
      ejectedUntilMs: server.ejectedUntilMs,
      ejectedBecause: server.ejectedUntil === 0 ? null : outlierText(server.outlier, outlierDetection),
      timesEjected: timesEjected(server, outlierDetection, now),
      notEjected: withheldText(server.outlier, outlierDetection),
      available: reason === null,
      reason,
      lastProbe: server.probes.last,
      lastFailedProbe: server.probes.lastFailed,
      probesRun: server.probes.run,
      probesFailed: server.probes.failed,
    };
  });
}
