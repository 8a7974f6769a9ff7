import type { Clock } from './clock.ts';

/** Somebody set the system's clock; less is the rounding of its milliseconds. */
const wasSetMs = 20;

/**
 * What makes milliseconds since 1970 of a clock's `now()`. The system tells the first in whole milliseconds, so that every look at it
 * would give another result: it stays the same until the system's clock was set.
 */
export class EpochOffset {
  readonly #clock: Clock;
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.epoch() - clock.now();
  }

  get ms(): number {
    const offset = this.#clock.epoch() - this.#clock.now();
    if (Math.abs(offset - this.#offset) > wasSetMs) this.#offset = offset;
    return this.#offset;
  }
}
