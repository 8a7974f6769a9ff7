import type { RetryConfig } from '@shared/config/schema.ts';

const buckets = 10;
const bucketMs = 1_000;

/**
 * Keeps retries a share of the recent requests, so that a failing pool is not buried under repeats: at most
 * `budgetPercent` of the requests of the last 10 s, or `budgetMinPerSecond` for each of those seconds if that is more.
 * The budget of Linkerd and Finagle, counted over buckets of a second.
 */
export class RetryBudget {
  readonly #requests = new Float64Array(buckets);
  readonly #retries = new Float64Array(buckets);
  #bucket = 0;
  #bucketEnds: number;

  /** @param now the clock's */
  constructor(now: number) {
    this.#bucketEnds = now + bucketMs;
  }

  requestArrived(): void {
    this.#requests[this.#bucket] = this.#requests[this.#bucket]! + 1;
  }

  /** False where the budget is exhausted. */
  take(now: number, { budgetPercent, budgetMinPerSecond }: RetryConfig): boolean {
    this.roll(now);
    const share = Math.floor((sum(this.#requests) * budgetPercent) / 100);
    const least = budgetMinPerSecond * buckets;
    if (sum(this.#retries) >= Math.max(share, least)) return false;
    this.#retries[this.#bucket] = this.#retries[this.#bucket]! + 1;
    return true;
  }

  /** Forgets what is older than the window. To be called at least about once a second. */
  roll(now: number): void {
    if (now < this.#bucketEnds) return;
    const passed = Math.floor((now - this.#bucketEnds) / bucketMs) + 1;
    this.#bucketEnds += passed * bucketMs;
    for (let step = 0; step < Math.min(passed, buckets); step++) {
      this.#bucket = (this.#bucket + 1) % buckets;
      this.#requests[this.#bucket] = 0;
      this.#retries[this.#bucket] = 0;
    }
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
