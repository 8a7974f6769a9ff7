import { Link, LinkedOrder } from './linked-order.ts';
import {
  movesKept,
  type SessionEntry,
  type SessionFacts,
  type SessionMove,
  type SessionServer,
  type Sessions,
} from './session-entry.ts';
import { handleOf, type SessionNumbers } from './session-numbers.ts';

/** A session of this table, with its places in the two orders. */
class LocalEntry implements SessionEntry {
  readonly key: string;
  readonly handle: string;
  client: string;
  server: SessionServer;
  pinned: boolean;
  moved: number;
  readonly moves: SessionMove[];
  readonly since: number;
  lastUsed: number;
  cookieSentAt: number;
  hits: number;
  readonly byUse = new Link<LocalEntry>(this);
  readonly byAge = new Link<LocalEntry>(this);

  constructor(facts: SessionFacts) {
    this.key = facts.key;
    this.handle = facts.handle;
    this.client = facts.client;
    this.server = facts.server;
    this.pinned = facts.pinned;
    this.moved = facts.moved;
    this.moves = facts.moves.slice(0, movesKept);
    this.since = facts.since;
    this.lastUsed = facts.lastUsed;
    this.cookieSentAt = facts.cookieSentAt;
    this.hits = facts.hits;
  }

  addMove(move: SessionMove): void {
    this.moved += 1;
    this.moves.unshift(move);
    if (this.moves.length > movesKept) this.moves.pop();
  }
}

/** The sessions of a pool in the memory of one thread: linked lists through the entries, so that touching one costs a few assignments. */
export class SessionTable implements Sessions {
  readonly #entries = new Map<string, LocalEntry>();
  readonly #byUse = new LinkedOrder<LocalEntry>();
  readonly #byAge = new LinkedOrder<LocalEntry>();
  readonly #numbers: SessionNumbers;
  #pinned = 0;

  constructor(numbers: SessionNumbers) {
    this.#numbers = numbers;
  }

  get size(): number {
    return this.#entries.size;
  }

  get pinned(): number {
    return this.#pinned;
  }

  get leastUsed(): SessionEntry | null {
    return this.#byUse.oldest;
  }

  get firstBound(): SessionEntry | null {
    return this.#byAge.oldest;
  }

  get(key: string): SessionEntry | undefined {
    return this.#entries.get(key);
  }

  add(key: string, client: string, server: SessionServer, now: number): SessionEntry {
    const entry = new LocalEntry({
      key,
      handle: handleOf(this.#numbers.next()),
      client,
      server,
      pinned: false,
      moved: 0,
      moves: [],
      since: now,
      lastUsed: now,
      cookieSentAt: now,
      hits: 1,
    });
    this.#entries.set(key, entry);
    this.#byUse.append(entry.byUse);
    this.#byAge.append(entry.byAge);
    return entry;
  }

  restore(sessions: readonly SessionFacts[]): void {
    const entries = sessions.map((facts) => new LocalEntry(facts));
    for (const entry of entries) {
      this.#entries.set(entry.key, entry);
      if (entry.pinned) this.#pinned += 1;
    }
    const free = entries.filter(({ pinned }) => !pinned);
    for (const entry of free.sort((one, other) => one.lastUsed - other.lastUsed))
      this.#byUse.place(entry.byUse, usedAfter);
    for (const entry of free.sort((one, other) => one.since - other.since))
      this.#byAge.place(entry.byAge, boundAfter);
  }

  touch(entry: SessionEntry, now: number): void {
    const own = this.#entries.get(entry.key);
    if (!own) return;
    own.lastUsed = now;
    if (own.pinned || this.#byUse.isNewest(own.byUse)) return;
    this.#byUse.remove(own.byUse);
    this.#byUse.append(own.byUse);
  }

  pin(entry: SessionEntry, pinned: boolean): void {
    const own = this.#entries.get(entry.key);
    if (!own || own.pinned === pinned) return;
    own.pinned = pinned;
    this.#pinned += pinned ? 1 : -1;
    if (pinned) this.#unlink(own);
    else {
      this.#byUse.place(own.byUse, usedAfter);
      this.#byAge.place(own.byAge, boundAfter);
    }
  }

  remove(entry: SessionEntry): void {
    const own = this.#entries.get(entry.key);
    if (own === undefined || own !== entry) return;
    this.#entries.delete(entry.key);
    if (own.pinned) this.#pinned -= 1;
    else this.#unlink(own);
  }

  anyPinned(): SessionEntry | null {
    for (const entry of this.#entries.values()) if (entry.pinned) return entry;
    return null;
  }

  rename(from: string, to: SessionServer): void {
    for (const entry of this.#entries.values()) if (entry.server.id === from) entry.server = to;
  }

  /** Most recently used first, the pinned ones before all others. */
  *[Symbol.iterator](): Generator<SessionFacts> {
    if (this.#pinned > 0) for (const entry of this.#entries.values()) if (entry.pinned) yield entry;
    yield* this.#byUse;
  }

  #unlink(entry: LocalEntry): void {
    this.#byUse.remove(entry.byUse);
    this.#byAge.remove(entry.byAge);
  }
}

const usedAfter = (one: SessionFacts, other: SessionFacts): boolean => one.lastUsed > other.lastUsed;
const boundAfter = (one: SessionFacts, other: SessionFacts): boolean => one.since > other.since;
