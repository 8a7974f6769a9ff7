import { performance } from 'node:perf_hooks';

/** Time as the engine knows it. Injected, so that tests and simulations own it. */
export interface Clock {
  /** Monotonic milliseconds with fractions, from an arbitrary start. For durations and deadlines. */
  now(): number;
  /** Milliseconds since 1970. For what a person reads. */
  epoch(): number;
  /** Runs once after `ms`. The returned function cancels. Must not keep the process alive by itself. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  epoch: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
