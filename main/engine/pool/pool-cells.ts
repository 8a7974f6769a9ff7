import { mostThreads } from '@shared/config/schema.ts';
import { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import { budgetCells } from './retry-budget.ts';

const lockAt = 0;
/** For each thread: its requests in flight. */
const activeAt = 4;
const words = activeAt + mostThreads;
const picksAt = 0;
const slowStartsAt = 1;
const panicAt = 2;
const notesAt = 4;
/** Numbers that a strategy may keep of the pool as a whole. */
const notes = 4;
const furtherNotesAt = notesAt + notes;
const budgetAt = furtherNotesAt + notes;

/** What all threads know of one pool beside its servers. */
export class PoolCells {
  readonly lock: Lock;
  /** The strategy's: zeros at first, and whenever the strategy is replaced. */
  readonly notes: Float64Array;
  /** The same for retries and hedges. */
  readonly furtherNotes: Float64Array;
  readonly budget: Float64Array;
  /** Clock's `now()` when any server's slow start last began; 0 where none ever did. */
  readonly slowStarts: Float64Array;
  readonly #memory: Memory;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(memory: Memory, name: string) {
    const block = memory.common(name, words * 4 + (budgetAt + budgetCells) * 8);
    this.#memory = memory;
    this.#words = new Int32Array(block, 0, words);
    this.lock = new Lock(memory, this.#words, lockAt);
    this.#numbers = new Float64Array(block, words * 4);
    this.notes = this.#numbers.subarray(notesAt, notesAt + notes);
    this.furtherNotes = this.#numbers.subarray(furtherNotesAt, furtherNotesAt + notes);
    this.budget = this.#numbers.subarray(budgetAt);
    this.slowStarts = this.#numbers.subarray(slowStartsAt, slowStartsAt + 1);
  }

  /** Requests in flight at its servers, those removed meanwhile included; of all threads. */
  get activeRequests(): number {
    let sum = 0;
    for (let at = activeAt; at < activeAt + this.#memory.width; at++) sum += this.#words[at]!;
    return sum;
  }

  /** @param change 1 or -1, of this thread */
  addActive(change: number): void {
    const at = activeAt + this.#memory.thread;
    this.#words[at] = this.#words[at]! + change;
  }

  /** That thread is gone, its requests with it. */
  forgetThread(thread: number): void {
    this.#words[activeAt + thread] = 0;
  }

  /** It was told that the pool is in panic. */
  get isInPanic(): boolean {
    return this.#numbers[panicAt] === 1;
  }
  set isInPanic(isIn: boolean) {
    this.#numbers[panicAt] = isIn ? 1 : 0;
  }

  /** Numbers the picks of all threads in the order in which they were made. To be called under the lock. */
  nextPick(): number {
    const pick = this.#numbers[picksAt]! + 1;
    this.#numbers[picksAt] = pick;
    return pick;
  }
}
