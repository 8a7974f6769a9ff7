import type { RequestSummary } from '@shared/contract/request-values.ts';
import { finishedMs } from '@shared/lib/finished-at.ts';

/** What was not told yet of answers about the newest requests, each of which begins with the newest. */
export interface FreshRequests {
  /** @param found newest first @returns those of them that are news, newest first */
  take(found: readonly RequestSummary[]): readonly RequestSummary[];
}

/**
 * Knows requests by their ids, so that of two that ended at the same time neither is lost nor told twice: threads tell theirs one after
 * the other, and what ended a little earlier may come a little later. By its end it knows what is older than all that an answer had
 * room for: it may come up when others are forgotten, since those that failed are kept for longer than their neighbours.
 *
 * @param most requests that an answer has room for
 */
export function freshRequests(most: number): FreshRequests {
  /** In the order in which they were last seen. */
  const known = new Set<string>();
  let oldestMs = Number.NEGATIVE_INFINITY;
  return {
    take(found) {
      const fresh = found.filter((each) => !known.has(each.id) && finishedMs(each) > oldestMs);
      for (const { id } of found) {
        known.delete(id);
        known.add(id);
      }
      // A thread that left an answer out once comes with all of its own in the next.
      const tooMany = known.size - answersKnown * most;
      let dropped = 0;
      for (const id of known) {
        if (dropped >= tooMany) break;
        known.delete(id);
        dropped += 1;
      }
      const last = found.at(-1);
      if (last && found.length >= most) oldestMs = Math.max(oldestMs, finishedMs(last));
      return fresh;
    },
  };
}

/** So many full answers are remembered. */
const answersKnown = 4;
