import { hashText } from '../strategy/hash.ts';
import type { Memory } from '../threads/memory.ts';
import {
  chainAt,
  keyBytes,
  lastUsedAt,
  newerAt,
  numberAt,
  olderAt,
  slotBytes,
  slotTimes,
  slotWords,
} from './shared-session-layout.ts';
import { readText, writeText } from './shared-text.ts';

/** Words of the head. */
const sizeAt = 0;
const oldestAt = 1;
const newestAt = 2;
const freeAt = 3;
/** Slots that were ever used. */
const usedAt = 4;
const handlesAt = 5;
const closedAt = 6;
const headWords = 8;

/**
 * The slots of a table of sessions in one block of shared memory: a hash table with chains, and the order of use as links
 * between its slots, which are counted from 1. What stands in a slot says `shared-session-layout.ts`. Every call is made under the
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
  }

  /** Slots that hold a session. */
  get size(): number {
    return this.#head[sizeAt]!;
  }

  /** Slots that were ever used: the sessions are among the first so many. */
  get used(): number {
    return this.#head[usedAt]!;
  }

  /** Number of the newest session; to be raised, never lowered. */
  get lastNumber(): number {
    return this.#head[handlesAt]!;
  }
  set lastNumber(number: number) {
    this.#head[handlesAt] = number;
  }

  /** The sessions have moved to another table. */
  get isClosed(): boolean {
    return this.#head[closedAt] === 1;
  }

  close(): void {
    this.#head[closedAt] = 1;
  }

  /** The slot whose session was not used for longest; 0 where there is none. */
  get oldest(): number {
    return this.#head[oldestAt]!;
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

  /** Its key and its number stand there: it can be found from now on, as the one used last. */
  add(slot: number, stored: string): void {
    this.#chain(slot, stored);
    this.#append(slot);
    this.#head[sizeAt] = this.size + 1;
  }

  /** Its session is over. */
  free(slot: number): void {
    this.setWord(slot, numberAt, 0);
    this.#unchain(slot);
    this.#unlink(slot);
    this.#giveBack(slot);
    this.#head[sizeAt] = this.size - 1;
  }

  /** It is the one used last. */
  makeNewest(slot: number): void {
    if (slot === this.#head[newestAt]) return;
    this.#unlink(slot);
    this.#append(slot);
  }

  /** Links everything anew: a thread was ended while it did that. What it was adding or removing may be gone. */
  repair(): void {
    const used = Array.from({ length: this.used }, (_, index) => index + 1);
    const taken = used.filter((slot) => this.word(slot, numberAt) !== 0);
    const byUse = taken.sort((one, other) => this.time(one, lastUsedAt) - this.time(other, lastUsedAt));
    this.#buckets.fill(0);
    for (const at of [sizeAt, oldestAt, newestAt, freeAt]) this.#head[at] = 0;
    for (const slot of used) if (this.word(slot, numberAt) === 0) this.#giveBack(slot);
    for (const slot of byUse) this.add(slot, this.text(slot, 0, keyBytes));
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

  #append(slot: number): void {
    const newest = this.#head[newestAt]!;
    this.setWord(slot, olderAt, newest);
    this.setWord(slot, newerAt, 0);
    if (newest === 0) this.#head[oldestAt] = slot;
    else this.setWord(newest, newerAt, slot);
    this.#head[newestAt] = slot;
  }

  #unlink(slot: number): void {
    const older = this.word(slot, olderAt);
    const newer = this.word(slot, newerAt);
    if (older === 0) this.#head[oldestAt] = newer;
    else this.setWord(older, newerAt, newer);
    if (newer === 0) this.#head[newestAt] = older;
    else this.setWord(newer, olderAt, older);
  }
}
