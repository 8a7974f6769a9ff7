import type { AffinityConfig } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import type { RequestFacts } from '../exchange.ts';
import type { AffinityCause } from '../journal/decision.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import type { Server } from '../pool/server.ts';
import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import { type CookieCodec, cookieName, findCookie, setCookieField } from './session-cookie.ts';
import type { SessionEntry, Sessions } from './session-entry.ts';
import { SessionTable } from './session-table.ts';
import { SharedSessions, sessionCapacity, sharedSessionsBlock } from './shared-sessions.ts';

export type ActiveAffinityConfig = Exclude<AffinityConfig, { type: 'none' }>;

export interface AffinityDeps {
  readonly pool: string;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly codec: CookieCodec;
  readonly limits: LimitLog;
  readonly memory: Memory;
  /** The pool's. Everything but `list`, `keyOf` and `expect` is called under it. */
  readonly lock: Lock;
}

/** Sessions that one call ends at most, since nobody can choose a server meanwhile. */
const mostEnded = 200;

/** The sessions of one pool. Binds, moves and ends them; which server is chosen is the pool's business. */
export class Affinity {
  readonly #deps: AffinityDeps;
  readonly #cookie: string;
  #table: Sessions;
  /** The table of a configuration that is about to come, or that came in another thread already. */
  #next: SharedSessions | null = null;
  #config: ActiveAffinityConfig;

  constructor(config: ActiveAffinityConfig, deps: AffinityDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#cookie = cookieName(deps.pool);
    this.#table = deps.memory.isShared ? this.#sharedTable(config) : new SessionTable();
  }

  get config(): ActiveAffinityConfig {
    return this.#config;
  }

  get size(): number {
    return this.#table.size;
  }

