import type { Server } from '../pool/server.ts';

/** What a session knows of its server: by id, since that may have been configured away meanwhile. */
export type SessionServer = Pick<Server, 'id' | 'name'>;

/** Moves of a session that are kept, the newest. */
export const movesKept = 5;

/** Servers by id. */
export interface SessionMove {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  /** Clock's `now()`. */
  readonly at: number;
}

/** One binding of a client to a server. Times are the clock's `now()`. */
export interface SessionEntry {
  /** A digest of what the client shows, so that no secret is kept; the client's address or network where that is it. */
  readonly key: string;
  /** Stable name for people and commands, which no other session has or had; tells nothing of the key. */
  readonly handle: string;
  client: string;
  server: SessionServer;
  /** It neither expires nor leaves for others, and only a person moves it. Set by the table's `pin`. */
  readonly pinned: boolean;
  /** How often it moved. */
  readonly moved: number;
  /** The newest of these moves, newest first, `movesKept` at most. */
  readonly moves: readonly SessionMove[];
  readonly since: number;
  readonly lastUsed: number;
  /** When the cookie was last sent, so that it can be renewed before the browser drops it. */
  cookieSentAt: number;
  hits: number;
  /** Writes a move down; `server` is set apart from it. */
  addMove(move: SessionMove): void;
}

/** What is taken over from another table or from an earlier run. */
export type SessionFacts = Omit<SessionEntry, 'addMove'>;

/**
 * Sessions by key, in the order of their last use and in that in which they were bound, so that whatever their time to live counts from, the
 * next to expire is the first of an order. A pinned session stands in neither. Where several threads share the table, every call but the
 * iteration is made under the pool's lock.
 */
export interface Sessions extends Iterable<SessionFacts> {
  readonly size: number;
  readonly pinned: number;
  /** Used longest ago; null where there is none, or only pinned ones. */
  readonly leastUsed: SessionEntry | null;
  /** Bound longest ago; null likewise. */
  readonly firstBound: SessionEntry | null;
  get(key: string): SessionEntry | undefined;
  add(key: string, client: string, server: SessionServer, now: number): SessionEntry;
  /** Takes sessions over, all others' keys, with their names; as many as there is room for. */
  restore(sessions: readonly SessionFacts[]): void;
  /** It is used: the last to expire, and to leave, where that counts. */
  touch(entry: SessionEntry, now: number): void;
  pin(entry: SessionEntry, pinned: boolean): void;
  /** Does nothing where it was removed already. */
  remove(entry: SessionEntry): void;
  /** Any of the pinned ones. */
  anyPinned(): SessionEntry | null;
  /** A server is called otherwise now: its sessions stay with it. */
  rename(from: string, to: SessionServer): void;
}
