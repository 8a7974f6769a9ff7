import type { RetryConfig } from '@shared/config/schema.ts';

/**
 * How long to wait before a retry: anything from nothing to `base`, twice that with each further retry and at most `max`, so
 * that those who failed together do not come back together. "Full jitter" of the AWS Architecture Blog (Exponential Backoff And
 * Jitter, 2015): of the ways it compares, the one with the fewest calls. Envoy draws from the same range.
 *
 * @param retries waited for so far, from 0
 * @param random gives 0 to 1
 * @returns milliseconds
 */
export function backoffMs({ backoff }: RetryConfig, retries: number, random: () => number): number {
  const { baseMs, maxMs } = backoff;
  return baseMs === 0 ? 0 : random() * Math.min(maxMs, baseMs * 2 ** retries);
}
