import { mostThreads } from '@shared/config/schema.ts';
import type { Memory } from '../threads/memory.ts';

/** A window is so many slots, so that what leaves it leaves in steps of a tenth. */
const slots = 10;
const numberAt = 0;
const endedAt = 1;
const failedAt = 2;
const perSlot = 3;
const widthAt = 0;
const perThread = 1 + slots * perSlot;

/** Bytes a window takes in shared memory. */
export const countWindowBytes = mostThreads * perThread * 4;

/**
 * How many of the recent attempts (or requests) failed. Each thread counts in slots of its own, without a lock; whoever wants to know
 * adds up those of all. A slot says by its number of which time it is, so that nobody has to clear what is over.
 */
export class CountWindow {
  /** What `read` found. */
  ended = 0;
  failed = 0;
  readonly #cells: Uint32Array;
  readonly #memory: Memory;
  readonly #mine: number;

  /** @param block at least `countWindowBytes` from `offset` on */
  constructor(memory: Memory, block: SharedArrayBuffer, offset: number) {
    this.#cells = new Uint32Array(block, offset, mostThreads * perThread);
    this.#memory = memory;
    this.#mine = memory.thread * perThread;
  }

  /** One more of this thread. @param now clock's `now()` */
  add(now: number, windowMs: number, isFailed: boolean): void {
    const cells = this.#cells;
    const mine = this.#mine;
    // Slots of another width say nothing about times of this one.
    if (cells[mine + widthAt] !== windowMs) {
      cells.fill(0, mine, mine + perThread);
      cells[mine + widthAt] = windowMs;
    }
    const number = slotNumber(now, windowMs);
    const at = mine + 1 + (number % slots) * perSlot;
    if (cells[at + numberAt] !== number) {
      cells[at + endedAt] = 0;
      cells[at + failedAt] = 0;
      cells[at + numberAt] = number;
    }
    cells[at + endedAt] = cells[at + endedAt]! + 1;
    if (isFailed) cells[at + failedAt] = cells[at + failedAt]! + 1;
  }

  /** Adds up what all threads counted within the window: `ended` and `failed`. Never older than the window, and at most a tenth of it younger. */
  read(now: number, windowMs: number): void {
    const cells = this.#cells;
    const newest = slotNumber(now, windowMs);
    this.ended = 0;
    this.failed = 0;
    const end = this.#memory.width * perThread;
    for (let thread = 0; thread < end; thread += perThread) {
      if (cells[thread + widthAt] !== windowMs) continue;
      for (let at = thread + 1; at < thread + perThread; at += perSlot) {
        const number = cells[at + numberAt]!;
        const age = newest - number;
        // Another thread may be a little ahead.
        if (number === 0 || age >= slots || age < -1) continue;
        this.ended += cells[at + endedAt]!;
        this.failed += cells[at + failedAt]!;
      }
    }
  }

  /** Continues what another window counted, in all threads. */
  inherit(from: CountWindow): void {
    this.#cells.set(from.#cells);
  }

  /** Forgets everything, in all threads: what was counted says nothing about what comes. */
  clear(): void {
    for (let thread = 0; thread < mostThreads; thread++)
      for (let slot = 0; slot < slots; slot++) this.#cells[thread * perThread + 1 + slot * perSlot] = 0;
  }
}

/** From 1: a slot that was never used is of no time. */
function slotNumber(now: number, windowMs: number): number {
  return Math.floor((now * slots) / windowMs) + 1;
}
