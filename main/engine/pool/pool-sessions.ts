import type { AffinityConfig } from '@shared/config/schema.ts';
import type { SavedPool, SavedSession } from '@shared/contract/saved-sessions.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { Affinity, mostEnded } from '../affinity/affinity.ts';
import type { ResponseCookie } from '../affinity/response-cookie.ts';
import type { SessionEntry, SessionServer } from '../affinity/session-entry.ts';
import { sharedSessionsFor } from '../affinity/shared-sessions.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import type { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';

/** Sessions of a part, so that no request waits long for it. */
const savedAtOnce = 500;

/** How often it is looked after a change whether another thread bound a client to a server that has left: about two seconds. */
const looksAgain = 8;

/** The sessions of a pool: none while it has no affinity. Ends what is over, and takes each step under the pool's lock. */
export class PoolSessions {
  /** To be asked under the pool's lock; null where the pool has none. */
  affinity: Affinity | null = null;
  readonly #pool: string;
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;
  /** Ids of the servers there are. */
  #servers: ReadonlySet<string> = new Set();
  #looks = 0;

  constructor(pool: string, deps: PoolDeps, cells: PoolCells) {
    this.#pool = pool;
    this.#deps = deps;
    this.#cells = cells;
  }

  get count(): number {
    return this.affinity?.size ?? 0;
  }

