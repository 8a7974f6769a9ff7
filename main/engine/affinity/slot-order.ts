/** Where the links of an order stand. */
export interface SlotOrderPlaces {
  /** Words of the head: the first and the last slot. */
  readonly oldestAt: number;
  readonly newestAt: number;
  /** Words of a slot: its neighbours. */
  readonly olderAt: number;
  readonly newerAt: number;
}

/** An order of slots in shared memory, as links between them. Every call is made under the pool's lock. */
export class SlotOrder {
  readonly #head: Int32Array;
  readonly #words: Int32Array;
  readonly #slotWords: number;
  readonly #places: SlotOrderPlaces;

  constructor(head: Int32Array, words: Int32Array, slotWords: number, places: SlotOrderPlaces) {
    this.#head = head;
    this.#words = words;
    this.#slotWords = slotWords;
    this.#places = places;
  }

  /** 0 where there is none. */
  get oldest(): number {
    return this.#head[this.#places.oldestAt]!;
  }

  get newest(): number {
    return this.#head[this.#places.newestAt]!;
  }

  clear(): void {
    this.#head[this.#places.oldestAt] = 0;
    this.#head[this.#places.newestAt] = 0;
  }

  append(slot: number): void {
    this.#insert(slot, this.newest);
  }

  /** Puts it behind all that are not after it; looks from the end. */
  place(slot: number, isAfter: (one: number, other: number) => boolean): void {
    let before = this.newest;
    while (before !== 0 && isAfter(before, slot)) before = this.#older(before);
    this.#insert(slot, before);
  }

  remove(slot: number): void {
    const older = this.#older(slot);
    const newer = this.#newer(slot);
    if (older === 0) this.#head[this.#places.oldestAt] = newer;
    else this.#link(older, this.#places.newerAt, newer);
    if (newer === 0) this.#head[this.#places.newestAt] = older;
    else this.#link(newer, this.#places.olderAt, older);
  }

  #insert(slot: number, before: number): void {
    const after = before === 0 ? this.oldest : this.#newer(before);
    this.#link(slot, this.#places.olderAt, before);
    this.#link(slot, this.#places.newerAt, after);
    if (before === 0) this.#head[this.#places.oldestAt] = slot;
    else this.#link(before, this.#places.newerAt, slot);
    if (after === 0) this.#head[this.#places.newestAt] = slot;
    else this.#link(after, this.#places.olderAt, slot);
  }

  #older(slot: number): number {
    return this.#words[(slot - 1) * this.#slotWords + this.#places.olderAt]!;
  }

  #newer(slot: number): number {
    return this.#words[(slot - 1) * this.#slotWords + this.#places.newerAt]!;
  }

  #link(slot: number, at: number, value: number): void {
    this.#words[(slot - 1) * this.#slotWords + at] = value;
  }
}
