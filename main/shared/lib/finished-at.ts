import type { RequestSummary } from '../contract/request-values.ts';

/** When a request was over, in milliseconds since 1970: the order of lists. One that took long appears when it ends. */
export function finishedMs({ atMs, durationMs }: Pick<RequestSummary, 'atMs' | 'durationMs'>): number {
  return atMs + durationMs;
}
