import { formatDuration } from '@shared/lib/duration.ts';
import type { EventLog } from '../journal/event-log.ts';
import { type ActiveAffinityConfig, byWhat } from './affinity-config.ts';
import type { SessionEntry, SessionServer } from './session-entry.ts';

/** Tells people what becomes of the sessions of one pool. Of what happens often the event log sums up the rest. */
export class SessionEvents {
  readonly #events: EventLog;
  readonly #pool: string;

  constructor(events: EventLog, pool: string) {
    this.#events = events;
    this.#pool = pool;
  }

  /** @param client address */
  bound(entry: SessionEntry, client: string, server: SessionServer, config: ActiveAffinityConfig): void {
    if (!this.#events.admit('session-bound', this.#pool, server.id)) return;
    const { ttlMs, expiry } = config;
    const until = `${formatDuration(ttlMs)}${expiry === 'sliding' ? ' without a request' : ' from now, used or not'}`;
    this.#events.add(
      'session-bound',
      'neutral',
      `Session ${entry.handle} of ${client} was bound to ${server.name} by ${byWhat(config)}, until ${until}`,
      { pool: this.#pool, server: server.id },
    );
  }

  /** @param reason completes `… moved from api-2 to api-3: ` */
  moved(entry: SessionEntry, from: SessionServer, to: SessionServer, reason: string): void {
    if (!this.#events.admit('session-moved', this.#pool, to.id)) return;
    this.#events.add(
      'session-moved',
      'neutral',
      `Session ${entry.handle} of ${entry.client} moved from ${from.name} to ${to.name}: ${reason}`,
      { pool: this.#pool, server: to.id },
    );
  }

  /** @param why completes `Session s1 … is no longer pinned: ` */
  pinned({ handle, client, server }: SessionEntry, pinned: boolean, why: string): void {
    this.#events.add(
      'session-pinned',
      'neutral',
      pinned
        ? `Session ${handle} of ${client} is pinned to ${server.name}: it neither expires nor moves`
        : `Session ${handle} of ${client} at ${server.name} is no longer pinned: ${why}`,
      { pool: this.#pool, server: server.id },
    );
  }

  /** To be called before the session leaves the table, which may know nothing of it any more. */
  ended(
    { handle, client, server }: SessionEntry,
    kind: 'session-ended' | 'session-expired',
    reason: string,
  ): void {
    if (!this.#events.admit(kind, this.#pool, server.id)) return;
    const verb = kind === 'session-expired' ? 'expired' : 'ended';
    this.#events.add(kind, 'neutral', `Session ${handle} of ${client} at ${server.name} ${verb}: ${reason}`, {
      pool: this.#pool,
      server: server.id,
    });
  }

  /** One event for many sessions. @param server null for those of the whole pool */
  manyEnded(count: number, server: SessionServer | null, reason: string): void {
    if (count === 0) return;
    const where = server === null ? `of pool ${this.#pool}` : `at ${server.name}`;
    const what = `${count} ${count === 1 ? 'session' : 'sessions'} ${where}`;
    this.#events.add('session-ended', 'neutral', `${what} ended: ${reason}`, {
      pool: this.#pool,
      count,
      ...(server !== null && { server: server.id }),
    });
  }
}
