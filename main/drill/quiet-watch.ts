import type { Clock } from '../engine/clock.ts';

/** Tells whether anybody but the generator sends requests, from the engine's count of all of them. */
export interface QuietWatch {
  /** The generator sends one. */
  sent(): void;
  /** One of those failed without an answer: the engine may never have seen it. */
  neverArrived(): void;
  /** Requests the engine has finished since its start. */
  observe(finishedRequests: number): void;
  /** Nobody else sent one for a while. */
  isQuiet(): boolean;
}

export function createQuietWatch({ clock, quietMs }: { clock: Clock; quietMs: number }): QuietWatch {
  let own = 0;
  let lastFinished = 0;
  let others = 0;
  let quietFrom = Number.NEGATIVE_INFINITY;
  return {
    sent: () => void own++,
    neverArrived: () => void own--,
    observe(finishedRequests) {
      // Those under way are counted as own already, so this may be too low for a moment but never too high.
      const seen = finishedRequests - own;
      if (finishedRequests < lastFinished) {
        // The engine began to count anew.
        own = 0;
        others = finishedRequests;
      } else if (seen > others) {
        others = seen;
        quietFrom = clock.now() + quietMs;
      }
      lastFinished = finishedRequests;
    },
    isQuiet: () => clock.now() >= quietFrom,
  };
}
