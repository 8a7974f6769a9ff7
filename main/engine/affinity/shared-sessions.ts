import { createHash } from 'node:crypto';
import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import type { SessionEntry, SessionFacts, SessionServer, Sessions } from './session-entry.ts';
import { SharedEntry } from './shared-session-entry.ts';
import { cookieSentAt, hitsAt, keyBytes, lastUsedAt, numberAt, sinceAt } from './shared-session-layout.ts';
import { SharedSlots } from './shared-session-slots.ts';

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
 * The sessions of a pool where all threads see them. Keys stand there in full, so two clients can never be taken for one. Every
 * call but the iteration is made under the pool's lock.
 */
export class SharedSessions implements Sessions {
  readonly block: string;
  readonly #memory: Memory;
  readonly #lock: Lock;
  readonly #slots: SharedSlots;
  /** This thread's handles of slots, made when first asked for. */
  readonly #entries: (SharedEntry | undefined)[] = [];

  /** @param capacity a power of two */
  constructor(memory: Memory, lock: Lock, block: string, capacity: number) {
    this.block = block;
    this.#memory = memory;
    this.#lock = lock;
    this.#slots = new SharedSlots(memory, block, capacity);
  }

  get capacity(): number {
    return this.#slots.capacity;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** The sessions have moved to another table. */
  get isClosed(): boolean {
    return this.#slots.isClosed;
  }

  close(): void {
    this.#slots.close();
  }

  get oldest(): SessionEntry | null {
    const slot = this.#slots.oldest;
    return slot === 0 ? null : this.#entry(slot, null);
  }

  get(key: string): SessionEntry | undefined {
    const slot = this.#slots.find(storedKey(key));
    return slot === 0 ? undefined : this.#entry(slot, key);
  }

  add(key: string, client: string, server: SessionServer, now: number): SessionEntry {
    const slots = this.#slots;
    slots.lastNumber += 1;
    const times = { since: now, lastUsed: now, cookieSentAt: now };
    return this.#insert(key, {
      handle: `s${slots.lastNumber}`,
      client,
      server,
      moved: null,
      ...times,
      hits: 1,
    });
  }

  restore(key: string, facts: SessionFacts): void {
    const slots = this.#slots;
    slots.lastNumber = Math.max(slots.lastNumber, Number(facts.handle.slice(1)));
    this.#insert(key, facts);
  }

  touch(entry: SessionEntry, now: number): void {
    if (!(entry instanceof SharedEntry) || !entry.isThere) return;
    this.#slots.setTime(entry.slot, lastUsedAt, now);
    this.#slots.makeNewest(entry.slot);
  }

  remove(entry: SessionEntry): void {
    if (!(entry instanceof SharedEntry) || !entry.isThere) return;
    this.#slots.free(entry.slot);
    this.#entries[entry.slot] = undefined;
  }

  /** Most recently used first, as they were: a copy, made a few at a time, so that nobody waits for it. */
  *[Symbol.iterator](): Generator<SessionEntry> {
    const slots = this.#slots;
    const copies: SessionEntry[] = [];
    for (let from = 1; from <= slots.used; from += listedAtOnce) {
      this.#lock.acquire();
      try {
        const to = Math.min(from + listedAtOnce - 1, slots.used);
        for (let slot = from; slot <= to; slot++)
          if (slots.word(slot, numberAt) !== 0) copies.push({ ...this.#entry(slot, null).facts() });
      } finally {
        this.#lock.release();
      }
    }
    yield* copies.sort((one, other) => other.lastUsed - one.lastUsed);
  }

  /** A thread was ended while it changed something: what it was adding or removing may be gone. */
  repair(): void {
    this.#slots.repair();
  }

  #entry(slot: number, key: string | null): SharedEntry {
    const slots = this.#slots;
    const number = slots.word(slot, numberAt);
    const known = this.#entries[slot];
    if (known?.number === number) return known;
    const entry = new SharedEntry(slots, this.#memory, slot, number, key ?? slots.text(slot, 0, keyBytes));
    this.#entries[slot] = entry;
    return entry;
  }

  #insert(key: string, facts: SessionFacts): SharedEntry {
    const slots = this.#slots;
    const stored = storedKey(key);
    const slot = this.#takeSlot();
    slots.setText(slot, 0, keyBytes, stored);
    slots.setWord(slot, hitsAt, facts.hits);
    slots.setTime(slot, sinceAt, facts.since);
    slots.setTime(slot, lastUsedAt, facts.lastUsed);
    slots.setTime(slot, cookieSentAt, facts.cookieSentAt);
    slots.setWord(slot, numberAt, Number(facts.handle.slice(1)));
    slots.add(slot, stored);
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
    const slot = this.#slots.takeFree();
    if (slot !== 0) return slot;
    this.remove(this.oldest!);
    return this.#slots.takeFree();
  }
}

/** Session keys are addresses and cookies' values, one byte a letter. A NUL cannot come in a field, so no client can send a digest. */
function storedKey(key: string): string {
  if (key.length < keyBytes) return key;
  return `\0${createHash('sha256').update(key).digest('base64')}`;
}
