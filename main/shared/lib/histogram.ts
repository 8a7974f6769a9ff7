/** Buckets per doubling of the value: a bucket is at most 1/32 of its value wide, so its middle is at most 1/64 off. */
const perDoubling = 32;
const shift = 5;
/** Values from 2^32 on are counted as the largest one (an hour and more, in microseconds). */
const highest = 2 ** 32 - 1;

/** Number of counters a histogram needs. */
export const histogramBuckets = perDoubling * (32 - shift + 1);
/** Largest relative error of a percentile, for values of 32 and more; smaller whole values are exact. */
export const histogramError = 1 / (2 * perDoubling);

/**
 * The bucket of a value: linear up to 32, then 32 buckets per doubling, as in HdrHistogram. Negative values count as 0,
 * fractions are cut.
 */
export function histogramBucket(value: number): number {
  const whole = value >= highest ? highest : value > 0 ? Math.floor(value) : 0;
  if (whole < perDoubling) return whole;
  const exponent = 31 - Math.clz32(whole);
  const step = exponent - shift;
  return step * perDoubling + (whole >>> step);
}

/** The middle of a bucket. */
export function histogramValue(bucket: number): number {
  if (bucket < 2 * perDoubling) return bucket;
  const step = Math.floor(bucket / perDoubling) - 1;
  const width = 2 ** step;
  return (bucket - step * perDoubling) * width + (width - 1) / 2;
}

/** Counts of values from 0 to 2^32 - 1 in a fixed array: the memory never grows, the relative error is `histogramError`. */
export interface Histogram {
  readonly counts: Uint32Array;
  total: number;
}

export function createHistogram(): Histogram {
  return { counts: new Uint32Array(histogramBuckets), total: 0 };
}

export function recordValue(histogram: Histogram, value: number): void {
  const bucket = histogramBucket(value);
  histogram.counts[bucket] = histogram.counts[bucket]! + 1;
  histogram.total += 1;
}

/**
 * Values at the given quantiles (0 to 1, ascending), nearest rank: at least that share of the values is not above it.
 * Null for each where nothing was recorded.
 */
export function quantiles(histogram: Histogram, wanted: readonly number[]): (number | null)[] {
  const { counts, total } = histogram;
  if (total === 0) return wanted.map(() => null);
  const found: (number | null)[] = [];
  let bucket = -1;
  let seen = 0;
  for (const quantile of wanted) {
    const rank = Math.min(total, Math.max(1, Math.ceil(quantile * total)));
    while (seen < rank) {
      bucket += 1;
      seen += counts[bucket]!;
    }
    found.push(histogramValue(bucket));
  }
  return found;
}
