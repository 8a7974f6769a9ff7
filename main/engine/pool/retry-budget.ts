import type { RetryConfig } from '@shared/config/schema.ts';
import type { RetryBudgetStatus } from '@shared/contract/metrics-values.ts';

const buckets = 10;
const bucketMs = 1_000;
const bucketAt = 0;
const endsAt = 1;
const requestsAt = 2;
const retriesAt = requestsAt + buckets;
/** Numbers a budget keeps. */
export const budgetCells = retriesAt + buckets;

/**
 * Keeps retries a share of the recent requests, so that a failing pool is not buried under repeats: at most
 * `budgetPercent` of the requests of the last 10 s, or `budgetMinPerSecond` for each of those seconds if that is more.
 * The budget of Linkerd and Finagle, counted over buckets of a second. One budget for all threads: where there are several, the
 * caller holds the pool's lock.
 */
export class RetryBudget {
  readonly #cells: Float64Array;

  /**
   * @param now the clock's
   * @param cells where it counts, `budgetCells` numbers; what stands there already goes on
   */
  constructor(now: number, cells: Float64Array = new Float64Array(budgetCells)) {
    this.#cells = cells;
    if (cells[endsAt] === 0) cells[endsAt] = now + bucketMs;
  }

  requestArrived(): void {
    this.#count(requestsAt);
  }

  /** False where the budget is exhausted. */
  take(now: number, config: RetryConfig): boolean {
    if (!this.has(now, config)) return false;
    this.#count(retriesAt);
    return true;
  }

  /** Whether one could be taken now. */
  has(now: number, config: RetryConfig): boolean {
    this.roll(now);
    const { used, allowed } = this.read(config);
    return used < allowed;
  }

  /** One that was taken came to nothing: no attempt was made. The youngest is as good as any; one older than the window is gone anyway. */
  giveBack(): void {
    const cells = this.#cells;
    for (let back = 0; back < buckets; back++) {
      const at = retriesAt + ((cells[bucketAt]! + buckets - back) % buckets);
      if (cells[at] === 0) continue;
      cells[at] = cells[at]! - 1;
      return;
    }
  }

  /** What was taken of it in the window, and how much that may be. */
  read({ budgetPercent, budgetMinPerSecond }: RetryConfig): RetryBudgetStatus {
    const share = Math.floor((this.#sum(requestsAt) * budgetPercent) / 100);
    const least = budgetMinPerSecond * buckets;
    return { used: this.#sum(retriesAt), allowed: Math.max(share, least) };
  }

  /** Forgets what is older than the window. To be called at least about once a second. */
  roll(now: number): void {
    const cells = this.#cells;
    const ends = cells[endsAt]!;
    if (now < ends) return;
    const passed = Math.floor((now - ends) / bucketMs) + 1;
    cells[endsAt] = ends + passed * bucketMs;
    for (let step = 0; step < Math.min(passed, buckets); step++) {
      const bucket = (cells[bucketAt]! + 1) % buckets;
      cells[bucketAt] = bucket;
      cells[requestsAt + bucket] = 0;
      cells[retriesAt + bucket] = 0;
    }
  }

  #count(from: number): void {
    const at = from + this.#cells[bucketAt]!;
    this.#cells[at] = this.#cells[at]! + 1;
  }

  #sum(from: number): number {
    let total = 0;
    for (let at = from; at < from + buckets; at++) total += this.#cells[at]!;
    return total;
  }
}
