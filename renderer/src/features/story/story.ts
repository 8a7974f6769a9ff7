import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { ReplicaStatus } from '@shared/contract/server-values.ts';

/** What happened when a server's process ended, as far as it was measured. */
export interface Story {
  /** Sequence of the exit's event: which story this is. */
  readonly sequence: number;
  readonly server: string;
  readonly pool: string;
  readonly atMs: number;
  /** How its process ended; null where nobody said. Kept here: a process that is started again has no end. */
  readonly end: ReplicaStatus['exit'];
  readonly failedAttempts: number;
  readonly retried: number;
  readonly saved: number;
  /** Requests that failed for a client meanwhile, anywhere; null where counters cannot tell. */
  readonly lost: number | null;
  readonly sessionsMoved: number;
  /** Milliseconds from the exit until probes or failed attempts took it out; null while it is in, or unknown. */
  readonly outAfterMs: number | null;
  readonly backAtMs: number | null;
  /** Ids of the requests that met it, as far as they were told one by one. */
  readonly requests: readonly string[];
}

/** What belongs to one exit ends this long after it, or when the server's process starts again. */
export const storyWindowMs = 20_000;
/** Clients notice a dead process before its parent does: the first failures may carry an earlier time than the exit. */
const leadMs = 500;

export interface StoryMaterial {
  readonly exit: BallastEvent;
  readonly end?: ReplicaStatus['exit'] | undefined;
  /** Oldest first; may reach back before the exit and on after the window. */
  readonly events: readonly BallastEvent[];
  /** A sample taken before the exit; undefined where this window connected too late to have one. */
  readonly before: Metrics | undefined;
  /** The newest sample within the window. */
  readonly after: Metrics | undefined;
}

/**
 * Tells the story of an exit. Counts come from the difference of two samples, which count everything; where there is no earlier
 * sample they come from the events, and whether a client lost a request is then said only if an event tells so.
 */
export function deriveStory({ exit, end, events, before, after }: StoryMaterial): Story {
  const server = exit.server ?? '';
  const pool = exit.pool ?? server.slice(0, server.indexOf('/'));
  const returned = events.find(
    ({ kind, server: of, atMs }) => kind === 'replica-started' && of === server && atMs > exit.atMs,
  );
  const endMs = Math.min(exit.atMs + storyWindowMs, returned?.atMs ?? Number.POSITIVE_INFINITY);
  const within = events.filter(({ atMs }) => atMs >= exit.atMs - leadMs && atMs <= endMs);
  const count = (kind: BallastEvent['kind'], matches: (event: BallastEvent) => boolean = () => true) =>
    within.reduce(
      (sum, event) => (event.kind === kind && matches(event) ? sum + (event.count ?? 1) : sum),
      0,
    );
  const atServer = (event: BallastEvent) => event.server === server;

  const counters = before && after && after.atMs >= exit.atMs ? { before, after } : undefined;
  const out = within.find(
    (event) =>
      atServer(event) &&
      event.tone === 'bad' &&
      (event.kind === 'verdict-changed' || event.kind === 'server-ejected'),
  );
  const failures = within.filter((event) => event.kind === 'attempt-failed' && atServer(event));
  const lostEvents = count('request-failed');
  const difference = (read: (metrics: Metrics) => number | undefined): number =>
    counters ? Math.max(0, (read(counters.after) ?? 0) - (read(counters.before) ?? 0)) : 0;

  /** Nothing lost since the engine began is proof too, unless it began after the exit. */
  function lostWithoutBefore(): number | null {
    if (lostEvents > 0) return lostEvents;
    const beganAnew = events.some(({ kind, atMs }) => kind === 'engine-restarted' && atMs > exit.atMs);
    return after?.total.failed === 0 && after.atMs >= exit.atMs && !beganAnew ? 0 : null;
  }

  return {
    sequence: exit.sequence,
    server,
    pool,
    atMs: exit.atMs,
    end: end ?? null,
    failedAttempts: counters
      ? difference(({ servers }) => servers[server]?.failedAttempts)
      : count('attempt-failed', atServer),
    retried: counters ? difference(({ total }) => total.retried) : count('request-retried'),
    saved: counters ? difference(({ total }) => total.savedByRetry) : count('request-retried'),
    lost: counters ? difference(({ total }) => total.failed) : lostWithoutBefore(),
    sessionsMoved: count('session-moved', (event) => event.pool === pool && event.server !== server),
    outAfterMs: out ? Math.max(0, out.atMs - exit.atMs) : null,
    backAtMs: returned?.atMs ?? null,
    requests: [...new Set(failures.flatMap(({ request }) => (request === null ? [] : [request])))],
  };
}
