import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { firstAfter } from './first-after.ts';
import { listOf } from './list-of.ts';
import type { ToldByAttempt } from './told-by-attempt.ts';

/** A time in which a server was asked and answered nobody: whoever waited was answered elsewhere first, or went away. */
export interface Silence {
  /** Milliseconds of the recording: from the first attempt to half-way to the next that was answered. */
  readonly from: number;
  readonly to: number;
  /** How many attempts. */
  readonly attempts: number;
  /** The longest that one of them was waited for, milliseconds. */
  readonly longestMs: number;
}

/** When servers were silent. Of a single attempt it may have been the request; of several in a row it was the server. */
export class Silences {
  readonly #ofServer = new Map<string, Silence[]>();

  constructor(requests: readonly RecordedRequest[], told: ToldByAttempt) {
    const sights = new Map<string, { readonly atMs: number; readonly openMs: number | null }[]>();
    for (const request of requests) {
      for (const attempt of request.attempts) {
        const openMs = told.isOpen(attempt) ? attempt.durationMs : null;
        if (openMs === null && !told.isAnswer(request, attempt)) continue;
        const atMs = request.arrivedMs + attempt.startedAfterMs;
        listOf(sights, attempt.server).push({ atMs, openMs });
      }
    }
    for (const [server, list] of sights) {
      list.sort((one, other) => one.atMs - other.atMs);
      let from = 0;
      let lastAt = 0;
      let attempts = 0;
      let longestMs = 0;
      const end = (to: number): void => {
        if (attempts > 0) listOf(this.#ofServer, server).push({ from, to, attempts, longestMs });
        attempts = longestMs = 0;
      };
      for (const { atMs, openMs } of list) {
        if (openMs === null) {
          end((lastAt + atMs) / 2);
          continue;
        }
        if (attempts === 0) from = atMs;
        lastAt = atMs;
        attempts += 1;
        longestMs = Math.max(longestMs, openMs);
      }
      end(Number.POSITIVE_INFINITY);
    }
  }

  /** The one that a moment of the recording is in; null where it is in none. */
  at(server: string, atMs: number): Silence | null {
    const silences = this.#ofServer.get(server) ?? [];
    const next = firstAfter(silences.length, (index) => silences[index]!.from > atMs);
    const silence = silences[next - 1];
    return silence !== undefined && atMs <= silence.to ? silence : null;
  }
}
