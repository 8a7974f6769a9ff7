import type { PoolConfig } from '@shared/config/schema.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';

/**
 * How a replay comes by the key of the `hash` strategy. `computed`: from what was recorded in clear (or there is no such
 * strategy); `hashes`: a field or a cookie, of which the hashes were recorded; `missing`: one of which nothing was.
 */
export type KeySource = 'computed' | 'hashes' | 'missing';

/** @param recorded the pool as it was recorded @param simulated and as it is to run */
export function keySourceOf(
  requests: readonly RecordedRequest[],
  recorded: PoolConfig,
  simulated: PoolConfig,
): KeySource {
  const key = hiddenKeyOf(simulated);
  if (key === null) return 'computed';
  const isSame = hiddenKeyOf(recorded) === key;
  return isSame && requests.some((request) => request.key !== null) ? 'hashes' : 'missing';
}

/** `header:x` and `cookie:x` as two that are the same to the strategy are: fields have no case. */
function hiddenKeyOf({ strategy }: PoolConfig): string | null {
  if (strategy.kind !== 'hash') return null;
  if (strategy.key.startsWith('header:')) return strategy.key.toLowerCase();
  return strategy.key.startsWith('cookie:') ? strategy.key : null;
}
