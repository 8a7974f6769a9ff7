import { histogramBucket, histogramBuckets, quantiles } from '@shared/lib/histogram.ts';

/**
 * A histogram of the recent past: slices that are filled one after another, and their sum, from which the oldest is
 * subtracted when it leaves. Recording is two increments; memory is fixed.
 */
export class RollingHistogram {
  readonly #slices: Uint32Array[] = [];
  readonly #sliceCount: number;
  readonly #sum: Uint32Array;
  #current: Uint32Array;
  #next = 1;

  /** @param sum where the sum of the slices stands, `histogramBuckets` counts: others may read it */
  constructor(sliceCount: number, sum: Uint32Array = new Uint32Array(histogramBuckets)) {
    this.#sliceCount = sliceCount;
    this.#sum = sum;
    this.#current = new Uint32Array(histogramBuckets);
    this.#slices.push(this.#current);
  }

  /** Values recorded in the window. */
  get total(): number {
    return this.#sum.reduce((sum, count) => sum + count, 0);
  }

  record(value: number): void {
    const bucket = histogramBucket(value);
    this.#current[bucket] = this.#current[bucket]! + 1;
    this.#sum[bucket] = this.#sum[bucket]! + 1;
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
    return quantiles({ counts: this.#sum, total: this.total }, wanted);
  }

  #forget(slice: Uint32Array): void {
    for (let bucket = 0; bucket < slice.length; bucket++) {
      const count = slice[bucket]!;
      if (count !== 0) this.#sum[bucket] = this.#sum[bucket]! - count;
    }
    slice.fill(0);
  }
}
