import type { AffinityConfig } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import type { RequestFacts } from '../exchange.ts';
import type { AffinityCause } from '../journal/decision.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import type { Server } from '../pool/server.ts';
import { type CookieCodec, cookieName, findCookie, setCookieField } from './session-cookie.ts';
import { type SessionEntry, SessionTable } from './session-table.ts';

export type ActiveAffinityConfig = Exclude<AffinityConfig, { type: 'none' }>;

export interface AffinityDeps {
  readonly pool: string;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly codec: CookieCodec;
  readonly limits: LimitLog;
}

/** The sessions of one pool. Binds, moves and ends them; which server is chosen is the pool's business. */
export class Affinity {
  readonly #deps: AffinityDeps;
  readonly #cookie: string;
  readonly #table = new SessionTable();
  #config: ActiveAffinityConfig;

  constructor(config: ActiveAffinityConfig, deps: AffinityDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#cookie = cookieName(deps.pool);
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
    this.#trim();
    this.expire(now);
  }

  /** The client's session, or why there is none. An expired or forged one is none. */
  find(facts: RequestFacts, now: number): SessionEntry | AffinityCause {
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

  /** False where there is no session of that handle. */
  end(handle: string): boolean {
    for (const entry of this.#table) {
      if (entry.handle !== handle) continue;
      this.#drop(entry, 'session-ended', 'it was ended by hand');
      return true;
    }
    return false;
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

  /** Ends what was not used for the time to live. */
  expire(now: number): void {
    const { ttlMs } = this.#config;
    for (let entry = this.#table.oldest; entry && now - entry.lastUsed >= ttlMs; entry = this.#table.oldest) {
      this.#drop(entry, 'session-expired', `no request for ${formatDuration(ttlMs)}`);
    }
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
