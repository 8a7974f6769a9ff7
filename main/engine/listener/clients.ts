import type { ClientConnection } from './client-connection.ts';

/** A connection that was used, or accepted, so recently does not make room: its next request may be on the way. */
const restedMs = 1_000;
/** Connections looked at in one search, so that a search costs at most about 20 µs. */
const mostLookedAt = 2_000;
/** Among so many idle ones the one idle longest is taken. */
const enoughIdle = 16;

/** The connections of a listener. */
export class Clients {
  readonly #all = new Set<ClientConnection>();
  /** Where the last search ended; the next one goes on from there, so that every connection has its turn. */
  #search: IterableIterator<ClientConnection> | null = null;

  get size(): number {
    return this.#all.size;
  }

  add(connection: ClientConnection): void {
    this.#all.add(connection);
  }

  delete(connection: ClientConnection): void {
    this.#all.delete(connection);
  }

  /** As they are now: may be changed while one goes through them. */
  list(): ClientConnection[] {
    return [...this.#all];
  }

  /**
   * Closes the connection that is idle longest, of those a bounded search comes by (as Redis samples what it evicts; nginx
   * keeps a list for it, which every request pays for). False where none is idle.
   */
  closeIdle(now: number): boolean {
    let longest: ClientConnection | null = null;
    let idle = 0;
    for (let looked = Math.min(mostLookedAt, this.#all.size); looked > 0 && idle < enoughIdle; looked--) {
      const connection = this.#next();
      if (!connection) break;
      if (!connection.isIdle || connection.idleMs(now) < restedMs) continue;
      idle += 1;
      if (longest === null || connection.idleMs(now) > longest.idleMs(now)) longest = connection;
    }
    longest?.closeWhenIdle();
    return longest !== null;
  }

  #next(): ClientConnection | undefined {
    const step = this.#search?.next();
    if (step && !step.done) return step.value;
    this.#search = this.#all.values();
    const first = this.#search.next();
    return first.done ? undefined : first.value;
  }
}
