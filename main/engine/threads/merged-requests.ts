import { createLogRing, type LogSource } from '@shared/contract/log-publisher.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import type { EndedRequest, Journal } from '../journal/journal.ts';
import type { Collected } from './messages.ts';

/** As many as a subscriber gets in the longest time between two batches. */
const kept = 2_000;
const perRound = 200;

/**
 * The requests of all threads as one log, in the order in which they ended, for those who follow it: the engine's own journal until other
 * threads take part.
 */
export interface MergedRequests extends LogSource<RequestSummary> {
  /**
   * Takes in what the other threads wrote down since the last time, and what the engine's own did.
   *
   * @param wholeUntil clock's `now()` up to which all threads have told everything: what ended later waits for the next time, lest it
   *   be told before something older
   */
  add(collected: readonly Pick<Collected, 'requests' | 'dropped'>[], wholeUntil: number): void;
}

export function mergeRequests(own: Pick<Journal, 'cursor' | 'read' | 'readEnded'>): MergedRequests {
  const ring = createLogRing<RequestSummary>({ capacity: kept });
  let isMerged = false;
  let ownSeen = 0;
  let early: readonly EndedRequest[] = [];

  return {
    get cursor() {
      return isMerged ? ring.cursor : own.cursor;
    },
    read: (after, limit) => (isMerged ? ring.read(after, limit) : own.read(after, limit)),
    add(collected, wholeUntil) {
      if (!isMerged) {
        // What followed the one log so far goes on in the other where it was.
        isMerged = true;
        ownSeen = own.cursor;
        const before = own.read(0, kept);
        ring.skip(ownSeen - before.length);
        for (const request of before) ring.append(request);
      }
      const mine = own.readEnded(ownSeen, perRound);
      const batches = [{ requests: mine, dropped: own.cursor - ownSeen - mine.length }, ...collected];
      ownSeen = own.cursor;
      ring.skip(batches.reduce((sum, { dropped }) => sum + dropped, 0));
      const told = [...early, ...batches.flatMap(({ requests }) => requests)];
      early = told.filter(({ endedAt }) => endedAt > wholeUntil);
      for (const request of byEnd(told.filter(({ endedAt }) => endedAt <= wholeUntil))) ring.append(request);
    },
  };
}

/** In the order in which they ended. */
export function byEnd(requests: readonly EndedRequest[]): RequestSummary[] {
  return [...requests].sort((one, other) => one.endedAt - other.endedAt).map(({ request }) => request);
}
