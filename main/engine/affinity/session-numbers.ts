import type { SavedSessions } from '@shared/contract/saved-sessions.ts';
import type { Memory } from '../threads/memory.ts';

const block = 'session numbers';
/** The largest that fits a slot of the shared table. */
const largest = 2 ** 31 - 1;

/** What a session is called by people and commands. */
export const handleOf = (number: number): string => `s${number}`;

export const numberOf = (handle: string): number => Number(handle.slice(1));

/**
 * Counts the sessions of all pools and threads together: the journal and events go on telling of sessions that are over, also of a
 * pool that was removed, and no other client may come to be called as one of those. Begins anew after 2,147,483,647.
 */
export class SessionNumbers {
  readonly #given: Int32Array;

  constructor(memory: Memory) {
    this.#given = new Int32Array(memory.common(block, 4));
  }

  /** Under no lock: two pools ask at the same time. */
  next(): number {
    const number = (Atomics.add(this.#given, 0, 1) + 1) & largest;
    return number === 0 ? this.next() : number;
  }

  /** Sessions of an earlier run keep their names. Before any client was let in, in the first thread. */
  leaveOut({ pools }: SavedSessions): void {
    let last = Atomics.load(this.#given, 0) & largest;
    for (const { sessions } of pools)
      for (const { handle } of sessions) {
        const number = numberOf(handle);
        if (number > last && number <= largest) last = number;
      }
    Atomics.store(this.#given, 0, last);
  }
}

/** Goes on counting where an engine that crashed left off. @param given of that engine: four bytes, zeros for the first */
export function countOn(memory: Memory, given: SharedArrayBuffer): void {
  memory.adopt({ thread: 0, common: new Map([[block, given]]), own: new Map(), names: [] });
}
