import type { SessionEntry, SessionFacts, SessionServer, Sessions } from './session-entry.ts';

/** A session of this table; they hang together in the order of their last use. */
interface LinkedEntry extends SessionEntry {
  older: LinkedEntry | null;
  newer: LinkedEntry | null;
}

/** The sessions of a pool in the memory of one thread: a linked list through the entries, so that touching one costs a few assignments. */
export class SessionTable implements Sessions {
  readonly #entries = new Map<string, LinkedEntry>();
  #oldest: LinkedEntry | null = null;
  #newest: LinkedEntry | null = null;
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

  add(key: string, client: string, server: SessionServer, now: number): SessionEntry {
    this.#handles += 1;
    const handle = `s${this.#handles}`;
    const times = { since: now, lastUsed: now, cookieSentAt: now };
    return this.#insert({
      key,
      handle,
      client,
      server,
      moved: null,
      ...times,
      hits: 1,
      older: null,
      newer: null,
    });
  }

  restore(key: string, facts: SessionFacts): void {
    const { handle, client, server, moved, since, lastUsed, cookieSentAt, hits } = facts;
    this.#handles = Math.max(this.#handles, Number(handle.slice(1)));
    const times = { since, lastUsed, cookieSentAt };
    this.#insert({ key, handle, client, server, moved, ...times, hits, older: null, newer: null });
  }

  touch(entry: SessionEntry, now: number): void {
    const own = this.#entries.get(entry.key);
    if (!own) return;
    own.lastUsed = now;
    if (own === this.#newest) return;
    this.#unlink(own);
    this.#append(own);
  }

  remove(entry: SessionEntry): void {
    const own = this.#entries.get(entry.key);
    if (own !== entry) return;
    this.#entries.delete(entry.key);
    this.#unlink(own);
  }

  /** Most recently used first. */
  *[Symbol.iterator](): Generator<SessionEntry> {
    for (let entry = this.#newest; entry; entry = entry.older) yield entry;
  }

  #insert(entry: LinkedEntry): SessionEntry {
    this.#entries.set(entry.key, entry);
    this.#append(entry);
    return entry;
  }

  #append(entry: LinkedEntry): void {
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
  }

  #unlink(entry: LinkedEntry): void {
    if (entry.older) entry.older.newer = entry.newer;
    else this.#oldest = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
    entry.older = null;
    entry.newer = null;
  }
}
