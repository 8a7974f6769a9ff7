import {
  createHistogram,
  type Histogram,
  histogramBucket,
  histogramBuckets,
  quantiles,
} from '@shared/lib/histogram.ts';

/**
 * A histogram of the recent past: slices that are filled one after another, and their sum, from which the oldest is
 * subtracted when it leaves. Recording is two increments; memory is fixed.
 */
export class RollingHistogram {
  readonly #slices: Uint32Array[] = [];
  readonly #sliceCount: number;
  readonly #sum: Histogram = createHistogram();
  #current: Uint32Array;
  #next = 1;

  constructor(sliceCount: number) {
    this.#sliceCount = sliceCount;
    this.#current = new Uint32Array(histogramBuckets);
    this.#slices.push(this.#current);
  }

  /** Values recorded in the window. */
  get total(): number {
    return this.#sum.total;
  }

  record(value: number): void {
    const bucket = histogramBucket(value);
    this.#current[bucket] = this.#current[bucket]! + 1;
    this.#sum.counts[bucket] = this.#sum.counts[bucket]! + 1;
    this.#sum.total += 1;
  }

  /** Begins a new slice; the one that is older than the window is forgotten. */
  roll(): void {
    const oldest = this.#slices[this.#next % this.#sliceCount];
    if (oldest) this.#forget(oldest);
    this.#current = oldest ?? new Uint32Array(histogramBuckets);
    this.#slices[this.#next % this.#sliceCount] = this.#current;
    this.#next += 1;
  }

  quantiles(wanted: readonly number[]): (number | null)[] {
    return quantiles(this.#sum, wanted);
  }

  #forget(slice: Uint32Array): void {
    const { counts } = this.#sum;
    for (let bucket = 0; bucket < slice.length; bucket++) {
      const count = slice[bucket]!;
      if (count === 0) continue;
      counts[bucket] = counts[bucket]! - count;
      this.#sum.total -= count;
    }
    slice.fill(0);
  }
}
