import { hashText } from '../strategy/hash.ts';
import type { Memory } from '../threads/memory.ts';
import {
  boundNewerAt,
  boundOlderAt,
  chainAt,
  keyBytes,
  lastUsedAt,
  numberAt,
  pinnedAt,
  sinceAt,
  slotBytes,
  slotTimes,
  slotWords,
  usedNewerAt,
  usedOlderAt,
} from './shared-session-layout.ts';
import { readText, writeText } from './shared-text.ts';
import { SlotOrder } from './slot-order.ts';

/** Words of the head. */
const sizeAt = 0;
const pinnedSizeAt = 1;
const freeAt = 2;
/** Slots that were ever used. */
const usedAt = 3;
const closedAt = 4;
const leastUsedAt = 5;
const lastUsedSlotAt = 6;
const firstBoundAt = 7;
const lastBoundAt = 8;
const headWords = 9;

/**
 * The slots of a table of sessions in one block of shared memory: a hash table with chains, and two orders as links between
 * its slots, which are counted from 1. What stands in a slot says `shared-session-layout.ts`. Every call is made under the
 * pool's lock.
 */
export class SharedSlots {
  /** A power of two. */
  readonly capacity: number;
  readonly #head: Int32Array;
  readonly #buckets: Int32Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #byUse: SlotOrder;
  readonly #byAge: SlotOrder;

