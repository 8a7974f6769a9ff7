import type { ServerStatus } from '@shared/contract/values.ts';
import { unavailability } from './pool/availability.ts';
import type { ServerPool } from './pool/server-pool.ts';

/** Every server of a pool as a new client would find it now. */
export function describeServers(pool: ServerPool, now: number): ServerStatus[] {
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
      available: reason === null,
      reason,
      lastProbe: server.lastProbe,
      probesRun: server.probesRun,
      probesFailed: server.probesFailed,
    };
  });
}
