import type { BallastEvent } from '@shared/contract/event-values.ts';
import { createLogPublisher, type LogPublisher } from '@shared/contract/log-publisher.ts';

/** Events kept; older ones are forgotten, and their number is told. */
const capacity = 5_000;

export type NewEvent = Pick<BallastEvent, 'kind' | 'text' | 'tone'> &
  Partial<Pick<BallastEvent, 'atMs' | 'pool' | 'server' | 'request' | 'count'>>;

/** What happened, the engine's events and the owner's in one order. */
export interface EventLog {
  readonly publisher: LogPublisher<'events'>;
  add(event: NewEvent): void;
  /** Events that happened in the engine and came too fast to be sent on. */
  missed(count: number): void;
  /**
   * The newest, by the time at which they happened, oldest first. Their numbers tell in which order they were heard of: a thread of the
   * engine may tell something after another has told what came later.
   */
  list(options: { limit: number; server?: string | undefined }): {
    events: BallastEvent[];
    forgotten: number;
  };
}

/** @param epoch milliseconds since 1970, for events that bring no time of their own */
export function createEventLog(epoch: () => number): EventLog {
  const publisher = createLogPublisher('events', { capacity, first: 500 });
  let kept = 0;
  return {
    publisher,
    add({ atMs = epoch(), pool = null, server = null, request = null, kind, text, tone, count }) {
      const sequence = publisher.cursor + 1;
      publisher.append({
        sequence,
        atMs,
        kind,
        text,
        tone,
        pool,
        server,
        request,
        ...(count !== undefined && { count }),
      });
      kept = Math.min(kept + 1, capacity);
    },
    missed: (count) => publisher.skip(count),
    list({ limit, server }) {
      const all = publisher.read(0, server === undefined ? limit : capacity);
      const events =
        server === undefined ? all : all.filter((event) => event.server === server).slice(-limit);
      return {
        events: [...events].sort((one, other) => one.atMs - other.atMs),
        forgotten: publisher.cursor - kept,
      };
    },
  };
}
