// What is done to the figures: medians, quartiles, paired ratios and how sure one may be of them. Pure.

/** @typedef {{ median: number, q1: number, q3: number, low: number, high: number, pairs: number }} Spread */

/**
 * A generator of numbers in [0, 1) that a seed repeats (mulberry32).
 * @param {number} seed a whole number
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * In random order; the input stays as it is (Fisher and Yates).
 * @template T
 * @param {readonly T[]} items
 * @param {() => number} random
 * @returns {T[]}
 */
export function shuffled(items, random) {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [result[index], result[other]] = [/** @type {T} */ (result[other]), /** @type {T} */ (result[index])];
  }
  return result;
}

/**
 * The value below which a share of the numbers lies, between two neighbours in proportion; NaN of nothing.
 * @param {readonly number[]} numbers
 * @param {number} share 0 to 1
 */
export function quantile(numbers, share) {
  const sorted = numbers.filter((each) => !Number.isNaN(each)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const place = (sorted.length - 1) * share;
  const below = /** @type {number} */ (sorted[Math.floor(place)]);
  const above = /** @type {number} */ (sorted[Math.ceil(place)]);
  return below + (above - below) * (place - Math.floor(place));
}

/** @param {readonly number[]} numbers */
export const median = (numbers) => quantile(numbers, 0.5);

/**
 * Median with quartiles, and the 95 % interval of that median by the bootstrap (1,000 draws, percentile method).
 * @param {readonly number[]} numbers
 * @param {() => number} random
 * @returns {Spread}
 */
export function spread(numbers, random) {
  const usable = numbers.filter((each) => Number.isFinite(each));
  /** @type {number[]} */
  const medians = [];
  if (usable.length > 0)
    for (let draw = 0; draw < 1_000; draw++)
      medians.push(median(usable.map(() => usable[Math.floor(random() * usable.length)] ?? Number.NaN)));
  return {
    median: median(usable),
    q1: quantile(usable, 0.25),
    q3: quantile(usable, 0.75),
    low: quantile(medians, 0.025),
    high: quantile(medians, 0.975),
    pairs: usable.length,
  };
}

/**
 * Ratios of one figure between two peers, only of rounds that both took part in: what drifts with the hour falls out.
 * @param {readonly { round: number }[]} rounds
 * @param {readonly { round: number }[]} others
 * @param {(round: any) => number} figure
 * @returns {number[]}
 */
export function pairedRatios(rounds, others, figure) {
  /** @type {number[]} */
  const ratios = [];
  for (const own of rounds) {
    const other = others.find(({ round }) => round === own.round);
    if (other === undefined) continue;
    const ratio = figure(own) / figure(other);
    if (Number.isFinite(ratio)) ratios.push(ratio);
  }
  return ratios;
}
