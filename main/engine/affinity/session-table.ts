import type { Server } from '../pool/server.ts';

/** One binding of a client to a server. Times are the clock's `now()`. */
export interface SessionEntry {
  /** The cookie's value or the client's address. */
  readonly key: string;
  /** Stable name for people and commands; tells nothing of the key. */
  readonly handle: string;
  client: string;
  server: Server;
  moved: { readonly from: string; readonly reason: string; readonly at: number } | null;
  readonly since: number;
  lastUsed: number;
  /** When the cookie was last sent, so that it can be renewed before the browser drops it. */
  cookieSentAt: number;
  hits: number;
  older: SessionEntry | null;
  newer: SessionEntry | null;
}

/**
 * Sessions by key, in order of their last use: a linked list through the entries, so that touching one costs a few
 * assignments. As all have the same time to live, the least recently used one is also the next to expire.
 */
export class SessionTable {
  readonly #entries = new Map<string, SessionEntry>();
  #oldest: SessionEntry | null = null;
  #newest: SessionEntry | null = null;
  #handles = 0;

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): SessionEntry | null {
    return this.#oldest;
  }

  get(key: string): SessionEntry | undefined {
    return this.#entries.get(key);
  }

  add(key: string, client: string, server: Server, now: number): SessionEntry {
    this.#handles += 1;
    const entry: SessionEntry = {
      key,
      handle: `s${this.#handles}`,
      client,
      server,
      moved: null,
      since: now,
      lastUsed: now,
      cookieSentAt: now,
      hits: 1,
      older: null,
      newer: null,
    };
    this.#entries.set(key, entry);
    this.#append(entry);
    return entry;
  }

  /** Makes it the most recently used. */
  touch(entry: SessionEntry, now: number): void {
    entry.lastUsed = now;
    if (entry === this.#newest) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  remove(entry: SessionEntry): void {
    if (this.#entries.delete(entry.key)) this.#unlink(entry);
  }

  /** Most recently used first. */
  *[Symbol.iterator](): Generator<SessionEntry> {
    for (let entry = this.#newest; entry; entry = entry.older) yield entry;
  }

  #append(entry: SessionEntry): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink(entry: SessionEntry): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.#oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
    entry.older = null;
    entry.newer = null;
  }
}