  /** Takes over a changed time to live or cap. The type stays: another type is another `Affinity`. */
  configure(config: ActiveAffinityConfig, now: number): void {
    this.#config = config;
    const isFirst = this.#deps.memory.thread === 0;
    const next = this.#next;
    this.#next = null;
    if (next && this.#table instanceof SharedSessions && next.block !== this.#table.block) {
      // The other threads go on with the new table as soon as they find the old one closed.
      if (isFirst) {
        moveAll(this.#table, next);
        this.#deps.memory.forget(this.#table.block);
      }
      this.#table = next;
    }
    if (!isFirst) return;
    this.#trim();
    this.expire(now);
  }

  /**
   * A configuration may come with room for another number of sessions: the table for it is there before any thread needs it. Sessions
   * of one thread move to where all see them once there are several.
   */
  expect(config: ActiveAffinityConfig): void {
    if (!this.#deps.memory.isShared) return;
    const next = this.#sharedTable(config);
    if (this.#table instanceof SharedSessions) {
      this.#next = next;
      return;
    }
    for (const entry of [...this.#table].reverse()) next.restore(entry.key, entry);
    this.#table = next;
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    const next = this.#next;
    this.#next = null;
    if (next && this.#table instanceof SharedSessions && next.block !== this.#table.block)
      this.#deps.memory.forget(next.block);
  }

  /** A thread was ended in the middle of a change. */
  repair(): void {
    if (this.#table instanceof SharedSessions) this.#table.repair();
  }

  /** It is no longer wanted. */
  forget(): void {
    if (this.#table instanceof SharedSessions) this.#deps.memory.forget(this.#table.block);
  }

  /** The client's session, or why there is none. An expired or forged one is none. */
  find(facts: RequestFacts, now: number): SessionEntry | AffinityCause {
    this.#followTable();
    if (this.#config.type === 'client-ip') {
      return this.#alive(facts.clientAddress, now) ?? 'new-client';
    }
    const value = findCookie(facts.header('cookie'), this.#cookie);
    if (value === null || value === '') return 'no-cookie';
    const entry = this.#alive(value, now);
    if (entry) return entry; // the very value that was issued: id and signature
    return this.#deps.codec.verify(value) ? 'expired-cookie' : 'unknown-cookie';
  }

  /** Whether the session is still in the table. */
  holds(entry: SessionEntry): boolean {
    this.#followTable();
    return this.#table.get(entry.key) === entry;
  }

  /** One more request of the session. Returns a Set-Cookie value where the client's cookie is to be renewed. */
  use(entry: SessionEntry, facts: RequestFacts, now: number): string | null {
    entry.hits += 1;
    entry.client = facts.clientAddress;
    this.#table.touch(entry, now);
    // The time to live slides on the server; the browser's copy has to follow before it runs out.
    if (this.#config.type !== 'cookie' || now - entry.cookieSentAt < this.#config.ttlMs / 2) return null;
    return this.cookieFor(entry, now);
  }

  bind(facts: RequestFacts, server: Server, now: number): SessionEntry {
    const { codec, events, pool } = this.#deps;
    const { type, ttlMs } = this.#config;
    const client = facts.clientAddress;
    const entry = this.#table.add(type === 'cookie' ? codec.issue() : client, client, server, now);
    if (events.admit('session-bound', pool, server.id)) {
      events.add(
        'session-bound',
        'neutral',
        `Session ${entry.handle} of ${client} was bound to ${server.name} by ${byWhat(type)}, until ${formatDuration(ttlMs)} without a request`,
        { pool, server: server.id },
      );
    }
    this.#trim();
    return entry;
  }

  /** The Set-Cookie value that carries the session; null where no cookie does. */
  cookieFor(entry: SessionEntry, now: number): string | null {
    if (this.#config.type !== 'cookie') return null;
    entry.cookieSentAt = now;
    return setCookieField(this.#cookie, entry.key, this.#config.ttlMs);
  }

  /** @param reason completes `… moved from api-2 to api-3: ` */
  move(entry: SessionEntry, to: Server, reason: string, now: number): void {
    const { events, pool } = this.#deps;
    const from = entry.server;
    entry.server = to;
    entry.moved = { from: from.id, reason, at: now };
    if (!events.admit('session-moved', pool, to.id)) return;
    events.add(
      'session-moved',
      'neutral',
      `Session ${entry.handle} of ${entry.client} moved from ${from.name} to ${to.name}: ${reason}`,
      { pool, server: to.id },
    );
  }

  /** The key of the session with that handle. Without the lock: it looks at every session. */
  keyOf(handle: string): string | undefined {
    for (const entry of this.#table) if (entry.handle === handle) return entry.key;
    return undefined;
  }

  /** False where it has ended already. */
  end(key: string): boolean {
    const entry = this.#table.get(key);
    if (entry) this.#drop(entry, 'session-ended', 'it was ended by hand');
    return entry !== undefined;
  }

  endAll(reason: string): void {
    const { events, pool } = this.#deps;
    const count = this.#table.size;
    if (count === 0) return;
    for (const entry of [...this.#table]) this.#table.remove(entry);
    events.add('session-ended', 'neutral', `${count} sessions of pool ${pool} ended: ${reason}`, {
      pool,
      count,
    });
  }

  /** Ends what was not used for the time to live. True where there may be more of them than one call ends. */
  expire(now: number): boolean {
    const { ttlMs } = this.#config;
    let ended = 0;
    for (let entry = this.#table.oldest; entry && now - entry.lastUsed >= ttlMs; entry = this.#table.oldest) {
      if (++ended > mostEnded) return true;
      this.#drop(entry, 'session-expired', `no request for ${formatDuration(ttlMs)}`);
    }
    return false;
  }

  /** Most recently used first. */
  list(filter: (session: Session) => boolean, limit: number): { sessions: Session[]; total: number } {
    const sessions: Session[] = [];
    let total = 0;
    for (const entry of this.#table) {
      const session = this.#describe(entry);
      if (!filter(session)) continue;
      total += 1;
      if (sessions.length < limit) sessions.push(session);
    }
    return { sessions, total };
  }

  #alive(key: string, now: number): SessionEntry | undefined {
    const entry = this.#table.get(key);
    if (!entry || now - entry.lastUsed < this.#config.ttlMs) return entry;
    this.expire(now);
    return undefined;
  }

  #sharedTable(config: ActiveAffinityConfig): SharedSessions {
    return sharedSessionsFor(config, this.#deps);
  }

  /** Thread 0 has moved the sessions to a table that this thread was told of and has not been told to use. */
  #followTable(): void {
    if (this.#next === null || !(this.#table instanceof SharedSessions) || !this.#table.isClosed) return;
    this.#table = this.#next;
    this.#next = null;
  }

  #trim(): void {
    const { maxSessions } = this.#config;
    while (this.#table.size > maxSessions) {
      this.#deps.limits.reached('sessions', { pool: this.#deps.pool });
      this.#drop(
        this.#table.oldest!,
        'session-ended',
        `the table is full (${maxSessions}), it was the least recently used`,
      );
    }
  }

  #drop(entry: SessionEntry, kind: 'session-ended' | 'session-expired', reason: string): void {
    const { events, pool } = this.#deps;
    this.#table.remove(entry);
    if (!events.admit(kind, pool, entry.server.id)) return;
    const verb = kind === 'session-expired' ? 'expired' : 'ended';
    events.add(
      kind,
      'neutral',
      `Session ${entry.handle} of ${entry.client} at ${entry.server.name} ${verb}: ${reason}`,
      { pool, server: entry.server.id },
    );
  }

  #describe(entry: SessionEntry): Session {
    const { clock, pool } = this.#deps;
    const toEpoch = clock.epoch() - clock.now();
    const { type, ttlMs } = this.#config;
    return {
      id: entry.handle,
      pool,
      type,
      client: entry.client,
      server: entry.server.id,
      moved: entry.moved && {
        from: entry.moved.from,
        reason: entry.moved.reason,
        atMs: Math.round(entry.moved.at + toEpoch),
      },
      sinceMs: Math.round(entry.since + toEpoch),
      lastUsedMs: Math.round(entry.lastUsed + toEpoch),
      expiresMs: Math.round(entry.lastUsed + ttlMs + toEpoch),
      hits: entry.hits,
    };
  }
}

function byWhat(type: ActiveAffinityConfig['type']): string {
  return type === 'cookie' ? 'cookie' : 'address';
}

/** Moves every session, in the order of their use, as far as there is room for them: the most recently used ones. */
function moveAll(from: SharedSessions, to: SharedSessions): void {
  const entries = [...from].slice(0, to.capacity).reverse();
  for (const entry of entries) if (!to.get(entry.key)) to.restore(entry.key, entry);
  from.close();
}

/** The table that sessions of that configuration are in, made where it is missing. */
export function sharedSessionsFor(
  { type, maxSessions }: ActiveAffinityConfig,
  { pool, memory, lock }: Pick<AffinityDeps, 'pool' | 'memory' | 'lock'>,
): SharedSessions {
  const capacity = sessionCapacity(maxSessions);
  return new SharedSessions(memory, lock, sharedSessionsBlock(pool, type, capacity), capacity);
}
