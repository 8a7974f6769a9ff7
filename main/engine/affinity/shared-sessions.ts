import { createHash } from 'node:crypto';
import { hashText } from '../strategy/hash.ts';
import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import type { SessionEntry, SessionFacts, SessionServer, Sessions } from './session-entry.ts';
import { SharedEntry } from './shared-session-entry.ts';
import {
  chainAt,
  cookieSentAt,
  hitsAt,
  keyBytes,
  lastUsedAt,
  newerAt,
  numberAt,
  olderAt,
  sinceAt,
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

/** Slots looked at under one hold of the lock while they are listed. */
const listedAtOnce = 100;

/** Room for that many sessions and for the one that makes another leave. */
export function sessionCapacity(maxSessions: number): number {
  return 2 ** Math.ceil(Math.log2(maxSessions + 1));
}

export function sharedSessionsBlock(pool: string, type: string, capacity: number): string {
  return `sessions ${pool} ${type} ${capacity}`;
}

/**
 * The sessions of a pool where all threads see them: a hash table with chains, and the order of use as links between its slots, in one
 * block of memory. Keys stand there in full, so two clients can never be taken for one. Every call but the iteration is made under the
 * pool's lock.
 */
export class SharedSessions implements Sessions {
  readonly block: string;
  readonly capacity: number;
  readonly #memory: Memory;
  readonly #lock: Lock;
  readonly #head: Int32Array;
  readonly #buckets: Int32Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Uint8Array;
  /** This thread's handles of slots, made when first asked for. */
  readonly #entries: (SharedEntry | undefined)[] = [];

  /** @param capacity a power of two */
  constructor(memory: Memory, lock: Lock, block: string, capacity: number) {
    this.block = block;
    this.capacity = capacity;
    this.#memory = memory;
    this.#lock = lock;
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

  get size(): number {
    return this.#head[sizeAt]!;
  }

  /** The sessions have moved to another table. */
  get isClosed(): boolean {
    return this.#head[closedAt] === 1;
  }

  close(): void {
    this.#head[closedAt] = 1;
  }

  get oldest(): SessionEntry | null {
    const slot = this.#head[oldestAt]!;
    return slot === 0 ? null : this.#entry(slot, null);
  }

  get(key: string): SessionEntry | undefined {
    const stored = storedKey(key);
    for (let slot = this.#buckets[this.#bucketOf(stored)]!; slot !== 0; slot = this.word(slot, chainAt)) {
      if (this.#hasKey(slot, stored)) return this.#entry(slot, key);
    }
    return undefined;
  }

  add(key: string, client: string, server: SessionServer, now: number): SessionEntry {
    this.#head[handlesAt] = this.#head[handlesAt]! + 1;
    const handle = `s${this.#head[handlesAt]}`;
    const times = { since: now, lastUsed: now, cookieSentAt: now };
    return this.#insert(key, { handle, client, server, moved: null, ...times, hits: 1 });
  }

  restore(key: string, facts: SessionFacts): void {
    this.#head[handlesAt] = Math.max(this.#head[handlesAt]!, Number(facts.handle.slice(1)));
    this.#insert(key, facts);
  }

  touch(entry: SessionEntry, now: number): void {
    if (!(entry instanceof SharedEntry) || !entry.isThere) return;
    const { slot } = entry;
    this.setTime(slot, lastUsedAt, now);
    if (slot === this.#head[newestAt]) return;
    this.#unlink(slot);
    this.#append(slot);
  }

  remove(entry: SessionEntry): void {
    if (!(entry instanceof SharedEntry) || !entry.isThere) return;
    const { slot } = entry;
    this.setWord(slot, numberAt, 0);
    this.#unchain(slot);
    this.#unlink(slot);
    this.setWord(slot, chainAt, this.#head[freeAt]!);
    this.#head[freeAt] = slot;
    this.#head[sizeAt] = this.size - 1;
    this.#entries[slot] = undefined;
  }

  /** Most recently used first, as they were: a copy, made a few at a time, so that nobody waits for it. */
  *[Symbol.iterator](): Generator<SessionEntry> {
    const copies: SessionEntry[] = [];
    for (let from = 1; from <= this.#head[usedAt]!; from += listedAtOnce) {
      this.#lock.acquire();
      try {
        const to = Math.min(from + listedAtOnce - 1, this.#head[usedAt]!);
        for (let slot = from; slot <= to; slot++)
          if (this.word(slot, numberAt) !== 0) copies.push({ ...this.#entry(slot, null).facts() });
      } finally {
        this.#lock.release();
      }
    }
    yield* copies.sort((one, other) => other.lastUsed - one.lastUsed);
  }

  /** Links everything anew: a thread was ended while it did that. What it was adding or removing may be gone. */
  repair(): void {
    const used = Array.from({ length: this.#head[usedAt]! }, (_, index) => index + 1);
    const taken = used.filter((slot) => this.word(slot, numberAt) !== 0);
    const byUse = taken.sort((one, other) => this.time(one, lastUsedAt) - this.time(other, lastUsedAt));
    this.#buckets.fill(0);
    for (const at of [sizeAt, oldestAt, newestAt, freeAt]) this.#head[at] = 0;
    for (const slot of used) {
      if (this.word(slot, numberAt) !== 0) continue;
      this.setWord(slot, chainAt, this.#head[freeAt]!);
      this.#head[freeAt] = slot;
    }
    for (const slot of byUse) {
      this.#chain(slot, this.text(slot, 0, keyBytes));
      this.#append(slot);
      this.#head[sizeAt] = this.size + 1;
    }
  }

  // For the entries

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

  numberOf(server: SessionServer): number {
    return this.#memory.numberOf(server.id);
  }

  nameOf(number: number): string {
    return this.#memory.nameOf(number);
  }

  #entry(slot: number, key: string | null): SharedEntry {
    const number = this.word(slot, numberAt);
    const known = this.#entries[slot];
    if (known?.number === number) return known;
    const entry = new SharedEntry(this, slot, number, key ?? this.text(slot, 0, keyBytes));
    this.#entries[slot] = entry;
    return entry;
  }

  #insert(key: string, facts: SessionFacts): SharedEntry {
    const stored = storedKey(key);
    const slot = this.#takeSlot();
    this.setText(slot, 0, keyBytes, stored);
    this.setWord(slot, hitsAt, facts.hits);
    this.setTime(slot, sinceAt, facts.since);
    this.setTime(slot, lastUsedAt, facts.lastUsed);
    this.setTime(slot, cookieSentAt, facts.cookieSentAt);
    this.setWord(slot, numberAt, Number(facts.handle.slice(1)));
    this.#chain(slot, stored);
    this.#append(slot);
    this.#head[sizeAt] = this.size + 1;
    const entry = this.#entry(slot, key);
    entry.client = facts.client;
    entry.server = facts.server;
    entry.moved = facts.moved;
    return entry;
  }

  /**
   * Who adds keeps the number of sessions below the capacity, but a thread may for a moment go by a configuration that allows more than
   * the table of the next one holds: then the least recently used one leaves.
   */
  #takeSlot(): number {
    const free = this.#head[freeAt]!;
    if (free !== 0) {
      this.#head[freeAt] = this.word(free, chainAt);
      return free;
    }
    const slot = this.#head[usedAt]! + 1;
    if (slot > this.capacity) {
      this.remove(this.oldest!);
      return this.#takeSlot();
    }
    this.#head[usedAt] = slot;
    return slot;
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

/** Session keys are addresses and cookies' values, one byte a letter. A NUL cannot come in a field, so no client can send a digest. */
function storedKey(key: string): string {
  if (key.length < keyBytes) return key;
  return `\0${createHash('sha256').update(key).digest('base64')}`;
}
