import type { SeenCandidate } from './strategy.ts';

/** What every strategy says of a choice that was none. */
export const onlyOne = 'the only one to choose from';

/** A number as a sentence needs it: three digits that count, whole ones as they are. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** `2 in flight / weight 3`. */
export function inFlight({ activeRequests, weight }: SeenCandidate): string {
  return `${activeRequests} in flight / weight ${figure(weight)}`;
}

/** The one of the lowest `seen`. */
export function lowest(candidates: readonly SeenCandidate[]): SeenCandidate | undefined {
  let best = candidates[0];
  for (const candidate of candidates) if (best && candidate.seen < best.seen) best = candidate;
  return best;
}

/** The one of the highest `seen`. */
export function highest(candidates: readonly SeenCandidate[]): SeenCandidate | undefined {
  let best = candidates[0];
  for (const candidate of candidates) if (best && candidate.seen > best.seen) best = candidate;
  return best;
}
