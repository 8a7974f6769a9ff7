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

let isHeld = false;
/** Below zero while it was not asked for since it is held. */
let heldNow = -1;
let heldEpoch = -1;

/** The system's time. While it is held, it is read once, when first asked for. */
export const systemClock: Clock = {
  now() {
    if (!isHeld) return performance.now();
    if (heldNow < 0) heldNow = performance.now();
    return heldNow;
  },
  epoch() {
    if (!isHeld) return Date.now();
    if (heldEpoch < 0) heldEpoch = Date.now();
    return heldEpoch;
  },
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Lets the time stand still until `releaseTime`, within one callback: dealing with what a socket brought takes microseconds, and
 * asks for the time some ten times.
 */
export function holdTime(): void {
  isHeld = true;
  heldNow = -1;
  heldEpoch = -1;
}

export function releaseTime(): void {
  isHeld = false;
}
