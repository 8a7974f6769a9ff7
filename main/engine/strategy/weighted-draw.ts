import type { Candidate } from './strategy.ts';

/**
 * Draws candidates by weight in O(log n): a number below the sum of all weights, looked up in their running sums. The sums are kept as
 * long as the same candidates are handed in; where all weigh the same none are needed.
 */
export class WeightedDraw {
  readonly #random: () => number;
  #of: readonly Candidate[] | null = null;
  #areEqual = true;
  /** After each candidate, the sum of its weight and all before it. */
  #sums = new Float64Array(16);

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Index of one of the candidates, of which there is at least one: each with the chance weight / sum of weights. */
  one(candidates: readonly Candidate[]): number {
    this.#prepare(candidates);
    const count = candidates.length;
    if (this.#areEqual) return Math.floor(this.#random() * count);
    return this.#at(this.#random() * this.#sums[count - 1]!, count);
  }

  /** Index of another than `first`, of two at least: drawn by weight among the others, wherever they stand. To follow `one` of the same. */
  another(candidates: readonly Candidate[], first: number): number {
    const count = candidates.length;
    if (this.#areEqual) {
      const index = Math.floor(this.#random() * (count - 1));
      return index < first ? index : index + 1;
    }
    // The line of weights with the first one's stretch cut out.
    const from = first === 0 ? 0 : this.#sums[first - 1]!;
    const stretch = this.#sums[first]! - from;
    const point = this.#random() * (this.#sums[count - 1]! - stretch);
    const index = this.#at(point < from ? point : point + stretch, count);
    if (index !== first) return index;
    // Only rounding leads here.
    return first + 1 < count ? first + 1 : first - 1;
  }

  /** The first whose running sum is beyond the point. */
  #at(point: number, count: number): number {
    const sums = this.#sums;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #prepare(candidates: readonly Candidate[]): void {
    if (candidates === this.#of) return;
    const count = candidates.length;
    if (this.#sums.length < count) this.#sums = new Float64Array(count * 2);
    const first = candidates[0]!.weight;
    let sum = 0;
    let areEqual = true;
    for (let index = 0; index < count; index++) {
      const { weight } = candidates[index]!;
      sum += weight;
      if (weight !== first) areEqual = false;
      this.#sums[index] = sum;
    }
    this.#areEqual = areEqual;
    this.#of = candidates;
  }
}
