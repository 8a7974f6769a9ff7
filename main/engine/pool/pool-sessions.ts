import type { AffinityConfig } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/values.ts';
import { Affinity, sharedSessionsFor } from '../affinity/affinity.ts';
import type { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';

/** The sessions of a pool: none while it has no affinity. Ends what is over, and takes each step under the pool's lock. */
export class PoolSessions {
  /** To be asked under the pool's lock; null where the pool has none. */
  affinity: Affinity | null = null;
  readonly #pool: string;
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;

  constructor(pool: string, deps: PoolDeps, cells: PoolCells) {
    this.#pool = pool;
    this.#deps = deps;
    this.#cells = cells;
  }

  get count(): number {
    return this.affinity?.size ?? 0;
  }

  /** A configuration is about to come: the memory it needs is there before another thread asks for it. */
  expect(affinity: AffinityConfig): void {
    const { memory } = this.#deps;
    if (affinity.type === 'none') return;
    if (affinity.type === this.affinity?.config.type) this.affinity.expect(affinity);
    if (this.#isFirst && memory.isShared)
      sharedSessionsFor(affinity, { pool: this.#pool, memory, lock: this.#cells.lock });
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    this.affinity?.expectNoMore();
  }

  /** Takes over a changed rule. Sessions of the same kind stay. */
  configure(affinity: AffinityConfig): void {
    const current = this.affinity;
    if (affinity.type !== 'none' && affinity.type === current?.config.type) {
      current.configure(affinity, this.#deps.clock.now());
      return;
    }
    if (this.#isFirst) current?.endAll('the kind of affinity was changed');
    current?.forget();
    const { clock, events, codec, limits, memory } = this.#deps;
    const { lock } = this.#cells;
    this.affinity =
      affinity.type === 'none'
        ? null
        : new Affinity(affinity, { pool: this.#pool, clock, events, codec, limits, memory, lock });
  }

  /** The pool is no longer configured. */
  forget(): void {
    this.affinity?.forget();
  }

  /** Ends what is over. To be called a few times a second. */
  expire(now: number): void {
    const { lock } = this.#cells;
    let more = this.#isFirst;
    while (more) {
      lock.acquire();
      more = this.affinity?.expire(now) ?? false;
      lock.release();
    }
  }

  list(filter: (session: Session) => boolean, limit: number): { sessions: Session[]; total: number } {
    return this.affinity?.list(filter, limit) ?? { sessions: [], total: 0 };
  }

  /** False where there is no such session. */
  end(handle: string): boolean {
    const { affinity } = this;
    if (!affinity) return false;
    const key = affinity.keyOf(handle);
    if (key === undefined) return false;
    const { lock } = this.#cells;
    lock.acquire();
    const ended = affinity.end(key);
    lock.release();
    return ended;
  }

  get #isFirst(): boolean {
    return this.#deps.memory.thread === 0;
  }
}
