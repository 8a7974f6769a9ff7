import type { BallastEvent, EventKind } from '@shared/contract/event-values.ts';
import { createLogRing, type LogSource } from '@shared/contract/log-publisher.ts';
import type { Clock } from '../clock.ts';

/** Kinds that can come thousands of times a second. */
export type BusyEventKind = Extract<
  EventKind,
  | 'attempt-failed'
  | 'request-retried'
  | 'request-failed'
  | 'session-bound'
  | 'session-moved'
  | 'session-expired'
  | 'session-ended'
>;

export interface EventAbout {
  readonly pool?: string | null;
  /** Id. */
  readonly server?: string | null;
  readonly request?: string | null;
  /** What the entry stands for; one when left out. */
  readonly count?: number;
}

export interface EventLog extends LogSource<BallastEvent> {
  /** Takes in an event that another thread told. */
  take(event: Omit<BallastEvent, 'sequence'>): void;
  add(kind: EventKind, tone: BallastEvent['tone'], text: string, about?: EventAbout): void;
  /**
   * Whether an event of a busy kind may be told by itself: the first few of each second for each server (or pool). The
   * others are counted, and the count is told in one entry when the second is over.
   */
  admit(kind: BusyEventKind, pool: string | null, server: string | null): boolean;
  /** Tells the counts of seconds that are over. To be called a few times a second. */
  tick(now: number): void;
}

interface Busy {
  readonly kind: BusyEventKind;
  readonly pool: string | null;
  readonly server: string | null;
  readonly startedAt: number;
  admitted: number;
  held: number;
}

const secondMs = 1_000;

export function createEventLog(options: {
  readonly clock: Clock;
  readonly capacity: number;
  /** Events of one busy kind about one server (or pool) told one by one in a second. */
  readonly perSecond: number;
  /** Given every event instead of keeping it: for a thread that is not the engine's own. */
  readonly told?: (event: Omit<BallastEvent, 'sequence'>) => void;
}): EventLog {
  const { clock, capacity, perSecond, told } = options;
  const ring = createLogRing<BallastEvent>({ capacity });
  const busy = new Map<string, Busy>();

  const log: EventLog = {
    get cursor() {
      return ring.cursor;
    },
    read: (after, limit) => ring.read(after, limit),
    add(kind, tone, text, { pool = null, server = null, request = null, count } = {}) {
      const event = { atMs: clock.epoch(), kind, text, tone, pool, server, request };
      const counted = count === undefined ? event : { ...event, count };
      if (told) told(counted);
      else log.take(counted);
    },
    take(event) {
      ring.append({ sequence: ring.cursor + 1, ...event });
    },
    admit(kind, pool, server) {
      const key = `${kind} ${server ?? pool ?? ''}`;
      let entry = busy.get(key);
      const now = clock.now();
      if (entry && now - entry.startedAt >= secondMs) {
        tell(entry);
        entry = undefined;
      }
      if (!entry) {
        entry = { kind, pool, server, startedAt: now, admitted: 0, held: 0 };
        busy.set(key, entry);
      }
      if (entry.admitted < perSecond) {
        entry.admitted += 1;
        return true;
      }
      entry.held += 1;
      return false;
    },
    tick(now) {
      for (const [key, entry] of busy) {
        if (now - entry.startedAt < secondMs) continue;
        busy.delete(key);
        tell(entry);
      }
    },
  };

  function tell({ kind, pool, server, held }: Busy): void {
    if (held === 0) return;
    const where = server ?? (pool === null ? 'the listeners' : `pool ${pool}`);
    log.add(kind, tones[kind], `${held} more ${summaries[kind]} (${where}) within one second`, {
      pool,
      server,
      count: held,
    });
  }

  return log;
}

const summaries: Record<BusyEventKind, string> = {
  'attempt-failed': 'attempts failed',
  'request-retried': 'requests were tried again and succeeded',
  'request-failed': 'requests failed for their clients',
  'session-bound': 'sessions were bound',
  'session-moved': 'sessions moved',
  'session-expired': 'sessions expired',
  'session-ended': 'sessions ended',
};

const tones: Record<BusyEventKind, BallastEvent['tone']> = {
  'attempt-failed': 'bad',
  'request-retried': 'good',
  'request-failed': 'bad',
  'session-bound': 'neutral',
  'session-moved': 'neutral',
  'session-expired': 'neutral',
  'session-ended': 'neutral',
};
