import type { Clock } from '../clock.ts';

/** Time that passes only when it is told to: an hour in the blink of an eye, and twice in the same way. */
export interface VirtualClock extends Clock {
  /** When the next timer is due, by `now()`; Infinity where none waits. */
  readonly nextAt: number;
  /** Moves on to the next timer and runs it. Timers of the same moment run in the order in which they were set. */
  runNext(): void;
  /** Moves on without running anything. Never back. */
  moveTo(at: number): void;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

/** @param epochStart milliseconds since 1970 at `start` */
export function createVirtualClock({ start = 1_000, epochStart = 0 } = {}): VirtualClock {
  const timers = new TimerHeap();
  let now = start;
  let order = 0;
  return {
    now: () => now,
    epoch: () => epochStart + now - start,
    after(ms, run) {
      const timer: Timer = { at: now + Math.max(0, ms), order: order++, run };
      timers.add(timer);
      return () => {
        timer.run = null;
      };
    },
    get nextAt() {
      return timers.first()?.at ?? Number.POSITIVE_INFINITY;
    },
    runNext() {
      const timer = timers.take();
      if (!timer) return;
      now = Math.max(now, timer.at);
      timer.run?.();
    },
    moveTo(at) {
      now = Math.max(now, at);
    },
  };
}

/** A binary heap; what was cancelled is thrown away when it comes up. */
class TimerHeap {
  readonly #timers: Timer[] = [];

  add(timer: Timer): void {
    const timers = this.#timers;
    let at = timers.length;
    timers.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, timers[parent]!)) break;
      timers[at] = timers[parent]!;
      at = parent;
    }
    timers[at] = timer;
  }

  first(): Timer | undefined {
    while (this.#timers[0]?.run === null) this.#takeTop();
    return this.#timers[0];
  }

  take(): Timer | undefined {
    return this.first() && this.#takeTop();
  }

  #takeTop(): Timer | undefined {
    const timers = this.#timers;
    const top = timers[0];
    const last = timers.pop();
    if (!last || last === top) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      if (child + 1 < timers.length && isBefore(timers[child + 1]!, timers[child]!)) child += 1;
      if (!isBefore(timers[child]!, last)) break;
      timers[at] = timers[child]!;
      at = child;
    }
    timers[at] = last;
    return top;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
