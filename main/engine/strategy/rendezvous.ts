import { mixHash } from './hash.ts';
import type { Candidate } from './strategy.ts';

/**
 * Weighted rendezvous hashing (highest random weight: Thaler and Ravishankar 1998, with the logarithmic weighting of Schindelhauer and
 * Schomaker 2005): every server draws a number from the key and its own id, and the highest score, -weight / ln(draw), wins. A
 * server's leaving moves only its own keys, and its return brings exactly those back. A pick takes O(n).
 */
export function score(key: number, candidate: Candidate): number {
  const draw = (mixHash(key, candidate.seed) + 0.5) / 4_294_967_296;
  return -candidate.weight / Math.log(draw);
}

/** Who has the highest score for a key, which it leaves in `seen` of each. @param key 32 bits, unsigned */
export function pickHighest<T extends Candidate>(candidates: readonly T[], key: number): T {
  let best = candidates[0]!;
  let bestScore = -1;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    const own = score(key, candidate);
    candidate.seen = own;
    if (own > bestScore || (own === bestScore && candidate.id < best.id)) {
      // By id where two scores are equal: the order of the file must not decide.
      best = candidate;
      bestScore = own;
    }
  }
  return best;
}

/**
 * The same with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2018): nobody is given more than `factor` times its share, by weight, of
 * the requests in flight with this one, rounded up; the next in the key's own order takes it. Since the bounds
 * together are more than all requests, somebody is always below its own.
 *
 * @param factor at least 1
 */
export function pickBounded<T extends Candidate>(candidates: readonly T[], key: number, factor: number): T {
  let requests = 1;
  let weights = 0;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    requests += candidate.activeRequests;
    weights += candidate.weight;
  }
  const perWeight = (factor * requests) / weights;
  let best: T | null = null;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    const own = score(key, candidate);
    candidate.seen = own;
    if (candidate.activeRequests >= boundOf(candidate.weight, perWeight)) continue;
    if (best === null || own > best.seen || (own === best.seen && candidate.id < best.id)) best = candidate;
  }
  return best ?? pickHighest(candidates, key);
}

/** Most requests in flight, this one included. @param perWeight factor x requests in flight, this one included / sum of weights */
export function boundOf(weight: number, perWeight: number): number {
  // What rounding adds to a whole number must not become another request.
  return Math.ceil(weight * perWeight - 1e-9);
}
