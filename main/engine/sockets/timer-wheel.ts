import type { Clock } from '../clock.ts';

const tickMs = 20;
const slots = 1_024;

/** Something with a deadline. Extended by connections, which live long, so that setting a deadline allocates nothing. */
export abstract class Timed {
  /** Clock's `now()`; Infinity for none. */
  deadline = Number.POSITIVE_INFINITY;
  /** Tick at which the wheel looks at this; Infinity while it is not in the wheel. */
  wheelTick = Number.POSITIVE_INFINITY;
  wheelBefore: Timed | null = null;
  wheelAfter: Timed | null = null;
  abstract onDeadline(now: number): void;
}

/**
 * Coarse timeouts for many connections: fires up to 20 ms late, never early. Moving a deadline further away only writes a
 * number, because what is looked at too early is put back; so a kept-alive connection costs nothing per request.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #heads: (Timed | null)[] = new Array<Timed | null>(slots).fill(null);
  #tick: number;
  #armedTick = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | null = null;
  #count = 0;
  #isTurning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#tick = Math.floor(clock.now() / tickMs);
  }

  /** What is being watched just now. */
  get count(): number {
    return this.#count;
  }

  /** @param deadline clock's `now()`; Infinity for none */
  set(timed: Timed, deadline: number): void {
    timed.deadline = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const tick = Math.ceil(deadline / tickMs);
    if (tick < timed.wheelTick) this.#insert(timed, tick);
  }

  /** Takes it out for good, when it is closed. */
  remove(timed: Timed): void {
    timed.deadline = Number.POSITIVE_INFINITY;
    if (timed.wheelTick === Number.POSITIVE_INFINITY) return;
    this.#unlink(timed);
    if (this.#count === 0) this.#sleep();
  }

  #insert(timed: Timed, wanted: number): void {
    if (timed.wheelTick !== Number.POSITIVE_INFINITY) this.#unlink(timed);
    // Not in the middle of a turn: a late one would lead on past the slot it looks at, a whole round ahead into that very slot, for ever.
    if (this.#count === 0 && !this.#isTurning) this.#tick = Math.floor(this.#clock.now() / tickMs);
    const tick = Math.min(Math.max(wanted, this.#tick + 1), this.#tick + slots - 1);
    const slot = tick % slots;
    const head = this.#heads[slot]!;
    timed.wheelTick = tick;
    timed.wheelAfter = head;
    if (head) head.wheelBefore = timed;
    this.#heads[slot] = timed;
    this.#count++;
    if (tick < this.#armedTick) this.#arm(tick);
  }

  #unlink(timed: Timed): void {
    const { wheelBefore: before, wheelAfter: after } = timed;
    if (before) before.wheelAfter = after;
    else this.#heads[timed.wheelTick % slots] = after;
    if (after) after.wheelBefore = before;
    timed.wheelBefore = null;
    timed.wheelAfter = null;
    timed.wheelTick = Number.POSITIVE_INFINITY;
    this.#count--;
  }

  #arm(tick: number): void {
    this.#disarm?.();
    this.#armedTick = tick;
    const ms = Math.max(1, Math.ceil(tick * tickMs - this.#clock.now()));
    this.#disarm = this.#clock.after(ms, () => this.#turn());
  }

  #sleep(): void {
    this.#disarm?.();
    this.#disarm = null;
    this.#armedTick = Number.POSITIVE_INFINITY;
  }

  #turn(): void {
    this.#disarm = null;
    this.#armedTick = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    const last = Math.floor(now / tickMs);
    // After a long sleep of the process one round looks at every slot.
    const first = Math.max(this.#tick + 1, last - slots + 1);
    this.#isTurning = true;
    try {
      for (let tick = first; tick <= last; tick++) this.#empty(tick, now, last);
    } finally {
      this.#isTurning = false;
    }
    this.#tick = Math.max(this.#tick, last);
    if (this.#count === 0) return;
    for (let tick = this.#tick + 1; tick < this.#tick + slots; tick++) {
      if (this.#heads[tick % slots]) {
        if (tick < this.#armedTick) this.#arm(tick);
        return;
      }
    }
  }

  /** Tells whose deadline is over, and sets those that have been put off to a slot still to come. */
  #empty(tick: number, now: number, last: number): void {
    this.#tick = tick;
    for (let timed = this.#heads[tick % slots]; timed; timed = this.#heads[tick % slots]) {
      this.#unlink(timed);
      if (timed.deadline <= now) {
        timed.deadline = Number.POSITIVE_INFINITY;
        timed.onDeadline(now);
      } else if (timed.deadline !== Number.POSITIVE_INFINITY) {
        this.#insert(timed, Math.max(Math.ceil(timed.deadline / tickMs), last + 1));
      }
    }
  }
}

const wheels = new WeakMap<Clock, TimerWheel>();

/** The one wheel of a clock: listeners and the connections to servers share it. */
export function wheelOf(clock: Clock): TimerWheel {
  let wheel = wheels.get(clock);
  if (!wheel) {
    wheel = new TimerWheel(clock);
    wheels.set(clock, wheel);
  }
  return wheel;
}
