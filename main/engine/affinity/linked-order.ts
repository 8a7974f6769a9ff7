/** Place of one thing in an order. */
export class Link<T> {
  readonly of: T;
  older: Link<T> | null = null;
  newer: Link<T> | null = null;

  constructor(of: T) {
    this.of = of;
  }
}

/** A doubly linked list: to put a thing at its end, or to take one out, costs a few assignments. */
export class LinkedOrder<T> {
  #oldest: Link<T> | null = null;
  #newest: Link<T> | null = null;

  get oldest(): T | null {
    return this.#oldest === null ? null : this.#oldest.of;
  }

  isNewest(link: Link<T>): boolean {
    return link === this.#newest;
  }

  append(link: Link<T>): void {
    this.#insert(link, this.#newest);
  }

  /** Puts it behind all that are not after it; looks from the end. */
  place(link: Link<T>, isAfter: (one: T, other: T) => boolean): void {
    let before = this.#newest;
    while (before !== null && isAfter(before.of, link.of)) before = before.older;
    this.#insert(link, before);
  }

  remove(link: Link<T>): void {
    if (link.older) link.older.newer = link.newer;
    else if (this.#oldest === link) this.#oldest = link.newer;
    if (link.newer) link.newer.older = link.older;
    else if (this.#newest === link) this.#newest = link.older;
    link.older = null;
    link.newer = null;
  }

  /** Newest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let link = this.#newest; link; link = link.older) yield link.of;
  }

  #insert(link: Link<T>, before: Link<T> | null): void {
    const after = before === null ? this.#oldest : before.newer;
    link.older = before;
    link.newer = after;
    if (before) before.newer = link;
    else this.#oldest = link;
    if (after) after.older = link;
    else this.#newest = link;
  }
}
