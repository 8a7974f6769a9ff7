import type { SavedSession } from '@shared/contract/saved-sessions.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import { EpochOffset } from '../epoch-offset.ts';
import type { Exchange, RequestFacts } from '../exchange.ts';
import type { AffinityCause } from '../journal/decision.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import type { ActiveAffinityConfig } from './affinity-config.ts';
import { type ClientKey, clientKey } from './client-key.ts';
import { describeSession, restoredSession, savedSession } from './described-session.ts';
import type { ResponseCookie } from './response-cookie.ts';
import { type CookieCodec, cookieAttributes } from './session-cookie.ts';
import type { SessionEntry, SessionFacts, SessionServer, Sessions } from './session-entry.ts';
import { SessionEvents } from './session-events.ts';
import { SessionTables } from './session-tables.ts';

export interface AffinityDeps {
  readonly pool: string;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly codec: CookieCodec;
  readonly limits: LimitLog;
  readonly memory: Memory;
  /** The pool's. Everything but `list`, `keyOf`, `keys`, `save` and `expect` is called under it. */
  readonly lock: Lock;
}

/** `Max-Age` counts seconds (RFC 6265 section 5.2.2): a cookie that was sent within this says the same. */
const maxAgeUnitMs = 1_000;

/** Sessions that one call ends at most, since nobody can choose a server meanwhile. */
export const mostEnded = 200;

/** The sessions of one pool. Binds, moves and ends them; which server is chosen is the pool's business. */
export class Affinity {
  readonly #deps: AffinityDeps;
  readonly #toEpoch: EpochOffset;
  #client: ClientKey;
  /** What follows the value in a Set-Cookie field. */
  #attributes = '';
  readonly #tables: SessionTables;
  readonly #events: SessionEvents;
  #config: ActiveAffinityConfig;

  constructor(config: ActiveAffinityConfig, deps: AffinityDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#toEpoch = new EpochOffset(deps.clock);
    this.#client = clientKey(config, deps.pool);
    if (config.type === 'cookie') this.#attributes = cookieAttributes(config);
    this.#tables = new SessionTables(config, deps);
    this.#events = new SessionEvents(deps.events, deps.pool);
  }

