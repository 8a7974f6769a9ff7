import type { Server } from '../pool/server.ts';

/** What a session knows of its server: by id, since that may have been configured away meanwhile. */
export type SessionServer = Pick<Server, 'id' | 'name'>;

export interface SessionMove {
  readonly from: string;
  readonly reason: string;
  readonly at: number;
}

/** One binding of a client to a server. Times are the clock's `now()`. */
export interface SessionEntry {
  /** The cookie's value or the client's address. */
  readonly key: string;
  /** Stable name for people and commands; tells nothing of the key. */
  readonly handle: string;
  client: string;
  server: SessionServer;
  moved: SessionMove | null;
  readonly since: number;
  lastUsed: number;
  /** When the cookie was last sent, so that it can be renewed before the browser drops it. */
  cookieSentAt: number;
  hits: number;
}

/** What is taken over from another table: everything but the key and how they hang together. */
export type SessionFacts = Omit<SessionEntry, 'key'>;

/**
 * Sessions by key, in order of their last use. As all have the same time to live, the least recently used one is also the next to
 * expire. Where several threads share the table, every call but the iteration is made under the pool's lock.
 */
export interface Sessions extends Iterable<SessionEntry> {
  readonly size: number;
  readonly oldest: SessionEntry | null;
  get(key: string): SessionEntry | undefined;
  add(key: string, client: string, server: SessionServer, now: number): SessionEntry;
  /** Takes a session over from another table, as the most recently used one. */
  restore(key: string, facts: SessionFacts): void;
  /** Makes it the most recently used. */
  touch(entry: SessionEntry, now: number): void;
  /** Does nothing where it was removed already. */
  remove(entry: SessionEntry): void;
}
