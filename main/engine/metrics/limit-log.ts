import { type LimitKind, limits } from '@shared/catalog/limits.ts';
import type { LimitCount } from '@shared/contract/metrics-values.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../journal/event-log.ts';

/** After an event, the same limit is told again at most this often, with how many there were meanwhile. */
const quietMs = 5_000;

export interface LimitAbout {
  readonly listener?: string | null;
  readonly pool?: string | null;
  /** Id of the server concerned. */
  readonly server?: string | null;
  /** What a person should know besides, e.g. the value. */
  readonly detail?: string;
}

/** Counts how often each limit was reached, and tells it without flooding the timeline. */
export interface LimitLog {
  reached(kind: LimitKind, about: LimitAbout): void;
  /** Tells what was held back. To be called a few times a second. */
  tick(now: number): void;
  /** Since start; only limits that were reached. */
  read(): LimitCount[];
}

interface Entry {
  readonly kind: LimitKind;
  readonly listener: string | null;
  readonly pool: string | null;
  server: string | null;
  count: number;
  /** Milliseconds since 1970. */
  lastAtMs: number;
  /** Reached since the last event. */
  held: number;
  /** Clock's `now()`. */
  toldAt: number;
}

export function createLimitLog(clock: Clock, events: EventLog): LimitLog {
  const entries = new Map<string, Entry>();

  function where({ listener, pool }: Entry): string {
    if (pool !== null) return `pool ${pool}`;
    return listener === null ? 'Ballast' : `listener ${listener}`;
  }

  function tell(entry: Entry, detail: string): void {
    const { effect, key } = limits[entry.kind];
    entry.toldAt = clock.now();
    const { pool, server } = entry;
    events.add('limit-reached', 'bad', `${where(entry)}: ${effect} (${key})${detail}`, { pool, server });
  }

  function tellHeld(entry: Entry): void {
    const { effect, key } = limits[entry.kind];
    const { pool, server, held } = entry;
    entry.toldAt = clock.now();
    entry.held = 0;
    events.add(
      'limit-reached',
      'bad',
      `${where(entry)}: ${held === 1 ? 'once more' : `${held} more times`} within ${quietMs / 1_000} s, ${effect} (${key})`,
      { pool, server, count: held },
    );
  }

  return {
    reached(kind, { listener = null, pool = null, server = null, detail }) {
      const id = `${kind} ${pool === null ? `listener ${listener}` : `pool ${pool}`}`;
      let entry = entries.get(id);
      if (!entry) {
        const toldAt = Number.NEGATIVE_INFINITY;
        entry = { kind, listener, pool, server, count: 0, lastAtMs: 0, held: 0, toldAt };
        entries.set(id, entry);
      }
      entry.count += 1;
      entry.lastAtMs = Math.round(clock.epoch());
      if (limits[kind].routine) return;
      entry.server = entry.held === 0 || entry.server === server ? server : null;
      if (entry.held > 0 || clock.now() - entry.toldAt < quietMs) entry.held += 1;
      else tell(entry, detail === undefined ? '' : `: ${detail}`);
    },
    tick(now) {
      for (const entry of entries.values()) {
        if (entry.held > 0 && now - entry.toldAt >= quietMs) tellHeld(entry);
      }
    },
    read: () =>
      [...entries.values()].map(({ kind, listener, pool, count, lastAtMs }) => ({
        kind,
        listener,
        pool,
        count,
        lastAtMs,
      })),
  };
}