  get #table(): Sessions {
    return this.#tables.current;
  }

  get config(): ActiveAffinityConfig {
    return this.#config;
  }

  get size(): number {
    return this.#table.size;
  }

  /** By what clients are told apart: sessions of another source are of no use. */
  get source(): string {
    return this.#client.source;
  }

  /** Name of the application's cookie that binds a client when a response sets it; null where none does. */
  get learnsCookie(): string | null {
    return this.#config.type === 'app-cookie' ? this.#client.cookie : null;
  }

  /** Takes over a changed time to live, cap or look of the cookie. The type stays: another type is another `Affinity`. */
  configure(config: ActiveAffinityConfig, now: number): void {
    const before = this.#client.source;
    this.#config = config;
    this.#client = clientKey(config, this.#deps.pool);
    if (config.type === 'cookie') this.#attributes = cookieAttributes(config);
    this.#tables.change();
    if (this.#deps.memory.thread !== 0) return;
    if (this.#client.source !== before) this.endAll('clients are told apart by something else now');
    this.#trim();
    this.expire(now);
  }

  /** A configuration may come with room for another number of sessions. */
  expect(config: ActiveAffinityConfig): void {
    this.#tables.expect(config);
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    this.#tables.expectNoMore();
  }

  /** A thread was ended in the middle of a change. */
  repair(): void {
    this.#tables.repair();
  }

  /** It is no longer wanted. */
  forget(): void {
    this.#tables.forget();
  }

  /** The client's session, or why there is none. An expired or forged one is none. */
  find(facts: RequestFacts, now: number): SessionEntry | AffinityCause {
    this.#tables.follow();
    const client = this.#client;
    const shown = client.shown(facts);
    if (shown === null) return client.nothingShown;
    const entry = this.#alive(client.keyOf(shown), now);
    if (entry) return entry; // for a cookie: the very value that was issued, id and signature
    return this.#config.type === 'cookie' && !this.#deps.codec.verify(shown)
      ? 'unknown-cookie'
      : client.unknown;
  }

  /** Whether the session is still in the table. */
  holds(entry: SessionEntry): boolean {
    this.#tables.follow();
    return this.#table.get(entry.key) === entry;
  }

  /** One more request of the session. Sets `exchange.setCookie` where the client's cookie is to be renewed. */
  use(entry: SessionEntry, exchange: Exchange, now: number): void {
    const facts = exchange.facts!;
    entry.hits += 1;
    entry.client = facts.clientAddress;
    this.#table.touch(entry, now);
    const config = this.#config;
    // The time to live slides with every request, and the browser's copy has to follow: it knows of no other end than its Max-Age.
    if (config.type !== 'cookie' || !config.maxAge || now - entry.cookieSentAt < maxAgeUnitMs) return;
    if (config.expiry === 'fixed' && !entry.pinned) return;
    const shown = this.#client.shown(facts);
    if (shown === null) return;
    entry.cookieSentAt = now;
    exchange.setCookie = this.#cookieField(shown);
  }

  /**
   * Binds the client of a request, and sets `exchange.setCookie` where a cookie tells it. Null where nothing in the request tells the client
   * apart, or where its server's response will.
   */
  bind(exchange: Exchange, server: SessionServer, now: number): SessionEntry | null {
    const { codec } = this.#deps;
    const { type } = this.#config;
    const facts = exchange.facts!;
    const shown =
      type === 'cookie' ? codec.issue() : type === 'app-cookie' ? null : this.#client.shown(facts);
    if (shown === null) return null;
    const entry = this.#add(this.#client.keyOf(shown), facts.clientAddress, server, now);
    if (type === 'cookie') exchange.setCookie = this.#cookieField(shown);
    return entry;
  }

  /**
   * The response of a server sets the application's cookie, or takes it back.
   *
   * @returns the session that was bound just now; null where none was
   */
  learn(exchange: Exchange, server: SessionServer, cookie: ResponseCookie, now: number): SessionEntry | null {
    this.#tables.follow();
    const own = exchange.session;
    if (cookie.isOver) {
      const entry = own === null ? undefined : this.#table.get(own.key);
      if (entry && !entry.pinned) this.#drop(entry, 'session-ended', `${server.name} took its cookie back`);
      return null;
    }
    const entry = this.#alive(this.#client.keyOf(cookie.value), now);
    if (!entry)
      return this.#add(this.#client.keyOf(cookie.value), exchange.facts!.clientAddress, server, now);
    if (entry !== own) this.#table.touch(entry, now);
    if (entry.server.id !== server.id && !entry.pinned)
      this.move(entry, server, `${server.name} set its cookie`, now);
    return null;
  }

  /** @param reason completes `… moved from api-2 to api-3: ` */
  move(entry: SessionEntry, to: SessionServer, reason: string, now: number): void {
    const from = entry.server;
    entry.server = to;
    entry.addMove({ from: from.id, to: to.id, reason, at: now });
    this.#events.moved(entry, from, to, reason);
  }

  /** Keeps a session for good at its server, or no longer. @param why completes `Session s1 … is no longer pinned: ` */
  pin(entry: SessionEntry, pinned: boolean, why: string): void {
    if (entry.pinned === pinned) return;
    this.#table.pin(entry, pinned);
    this.#events.pinned(entry, pinned, why);
  }

  /** Whether another session may be pinned: half of the table stays for those that come and go. */
  get mayPin(): boolean {
    return this.#table.pinned < Math.max(1, Math.floor(this.#config.maxSessions / 2));
  }

  get(key: string): SessionEntry | undefined {
    return this.#table.get(key);
  }

  /** A server is called otherwise now. */
  rename(from: string, to: SessionServer): void {
    this.#table.rename(from, to);
  }

  /** The key of the session with that handle. Without the lock: it looks at every session. */
  keyOf(handle: string): string | undefined {
    for (const entry of this.#table) if (entry.handle === handle) return entry.key;
    return undefined;
  }

  /** Keys of the sessions bound to a server; of all where that is null. */
  keys(server: string | null): string[] {
    const keys: string[] = [];
    for (const entry of this.#table) if (server === null || entry.server.id === server) keys.push(entry.key);
    return keys;
  }

  /** False where it has ended already. */
  end(key: string): boolean {
    const entry = this.#table.get(key);
    if (entry) this.#drop(entry, 'session-ended', 'it was ended by hand');
    return entry !== undefined;
  }

  /** Ends those of the keys that are still at that server, of any where it is null; without an event of each. Returns how many there were. */
  endThese(keys: readonly string[], server: string | null): number {
    let ended = 0;
    for (const key of keys) {
      const entry = this.#table.get(key);
      if (!entry || (server !== null && entry.server.id !== server)) continue;
      this.#table.remove(entry);
      ended += 1;
    }
    return ended;
  }

  endAll(reason: string): void {
    this.tellEnded(this.endThese(this.keys(null), null), null, reason);
  }

  /** Ends what is bound to a server that is not among these, which left the pool: no session points at nothing. */
  endGone(servers: ReadonlySet<string>): void {
    const gone = new Map<string, { server: SessionServer; keys: string[] }>();
    for (const { key, server } of this.#table) {
      if (servers.has(server.id)) continue;
      const { id, name } = server;
      const found = gone.get(id);
      if (found) found.keys.push(key);
      else gone.set(id, { server: { id, name }, keys: [key] });
    }
    for (const { server, keys } of gone.values())
      this.tellEnded(this.endThese(keys, server.id), server, `${server.name} left the pool`);
  }

  /** One event for many sessions. */
  tellEnded(count: number, server: SessionServer | null, reason: string): void {
    this.#events.manyEnded(count, server, reason);
  }

  /** Ends what has outlived its time. True where there may be more of it than one call ends. */
  expire(now: number): boolean {
    const isSliding = this.#config.expiry === 'sliding';
    const next = (): SessionEntry | null => (isSliding ? this.#table.leastUsed : this.#table.firstBound);
    let ended = 0;
    for (let entry = next(); entry && this.#hasExpired(entry, now); entry = next()) {
      if (++ended > mostEnded) return true;
      this.#expired(entry);
    }
    return false;
  }

  /** Most recently used first, pinned ones before all others. */
  list(filter: (session: Session) => boolean, limit: number): { sessions: Session[]; total: number } {
    const toEpoch = this.#toEpoch.ms;
    const sessions: Session[] = [];
    let total = 0;
    for (const entry of this.#table) {
      const session = describeSession(entry, this.#deps.pool, this.#config, toEpoch);
      if (!filter(session)) continue;
      total += 1;
      if (sessions.length < limit) sessions.push(session);
    }
    return { sessions, total };
  }

  /** What another run needs to go on with the sessions there are now; of those that have ended by the time they are asked for, it may tell. */
  *save(): Generator<SavedSession> {
    const toEpoch = this.#toEpoch.ms;
    // The table may change between two of them, so which there are is written down first.
    for (const entry of [...this.#table]) yield savedSession(entry, toEpoch);
  }

  /** Takes over the sessions of an earlier run, before any client was let in. Returns how many are not over yet. */
  restore(saved: readonly SavedSession[], now: number): number {
    const toEpoch = this.#toEpoch.ms;
    const alive = saved
      .map((each) => restoredSession(each, toEpoch, now))
      .filter((each) => !this.#hasExpired(each, now))
      .slice(0, this.#config.maxSessions);
    this.#table.restore(alive);
    return alive.length;
  }

  #cookieField(value: string): string {
    return `${this.#client.cookie}=${value}${this.#attributes}`;
  }

  #add(key: string, address: string, server: SessionServer, now: number): SessionEntry {
    const entry = this.#table.add(key, address, server, now);
    this.#events.bound(entry, address, server, this.#config);
    this.#trim();
    return entry;
  }

  #alive(key: string, now: number): SessionEntry | undefined {
    const entry = this.#table.get(key);
    if (!entry || !this.#hasExpired(entry, now)) return entry;
    this.#expired(entry);
    return undefined;
  }

  #hasExpired({ pinned, since, lastUsed }: SessionFacts | SessionEntry, now: number): boolean {
    const { expiry, ttlMs } = this.#config;
    return !pinned && now - (expiry === 'sliding' ? lastUsed : since) >= ttlMs;
  }

  #expired(entry: SessionEntry): void {
    const { expiry, ttlMs } = this.#config;
    const ttl = formatDuration(ttlMs);
    this.#drop(
      entry,
      'session-expired',
      expiry === 'sliding' ? `no request for ${ttl}` : `it was bound ${ttl} ago`,
    );
  }

  #trim(): void {
    const { maxSessions } = this.#config;
    while (this.#table.size > maxSessions) {
      this.#deps.limits.reached('sessions', { pool: this.#deps.pool });
      const { leastUsed } = this.#table;
      const why = leastUsed === null ? 'all of the sessions are pinned' : 'it was the least recently used';
      this.#drop(
        (leastUsed ?? this.#table.anyPinned())!,
        'session-ended',
        `the table is full (${maxSessions}), ${why}`,
      );
    }
  }

  #drop(entry: SessionEntry, kind: 'session-ended' | 'session-expired', reason: string): void {
    this.#events.ended(entry, kind, reason);
    this.#table.remove(entry);
  }
}
