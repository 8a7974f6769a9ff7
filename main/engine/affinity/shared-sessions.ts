import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import type { ActiveAffinityConfig } from './affinity-config.ts';
import type { SessionEntry, SessionFacts, SessionServer, Sessions } from './session-entry.ts';
import { numberOf, SessionNumbers } from './session-numbers.ts';
import { SharedEntry } from './shared-session-entry.ts';
import { keyBytes, lastUsedAt, numberAt, serverAt } from './shared-session-layout.ts';
import { SharedSlots } from './shared-session-slots.ts';

/** Slots looked at under one hold of the lock while they are listed. */
const listedAtOnce = 100;

/** Room for that many sessions and for the one that makes another leave. */
export function sessionCapacity(maxSessions: number): number {
  return 2 ** Math.ceil(Math.log2(maxSessions + 1));
}

/** The table that sessions of that configuration are in, made where it is missing. */
export function sharedSessionsFor(
  { type, maxSessions }: ActiveAffinityConfig,
  { pool, memory, lock }: { readonly pool: string; readonly memory: Memory; readonly lock: Lock },
): SharedSessions {
  const capacity = sessionCapacity(maxSessions);
  return new SharedSessions(memory, lock, `sessions ${pool} ${type} ${capacity}`, capacity);
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
  readonly #numbers: SessionNumbers;
  /** This thread's handles of slots, made when first asked for. */
  readonly #entries: (SharedEntry | undefined)[] = [];

  /** @param capacity a power of two */
  constructor(memory: Memory, lock: Lock, block: string, capacity: number) {
    this.block = block;
    this.#memory = memory;
    this.#lock = lock;
    this.#slots = new SharedSlots(memory, block, capacity);
    this.#numbers = new SessionNumbers(memory);
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

  get pinned(): number {
    return this.#slots.pinned;
  }

  get leastUsed(): SessionEntry | null {
    return this.#entryOrNull(this.#slots.leastUsed);
  }

  get firstBound(): SessionEntry | null {
    return this.#entryOrNull(this.#slots.firstBound);
  }

  get(key: string): SessionEntry | undefined {
    const slot = this.#slots.find(key);
    return slot === 0 ? undefined : this.#entry(slot, key);
  }

  add(key: string, client: string, server: SessionServer, now: number): SessionEntry {
    const slots = this.#slots;
    const times = { since: now, lastUsed: now, cookieSentAt: now };
    const slot = this.#takeSlot();
    const entry = this.#fill(slot, this.#numbers.next(), {
      key,
      client,
      server,
      pinned: false,
      moved: 0,
      moves: [],
      ...times,
      hits: 1,
    });
    slots.add(slot, key);
    return entry;
  }

  restore(sessions: readonly SessionFacts[]): void {
    const slots = this.#slots;
    // The first are the pinned ones and those used last.
    for (const facts of sessions.slice(0, this.capacity - this.size))
      this.#fill(slots.takeFree(), numberOf(facts.handle), facts);
    slots.relink();
  }

  touch(entry: SessionEntry, now: number): void {
    if (!(entry instanceof SharedEntry) || !entry.isThere) return;
    this.#slots.setTime(entry.slot, lastUsedAt, now);
    this.#slots.makeNewest(entry.slot);
  }

  pin(entry: SessionEntry, pinned: boolean): void {
    if (entry instanceof SharedEntry && entry.isThere) this.#slots.pin(entry.slot, pinned);
  }

  anyPinned(): SessionEntry | null {
    return this.#entryOrNull(this.#slots.anyPinned());
  }

  rename(from: string, to: SessionServer): void {
    const slots = this.#slots;
    const [before, after] = [this.#memory.numberOf(from), this.#memory.numberOf(to.id)];
    for (let slot = 1; slot <= slots.used; slot++)
      if (slots.word(slot, serverAt) === before) slots.setWord(slot, serverAt, after);
  }

  remove(entry: SessionEntry): void {
    if (!(entry instanceof SharedEntry) || !entry.isThere) return;
    this.#slots.free(entry.slot);
    this.#entries[entry.slot] = undefined;
  }

  /** The pinned ones, then the most recently used first, as they were: a copy, made a few at a time, so that nobody waits for it. */
  *[Symbol.iterator](): Generator<SessionFacts> {
    const slots = this.#slots;
    const copies: SessionFacts[] = [];
    for (let from = 1; from <= slots.used; from += listedAtOnce) {
      this.#lock.acquire();
      try {
        const to = Math.min(from + listedAtOnce - 1, slots.used);
        for (let slot = from; slot <= to; slot++)
          if (slots.word(slot, numberAt) !== 0) copies.push(this.#entry(slot, null).facts());
      } finally {
        this.#lock.release();
      }
    }
    yield* copies.sort(
      (one, other) => Number(other.pinned) - Number(one.pinned) || other.lastUsed - one.lastUsed,
    );
  }

  /** A thread was ended while it changed something: what it was adding or removing may be gone. */
  repair(): void {
    this.#slots.relink();
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

  #entryOrNull(slot: number): SharedEntry | null {
    return slot === 0 ? null : this.#entry(slot, null);
  }

  #fill(slot: number, number: number, facts: Omit<SessionFacts, 'handle'>): SharedEntry {
    const slots = this.#slots;
    slots.setText(slot, 0, keyBytes, facts.key);
    // Only now does it hold a session: what a thread that is ended here leaves behind is taken for a free slot.
    const entry = new SharedEntry(slots, this.#memory, slot, number, facts.key);
    entry.write(facts);
    slots.setWord(slot, numberAt, number);
    this.#entries[slot] = entry;
    return entry;
  }

  /**
   * Who adds keeps the number of sessions below the capacity, but a thread may for a moment go by a configuration that allows more than
   * the table of the next one holds: then the least recently used one leaves.
   */
  #takeSlot(): number {
    const slot = this.#slots.takeFree();
    if (slot !== 0) return slot;
    this.remove((this.leastUsed ?? this.anyPinned())!);
    return this.#slots.takeFree();
  }
}
