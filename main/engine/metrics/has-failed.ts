import type { Exchange } from '../exchange.ts';

/**
 * Whether the client saw a failure: 5xx or a broken connection. What it did itself (went away, asked for nonsense) is none.
 */
export function hasFailed(exchange: Exchange): boolean {
  if (exchange.clientLeft) return false;
  if (exchange.status >= 500) return true;
  const last = exchange.attemptCount === 0 ? null : exchange.attempts[exchange.attemptCount - 1]!;
  if (last === null || last.outcome === 'client-aborted') return false;
  if (last.outcome === 'failed-mid-response') return true;
  return exchange.status === 0 && exchange.error !== null;
}