  constructor(memory: Memory, block: string, capacity: number) {
    this.capacity = capacity;
    let offset = 0;
    const place = (bytes: number): number => {
      const at = offset;
      offset += bytes;
      return at;
    };
    const timesAt = place(capacity * slotTimes * 8);
    const headAt = place(headWords * 4);
    const bucketsAt = place(capacity * 4);
    const wordsAt = place(capacity * slotWords * 4);
    const bytesAt = place(capacity * slotBytes);
    const shared = memory.common(block, offset);
    this.#times = new Float64Array(shared, timesAt, capacity * slotTimes);
    this.#head = new Int32Array(shared, headAt, headWords);
    this.#buckets = new Int32Array(shared, bucketsAt, capacity);
    this.#words = new Int32Array(shared, wordsAt, capacity * slotWords);
    this.#bytes = new Uint8Array(shared, bytesAt, capacity * slotBytes);
    const order = (oldestAt: number, newestAt: number, olderAt: number, newerAt: number): SlotOrder =>
      new SlotOrder(this.#head, this.#words, slotWords, { oldestAt, newestAt, olderAt, newerAt });
    this.#byUse = order(leastUsedAt, lastUsedSlotAt, usedOlderAt, usedNewerAt);
    this.#byAge = order(firstBoundAt, lastBoundAt, boundOlderAt, boundNewerAt);
  }

  /** Slots that hold a session. */
  get size(): number {
    return this.#head[sizeAt]!;
  }

  /** Slots that were ever used: the sessions are among the first so many. */
  get used(): number {
    return this.#head[usedAt]!;
  }

  /** The sessions have moved to another table. */
  get isClosed(): boolean {
    return this.#head[closedAt] === 1;
  }

  close(): void {
    this.#head[closedAt] = 1;
  }

  get pinned(): number {
    return this.#head[pinnedSizeAt]!;
  }

  /** The slot whose session was not used for longest, of those that are not pinned; 0 where there is none. */
  get leastUsed(): number {
    return this.#byUse.oldest;
  }

  /** The slot whose session was bound first, of those that are not pinned; 0 where there is none. */
  get firstBound(): number {
    return this.#byAge.oldest;
  }

  /** The slot with this key as it is stored; 0 where there is none. */
  find(stored: string): number {
    let slot = this.#buckets[this.#bucketOf(stored)]!;
    while (slot !== 0 && !this.#hasKey(slot, stored)) slot = this.word(slot, chainAt);
    return slot;
  }

  /** A slot that holds no session, out of the chains; 0 where all do. */
  takeFree(): number {
    const free = this.#head[freeAt]!;
    if (free !== 0) {
      this.#head[freeAt] = this.word(free, chainAt);
      return free;
    }
    if (this.used === this.capacity) return 0;
    this.#head[usedAt] = this.used + 1;
    return this.used;
  }

  /** Its key and its facts stand there: it can be found from now on, as the one used and bound last. */
  add(slot: number, stored: string): void {
    this.#chain(slot, stored);
    this.#byUse.append(slot);
    this.#byAge.append(slot);
    this.#head[sizeAt] = this.size + 1;
  }

  /** Its session is over. */
  free(slot: number): void {
    this.setWord(slot, numberAt, 0);
    this.#unchain(slot);
    if (this.#isPinned(slot)) this.#head[pinnedSizeAt] = this.pinned - 1;
    else this.#unlink(slot);
    this.#giveBack(slot);
    this.#head[sizeAt] = this.size - 1;
  }

  /** It is the one used last. */
  makeNewest(slot: number): void {
    if (slot === this.#byUse.newest || this.#isPinned(slot)) return;
    this.#byUse.remove(slot);
    this.#byUse.append(slot);
  }

  pin(slot: number, pinned: boolean): void {
    if (this.#isPinned(slot) === pinned) return;
    this.setWord(slot, pinnedAt, pinned ? 1 : 0);
    this.#head[pinnedSizeAt] = this.pinned + (pinned ? 1 : -1);
    if (pinned) this.#unlink(slot);
    else {
      this.#byUse.place(slot, (one, other) => this.time(one, lastUsedAt) > this.time(other, lastUsedAt));
      this.#byAge.place(slot, (one, other) => this.time(one, sinceAt) > this.time(other, sinceAt));
    }
  }

  /** A slot whose session is pinned; 0 where there is none. */
  anyPinned(): number {
    for (let slot = 1; slot <= this.used; slot++)
      if (this.word(slot, numberAt) !== 0 && this.#isPinned(slot)) return slot;
    return 0;
  }

  /** Links everything anew: many slots were filled at once, or a thread was ended while it changed something, which may be gone. */
  relink(): void {
    const used = Array.from({ length: this.used }, (_, index) => index + 1);
    const taken = used.filter((slot) => this.word(slot, numberAt) !== 0);
    const free = taken.filter((slot) => !this.#isPinned(slot));
    this.#buckets.fill(0);
    this.#byUse.clear();
    this.#byAge.clear();
    this.#head[freeAt] = 0;
    this.#head[sizeAt] = taken.length;
    this.#head[pinnedSizeAt] = taken.length - free.length;
    for (const slot of used) if (this.word(slot, numberAt) === 0) this.#giveBack(slot);
    for (const slot of taken) this.#chain(slot, this.text(slot, 0, keyBytes));
    const by = (at: number) => free.sort((one, other) => this.time(one, at) - this.time(other, at));
    for (const slot of by(lastUsedAt)) this.#byUse.append(slot);
    for (const slot of by(sinceAt)) this.#byAge.append(slot);
  }

  word(slot: number, at: number): number {
    return this.#words[(slot - 1) * slotWords + at]!;
  }

  setWord(slot: number, at: number, value: number): void {
    this.#words[(slot - 1) * slotWords + at] = value;
  }

  time(slot: number, at: number): number {
    return this.#times[(slot - 1) * slotTimes + at]!;
  }

  setTime(slot: number, at: number, value: number): void {
    this.#times[(slot - 1) * slotTimes + at] = value;
  }

  text(slot: number, at: number, bytes: number): string {
    return readText(this.#bytes, (slot - 1) * slotBytes + at, bytes);
  }

  setText(slot: number, at: number, bytes: number, text: string): void {
    writeText(this.#bytes, (slot - 1) * slotBytes + at, bytes, text);
  }

  #giveBack(slot: number): void {
    this.setWord(slot, chainAt, this.#head[freeAt]!);
    this.#head[freeAt] = slot;
  }

  #bucketOf(stored: string): number {
    return hashText(stored) & (this.capacity - 1);
  }

  #hasKey(slot: number, stored: string): boolean {
    const bytes = this.#bytes;
    const at = (slot - 1) * slotBytes;
    if (bytes[at] !== stored.length) return false;
    for (let index = 0; index < stored.length; index++)
      if (bytes[at + 1 + index] !== stored.charCodeAt(index)) return false;
    return true;
  }

  #chain(slot: number, stored: string): void {
    const bucket = this.#bucketOf(stored);
    this.setWord(slot, chainAt, this.#buckets[bucket]!);
    this.#buckets[bucket] = slot;
  }

  #unchain(slot: number): void {
    const bucket = this.#bucketOf(this.text(slot, 0, keyBytes));
    const next = this.word(slot, chainAt);
    let at = this.#buckets[bucket]!;
    if (at === slot) this.#buckets[bucket] = next;
    else {
      while (this.word(at, chainAt) !== slot) at = this.word(at, chainAt);
      this.setWord(at, chainAt, next);
    }
  }

  #isPinned(slot: number): boolean {
    return this.word(slot, pinnedAt) === 1;
  }

  #unlink(slot: number): void {
    this.#byUse.remove(slot);
    this.#byAge.remove(slot);
  }
}
