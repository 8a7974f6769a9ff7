/** What stands in a `ConnectionList`, in one at a time. */
export interface Listed {
  /** Where in it; below zero for nowhere. The list's own. */
  place: number;
}

/**
 * Connections that are open, in no order. Not a `Set`: every time that one outgrows its table, V8 leaves in the old table a reference to
 * the new one, and a table that has grown old keeps the next alive with all that was in it. So connections that came and went
 * survived every quick collection of garbage.
 */
export class ConnectionList<Connection extends Listed> {
  readonly #all: Connection[] = [];

  get size(): number {
    return this.#all.length;
  }

  /** One that is in no list yet. */
  add(connection: Connection): void {
    connection.place = this.#all.length;
    this.#all.push(connection);
  }

  /** Nothing happens where it is not in the list. The last one takes its place. */
  delete(connection: Connection): void {
    const { place } = connection;
    if (place < 0) return;
    const last = this.#all.pop()!;
    if (last !== connection) {
      this.#all[place] = last;
      last.place = place;
    }
    connection.place = -1;
  }

  /** As they are now: may be changed while one goes through them. */
  list(): Connection[] {
    return this.#all.slice();
  }

  /** Not to be changed meanwhile. */
  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#all.values();
  }
}