  /** A configuration is about to come: the memory it needs is there before another thread asks for it. */
  expect(affinity: AffinityConfig): void {
    const { memory } = this.#deps;
    if (affinity.type === 'none') return;
    if (affinity.type === this.affinity?.config.type) this.affinity.expect(affinity);
    if (this.#isFirst && memory.isShared)
      sharedSessionsFor(affinity, { pool: this.#pool, memory, lock: this.#cells.lock });
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    this.affinity?.expectNoMore();
  }

  /** Takes over a changed rule. Sessions of the same kind stay, but for those at servers that are there no more. */
  configure(affinity: AffinityConfig, servers: readonly SessionServer[]): void {
    const current = this.affinity;
    if (affinity.type !== 'none' && affinity.type === current?.config.type)
      current.configure(affinity, this.#deps.clock.now());
    else this.#replace(affinity);
    const tellRestored = this.#restore();
    this.#servers = new Set(servers.map(({ id }) => id));
    if (!this.#isFirst) return;
    this.affinity?.endGone(this.#servers);
    tellRestored?.();
    // A thread that has not heard of the change yet may bind a client to a server that has left.
    this.#looks = this.#deps.memory.isShared ? looksAgain : 0;
  }

  #replace(affinity: AffinityConfig): void {
    const current = this.affinity;
    if (this.#isFirst) current?.endAll('the kind of affinity was changed');
    current?.forget();
    const { clock, events, codec, limits, memory } = this.#deps;
    const { lock } = this.#cells;
    this.affinity =
      affinity.type === 'none'
        ? null
        : new Affinity(affinity, { pool: this.#pool, clock, events, codec, limits, memory, lock });
  }

  /** A server is called otherwise now, and nothing else of it has changed: its sessions stay. */
  rename(from: string, to: SessionServer): void {
    // Another thread that still knows the earlier name may meet the new one: it moves such a session at most once, back to a server it knows.
    if (this.#isFirst) this.affinity?.rename(from, to);
  }

  /** The pool is no longer in the file, or called otherwise there, which is another pool. */
  endAllRemoved(): void {
    if (this.#isFirst) this.#locked((affinity) => affinity.endAll('the pool was removed'));
  }

  /** The pool is no longer configured. */
  forget(): void {
    this.affinity?.forget();
  }

  /** A response sets the cookie by which clients of this pool are told apart, or takes it back. */
  learn(exchange: Exchange, attempt: AttemptRecord, cookie: ResponseCookie): void {
    const bound = this.#locked((affinity) =>
      affinity.learn(exchange, attempt.server!, cookie, this.#deps.clock.now()),
    );
    if (!bound) return;
    exchange.session = bound;
    const { decision } = attempt;
    if (decision?.affinity !== 'none') return;
    decision.affinity = 'bound';
    decision.affinityCause = 'learned';
  }

  /** Ends what is over. To be called a few times a second. */
  expire(now: number): void {
    if (this.#looks > 0) {
      this.#looks -= 1;
      this.#locked((affinity) => affinity.endGone(this.#servers));
    }
    let more = this.#isFirst;
    while (more) more = this.#locked((affinity) => affinity.expire(now)) ?? false;
  }

  list(filter: (session: Session) => boolean, limit: number): { sessions: Session[]; total: number } {
    return this.affinity?.list(filter, limit) ?? { sessions: [], total: 0 };
  }

  /** False where there is no such session. */
  end(handle: string): boolean {
    const key = this.affinity?.keyOf(handle);
    return key !== undefined && (this.#locked((affinity) => affinity.end(key)) ?? false);
  }

  /** Ends all sessions at a server, or of the pool where it is null. Returns how many there were. */
  endAll(server: SessionServer | null): number {
    const id = server?.id ?? null;
    const keys = this.affinity?.keys(id) ?? [];
    let ended = 0;
    for (let from = 0; from < keys.length; from += mostEnded) {
      const some = keys.slice(from, from + mostEnded);
      ended += this.#locked((affinity) => affinity.endThese(some, id)) ?? 0;
    }
    this.#locked((affinity) => affinity.tellEnded(ended, server, 'they were ended by hand'));
    return ended;
  }

  /** Binds a session to another server. Returns the id of the one before; undefined where there is no such session. */
  move(handle: string, to: SessionServer): string | undefined {
    return this.#withEntry(handle, (entry, affinity) => {
      const before = entry.server.id;
      if (before !== to.id) affinity.move(entry, to, 'it was moved by hand', this.#deps.clock.now());
      return before;
    });
  }

  /** Pins a session, or no longer. Undefined where there is no such session; `isFull`: no more may be pinned, and this one was not. */
  pin(handle: string, pinned: boolean): { before: boolean; server: string; isFull: boolean } | undefined {
    return this.#withEntry(handle, (entry, affinity) => {
      const told = { before: entry.pinned, server: entry.server.id };
      if (pinned && !entry.pinned && !affinity.mayPin) return { ...told, isFull: true };
      affinity.pin(entry, pinned, 'it was unpinned by hand');
      return { ...told, isFull: false };
    });
  }

  /** What another run needs to go on with them, a part at a time: whoever takes the parts lets requests be served in between. */
  *save(): Generator<SavedPool> {
    const { affinity } = this;
    if (!affinity) return;
    let sessions: SavedSession[] = [];
    for (const each of affinity.save()) {
      sessions.push(each);
      if (sessions.length < savedAtOnce) continue;
      yield { pool: this.#pool, source: affinity.source, sessions };
      sessions = [];
    }
    yield { pool: this.#pool, source: affinity.source, sessions };
  }

  /** Takes over what the last run left. Returns how to tell of it, once those at servers that are gone have ended. */
  #restore(): (() => void) | undefined {
    const { savedSessions, clock, events } = this.#deps;
    const saved = savedSessions?.get(this.#pool);
    const { affinity } = this;
    if (!saved || !affinity) return undefined;
    savedSessions?.delete(this.#pool);
    if (saved.sessions.length === 0) return undefined;
    const isSame = saved.source === affinity.source;
    const left = saved.sessions.length - (isSame ? affinity.restore(saved.sessions, clock.now()) : 0);
    const why = isSame
      ? 'had expired'
      : `${left === 1 ? 'was' : 'were'} of clients told apart by something else`;
    return () => {
      const count = affinity.size;
      const what = count === 1 ? '1 session' : `${count} sessions`;
      events.add(
        'sessions-restored',
        count > 0 ? 'good' : 'neutral',
        `${what} of pool ${this.#pool} ${count === 1 ? 'goes' : 'go'} on from the last run${left > 0 ? `; ${left} ${why}` : ''}`,
        { pool: this.#pool, count },
      );
    };
  }

  #withEntry<T>(handle: string, act: (entry: SessionEntry, affinity: Affinity) => T): T | undefined {
    const key = this.affinity?.keyOf(handle);
    if (key === undefined) return undefined;
    return this.#locked((affinity) => {
      const entry = affinity.get(key);
      return entry && act(entry, affinity);
    });
  }

  #locked<T>(act: (affinity: Affinity) => T): T | undefined {
    const { affinity } = this;
    if (!affinity) return undefined;
    const { lock } = this.#cells;
    lock.acquire();
    try {
      return act(affinity);
    } finally {
      lock.release();
    }
  }

  get #isFirst(): boolean {
    return this.#deps.memory.thread === 0;
  }
}
