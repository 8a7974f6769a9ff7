/** A request that will be answered. */
export interface Departure {
  /** On the virtual clock. */
  readonly at: number;
  /** Index of its server. */
  readonly server: number;
  readonly serviceMs: number;
}

/** The requests in flight of a simulation, the one that is answered first in front: a binary heap. */
export class Departures {
  readonly #heap: Departure[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the first is answered; Infinity where there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(at: number, server: number, serviceMs: number): void {
    const heap = this.#heap;
    const added = { at, server, serviceMs };
    let place = heap.length;
    heap.push(added);
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (heap[above]!.at <= at) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = added;
  }

  /** Takes out the one that is answered first. There must be one. */
  take(): Departure {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = place * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below += 1;
      if (heap[below]!.at >= last.at) break;
      heap[place] = heap[below]!;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}
