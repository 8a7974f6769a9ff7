import type { PoolCells } from './pool-cells.ts';

/** A pool's own `maxRequests`: exact over all threads, as it is looked at and counted under the pool's lock. */
export class PoolLimit {
  /** 0 is no limit. */
  maxRequests = 0;
  readonly #cells: PoolCells;

  constructor(cells: PoolCells) {
    this.#cells = cells;
  }

  get activeRequests(): number {
    return this.#cells.activeRequests;
  }

  get isReached(): boolean {
    return this.isReachedBeside(0);
  }

  /** The same for the successor of attempts that are in flight still, and end when it is chosen. */
  isReachedBeside(ending: number): boolean {
    return this.maxRequests !== 0 && this.#cells.activeRequests - ending >= this.maxRequests;
  }
}
