import type { UnavailableReason } from '@shared/contract/server-values.ts';
import type { Server } from './server.ts';

/**
 * Why a server takes no request, by its own facts alone (`backup` and `tried` follow from its neighbours and the request): the first
 * reason that applies, what a person decided before what was measured; null for an available server.
 *
 * @param now clock's `now()` @param bound a client with a session there is let in where a new one is not
 */
export function unavailability(server: Server, now: number, bound: boolean): UnavailableReason | null {
  if (server.adminState === 'maintenance') return 'maintenance';
  if (server.adminState === 'drain') {
    if (isDrained(server, now)) return 'drained';
    if (!bound) return 'drain';
  }
  // Not yet known counts as healthy: traffic flows at once, and an attempt that fails is retried elsewhere.
  if (server.verdict === 'unhealthy') return 'unhealthy';
  // After the ejection one trial request goes through; until it has gone well, no other.
  if (server.ejectedUntil !== 0 && (now < server.ejectedUntil || server.isOnTrial)) return 'ejected';
  if (server.configuredWeight === 0 && !bound) return 'weight-zero';
  // Last: who is only full is worth waiting for.
  if (isFull(server)) return 'full';
  return null;
}

/** The deadline of its drain has passed: not even clients with a session there are let in. */
export function isDrained({ drainUntil }: Server, now: number): boolean {
  return drainUntil !== 0 && now >= drainUntil;
}

/** Neither probes nor real traffic speak against it. Says nothing of load, nor of what an operator wants. */
export function isHealthy(server: Server, now: number): boolean {
  if (server.verdict === 'unhealthy') return false;
  return server.ejectedUntil === 0 || (now >= server.ejectedUntil && !server.isOnTrial);
}

/** Whether it has as many requests in flight as it may. */
export function isFull(server: Server): boolean {
  // In this order: what is in flight is a sum over threads.
  return server.maxRequests !== 0 && server.activeRequests >= server.maxRequests;
}
