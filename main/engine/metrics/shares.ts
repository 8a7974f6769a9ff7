import { strategies } from '@shared/catalog/strategies.ts';
import { unavailability } from '../pool/availability.ts';
import type { Server } from '../pool/server.ts';
import type { ServerPool } from '../pool/server-pool.ts';

/**
 * The share of new clients that strategy and weights promise each server now; null for all where load or clients decide.
 * Backups share only while no primary server is available. A server at its `maxRequests` keeps its share: it is full for a moment,
 * and what it has just now is that share.
 */
export function sharesWanted(pool: ServerPool, now: number): Map<Server, number | null> {
  const { promisedShare } = strategies[pool.config.strategy.kind];
  const shares = new Map<Server, number | null>();
  for (const server of pool.servers) shares.set(server, promisedShare === 'none' ? null : 0);
  if (promisedShare === 'none') return shares;
  const available = pool.servers.filter((server) => {
    const reason = unavailability(server, now, false);
    return reason === null || reason === 'full';
  });
  const primaries = available.filter(({ backup }) => !backup);
  const sharing = primaries.length > 0 ? primaries : available;
  const portion = (server: Server): number => (promisedShare === 'equal' ? 1 : server.weight);
  const whole = sharing.reduce((sum, server) => sum + portion(server), 0);
  for (const server of sharing) shares.set(server, portion(server) / whole);
  return shares;
}
