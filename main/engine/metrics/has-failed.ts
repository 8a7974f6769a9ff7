import type { Exchange } from '../exchange.ts';

/** Attempts that were begun beside others. */
export function hedgesOf({ attempts, attemptCount }: Exchange): number {
  let count = 0;
  for (let index = 1; index < attemptCount; index++) if (attempts[index]!.hedge) count += 1;
  return count;
}

/** Whether an attempt failed, so that another became the one the client was answered by. One that was only overtaken has not failed. */
export function metFailure({ attempts, attemptCount, decisiveAttempt }: Exchange): boolean {
  let isBehind = false;
  for (let index = 0; index < attemptCount; index++) {
    const attempt = attempts[index]!;
    // One begun beside the attempt that was answered, and behind it, is no reason why that was made.
    if (attempt === decisiveAttempt) isBehind = true;
    else if (attempt.outcome !== 'cancelled' && !(isBehind && attempt.hedge)) return true;
  }
  return false;
}

/**
 * Whether the client saw a failure: 5xx or a broken connection. What it did itself (went away, asked for nonsense) is none.
 */
export function hasFailed(exchange: Exchange): boolean {
  if (exchange.clientLeft) return false;
  if (exchange.status >= 500) return true;
  const last = exchange.decisiveAttempt;
  if (last === null || last.outcome === 'client-aborted') return false;
  if (last.outcome === 'failed-mid-response') return true;
  return exchange.status === 0 && exchange.error !== null;
}
