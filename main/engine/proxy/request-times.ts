import { Timed, type TimerWheel } from '../sockets/timer-wheel.ts';

const never = Number.POSITIVE_INFINITY;

/** Whose times these are. Times are the clock's `now()`. */
export interface TimedRequest {
  /** The request has had all the time it has. */
  requestLate(now: number): void;
  /** The present attempt has had all the time that an attempt has. */
  attemptLate(): void;
  /** The wait before the next attempt is over. */
  pauseOver(): void;
  /** It may go to another server beside the present one. */
  hedgeDue(now: number): void;
}

/**
 * The times of one request that are no connection's, in one entry of the wheel. Made with the first request that needs one,
 * and kept for those to come. As coarse as the wheel: up to 20 ms late, never early.
 */
export class RequestTimes extends Timed {
  /** Given for the present request; 0 for no limit. */
  requestMs = 0;
  attemptMs = 0;
  /** All of them clock's `now()`; Infinity for none. `arm` makes a change count. */
  requestUntil = never;
  attemptUntil = never;
  pausesUntil = never;
  hedgeAt = never;
  /** When the last pause began; NaN where that was told. */
  #pausedAt = Number.NaN;
  readonly #wheel: TimerWheel;
  readonly #owner: TimedRequest;

  constructor(wheel: TimerWheel, owner: TimedRequest) {
    super();
    this.#wheel = wheel;
    this.#owner = owner;
  }

  /** Begins a request. @param now when it came in */
  begin(now: number, requestMs: number, attemptMs: number): void {
    this.requestMs = requestMs;
    this.attemptMs = attemptMs;
    if (requestMs === 0) return;
    this.requestUntil = now + requestMs;
    this.arm();
  }

  arm(): void {
    this.#wheel.set(this, Math.min(this.requestUntil, this.attemptUntil, this.pausesUntil, this.hedgeAt));
  }

  /** Waits before the next attempt. @param now clock's `now()` */
  pause(now: number, ms: number): void {
    this.attemptOver();
    this.#pausedAt = now;
    this.pausesUntil = now + ms;
    this.arm();
  }

  /** Since when it has paused, in milliseconds; 0 where it has not since this was asked before. @param now clock's `now()` */
  pausedFor(now: number): number {
    const ms = now - this.#pausedAt;
    this.#pausedAt = Number.NaN;
    return ms || 0;
  }

  /** Nothing is waited for any more: the response has begun, or the request is over. */
  over(): void {
    this.requestUntil = never;
    this.attemptOver();
  }

  /** The same for the attempts alone: the request goes on. */
  attemptOver(): void {
    this.attemptUntil = never;
    this.pausesUntil = never;
    this.hedgeAt = never;
    this.deadline = this.requestUntil;
  }

  /** Its client is gone. */
  leave(): void {
    this.over();
    this.#wheel.remove(this);
  }

  override onDeadline(now: number): void {
    const owner = this.#owner;
    if (now >= this.requestUntil) {
      this.over();
      owner.requestLate(now);
    } else if (now >= this.attemptUntil) {
      this.attemptUntil = never;
      owner.attemptLate();
    } else if (now >= this.pausesUntil) {
      this.pausesUntil = never;
      owner.pauseOver();
    } else if (now >= this.hedgeAt) {
      this.hedgeAt = never;
      owner.hedgeDue(now);
    }
    this.arm();
  }
}
