import { strategies } from '@shared/catalog/strategies.ts';
import type { Server } from '../pool/server.ts';
import type { ServerPool } from '../pool/server-pool.ts';

/**
 * The share of new clients that strategy and weights promise each server now; null for all where load or clients decide.
 * Only the best level with an available server shares, and a server in slow start by its effective weight. A server at its `maxRequests` keeps its share: it is full for a moment,
 * and what it has just now is that share.
 */
export function sharesWanted(pool: ServerPool, now: number): Map<Server, number | null> {
  const { promisedShare } = strategies[pool.config.strategy.kind];
  const shares = new Map<Server, number | null>();
  for (const server of pool.servers) shares.set(server, promisedShare === 'none' ? null : 0);
  if (promisedShare === 'none') return shares;
  const available = pool.servers.filter((server) => {
    const reason = pool.reasonOf(server, now);
    return reason === null || reason === 'full';
  });
  const level = available.reduce((least, server) => Math.min(least, server.level), Number.POSITIVE_INFINITY);
  const sharing = available.filter((server) => server.level === level);
  const portion = (server: Server): number =>
    promisedShare === 'equal' ? 1 : pool.effectiveWeight(server, now);
  const whole = sharing.reduce((sum, server) => sum + portion(server), 0);
  for (const server of sharing) shares.set(server, portion(server) / whole);
  return shares;
}
