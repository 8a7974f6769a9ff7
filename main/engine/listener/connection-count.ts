import { mostThreads } from '@shared/config/schema.ts';
import type { Memory } from '../threads/memory.ts';

/** Connections that clients have to one address, of all threads together: each writes its own. */
export class ConnectionCount {
  readonly #memory: Memory;
  readonly #cells: Int32Array;

  /** @param address as it was really bound: the same in every thread */
  constructor(memory: Memory, address: string) {
    this.#memory = memory;
    this.#cells = new Int32Array(memory.common(`listener ${address} connections`, mostThreads * 4));
  }

  /** This thread has so many. */
  set(connections: number): void {
    this.#cells[this.#memory.thread] = connections;
  }

  /** What other threads have. */
  get others(): number {
    const { thread, width } = this.#memory;
    let sum = 0;
    for (let other = 0; other < width; other++) if (other !== thread) sum += this.#cells[other]!;
    return sum;
  }

  forgetThread(thread: number): void {
    this.#cells[thread] = 0;
  }
}
