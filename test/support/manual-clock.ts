import type { Clock } from '../../main/engine/clock.ts';

export interface ManualClock extends Clock {
  /** Moves time on and runs what is due, in order, each at its own moment. Lets promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

/** A clock that stands still until it is told. `epoch()` is `now()` plus a fixed start. */
export function manualClock({ start = 1_000, epochStart = 1_700_000_000_000 } = {}): ManualClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    epoch: () => epochStart + now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers = timers.filter((each) => each !== due);
        now = Math.max(now, due.at);
        due.run();
        await settle();
      }
      now = end;
      await settle();
    },
    get pending() {
      return timers.length;
    },
  };
}

/** Long enough for chains of promises, without real time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
