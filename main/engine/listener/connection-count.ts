import { mostThreads } from '@shared/config/schema.ts';
import { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';

const lockAt = mostThreads;

/**
 * Connections that clients have to one address, of all threads together: each writes its own. Two listeners of one thread may share
 * it for a while, one that leaves and one that took its place.
 */
export class ConnectionCount {
  readonly #memory: Memory;
  readonly #cells: Int32Array;
  readonly #lock: Lock;

  /** @param address as it was really bound: the same in every thread */
  constructor(memory: Memory, address: string) {
    this.#memory = memory;
    this.#cells = new Int32Array(memory.common(`listener ${address} connections`, (lockAt + 1) * 4));
    this.#lock = new Lock(memory, this.#cells, lockAt);
  }

  /** One more, where there are fewer than so many. False where there are not: also for two threads at once never one too many. */
  add(most: number): boolean {
    this.#lock.acquire();
    const isRoom = this.#all < most;
    if (isRoom) this.#change(1);
    this.#lock.release();
    return isRoom;
  }

  remove(): void {
    this.#change(-1);
  }

  forgetThread(thread: number): void {
    this.#lock.freeFrom(thread);
    this.#cells[thread] = 0;
  }

  get #all(): number {
    let sum = 0;
    for (let thread = 0; thread < this.#memory.width; thread++) sum += this.#cells[thread]!;
    return sum;
  }

  #change(by: number): void {
    const { thread } = this.#memory;
    this.#cells[thread] = this.#cells[thread]! + by;
  }
}
