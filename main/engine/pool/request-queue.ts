import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import { RollingHistogram } from '../metrics/rolling-histogram.ts';
import { Timed, type TimerWheel } from '../sockets/timer-wheel.ts';
import type { QueueBoard } from './queue-board.ts';
import type { Server } from './server.ts';

/** Whoever carries a request, while that waits for a slot. Linked into the queue itself, so that waiting allocates nothing. */
export interface Waiter {
  readonly exchange: Exchange;
  isWaiting: boolean;
  waiterBefore: Waiter | null;
  waiterAfter: Waiter | null;
  /** A server has a slot for it; the exchange's next attempt has been taken. */
  served(server: Server): void;
  /** It waits no more, and gets no server: `exchange.error` says why. */
  refused(): void;
}

/** What the queue asks of its pool. */
export interface QueueOwner {
  /**
   * Whether asking anybody makes sense: some server has a slot.
   *
   * @param hasReturned some that wait have been at a server already, and that failed them
   */
  hasSlot(hasReturned: boolean): boolean;
  /** Who could be asked, as a number: it differs when that has changed. */
  outlook(): number;
  /** No server is in that could have a slot some time: whoever waits is to hear of it. */
  isOut(): boolean;
  /** A server for this one now, or null. */
  offer(waiter: Waiter): Server | null;
  /** Whether it pays to wait on; where not, `exchange.error` has been set. */
  mayWaitOn(waiter: Waiter): boolean;
  /** Sets `exchange.error`. */
  timedOut(waiter: Waiter, waitedMs: number): void;
}

/** Servers also come free by the passing of time, or through another thread: that is looked for this often. */
const lookMs = 40;
const slices = 11;
const perMs = 1_000;

/**
 * Requests that wait for a server to have a slot, first come first served; who is bound to a server that is still full lets
 * others pass. One entry of the timer wheel watches them all.
 */
export class RequestQueue extends Timed {
  /** Left because the queue was full. */
  refused = 0;
  timedOut = 0;
  /** Got a server after waiting. */
  served = 0;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #owner: QueueOwner;
  readonly #runSoon = (): void => {
    this.#woken = false;
    this.run();
  };
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #length = 0;
  /** Those that have been at a server already. */
  readonly #returned = new Set<Waiter>();
  #woken = false;
  #running = false;
  #timeoutMs = 0;
  /** Made when somebody waits for the first time. */
  #times: RollingHistogram | null = null;
  /** What the queues of other threads know of this one, and this one of them. */
  readonly #board: QueueBoard | null;
  readonly #knocked = (): void => this.wake();

  constructor(clock: Clock, wheel: TimerWheel, owner: QueueOwner, board: QueueBoard | null = null) {
    super();
    this.#board = board;
    this.#clock = clock;
    this.#wheel = wheel;
    this.#owner = owner;
  }

  get length(): number {
    return this.#length;
  }

  configure(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.wake();
  }

  add(waiter: Waiter): void {
    waiter.exchange.queuedAt = this.#clock.now();
    waiter.isWaiting = true;
    waiter.waiterBefore = this.#last;
    waiter.waiterAfter = null;
    if (this.#last) this.#last.waiterAfter = waiter;
    else this.#first = waiter;
    this.#last = waiter;
    this.#length += 1;
    if (waiter.exchange.attemptCount > 0) this.#returned.add(waiter);
    this.#publish();
    if (this.#length > 1) return;
    this.#wheel.set(this, this.#clock.now() + Math.min(lookMs, this.#timeoutMs));
    // What came free in another thread before this one was known to wait was told to nobody.
    if (this.#board?.isShared) this.wake();
  }

  /** The client went away, say. */
  remove(waiter: Waiter): void {
    if (!waiter.isWaiting) return;
    const { waiterBefore: before, waiterAfter: after } = waiter;
    if (before) before.waiterAfter = after;
    else this.#first = after;
    if (after) after.waiterBefore = before;
    else this.#last = before;
    waiter.isWaiting = false;
    waiter.waiterBefore = null;
    waiter.waiterAfter = null;
    this.#length -= 1;
    this.#returned.delete(waiter);
    this.#publish();
  }

  /** A slot may have come free: looked at when the present callback is done, and before anybody new is let in. */
  wake(): void {
    if (this.#length === 0 || this.#woken) return;
    this.#woken = true;
    process.nextTick(this.#runSoon);
  }

  /** Serves whoever can be served now, in the order of arrival. */
  run(): void {
    // Whoever is served may end at once and give a slot back: the loop that runs already sees it.
    if (this.#running) return;
    this.#running = true;
    const owner = this.#owner;
    const board = this.#board;
    const releases = board?.releases ?? 0;
    const isOut = owner.isOut();
    const first = this.#first;
    let isOthersTurn = false;
    for (let waiter = this.#first; waiter && (isOut || this.#hasSlot()); ) {
      if (!isOut && board?.mayGo(waiter.exchange.queuedAt) === false) {
        isOthersTurn = true;
        break;
      }
      const after: Waiter | null = waiter.waiterAfter;
      const server = owner.offer(waiter);
      if (server) this.#serve(waiter, server);
      else if (!owner.mayWaitOn(waiter)) this.#refuse(waiter);
      // Serving or refusing one may have taken its neighbour out.
      waiter = after === null || after.isWaiting ? after : this.#first;
    }
    this.#running = false;
    if (!isOthersTurn) board?.looked(releases, this.#hasSlot());
    else if (this.#first !== first) board?.handOver();
  }

  /** Nobody can be served any more. @param tell sets `exchange.error` */
  refuseAll(tell: (waiter: Waiter) => void): void {
    for (let left = this.#length; left > 0 && this.#first; left--) {
      const waiter = this.#first;
      tell(waiter);
      this.#refuse(waiter);
    }
  }

  override onDeadline(now: number): void {
    for (let left = this.#length; left > 0 && this.#first; left--) {
      const waiter = this.#first;
      const waitedMs = now - waiter.exchange.queuedAt;
      if (waitedMs < this.#timeoutMs) break;
      this.timedOut += 1;
      this.#owner.timedOut(waiter, waitedMs);
      this.#refuse(waiter);
    }
    if (this.#first && this.#board?.isShared) this.#board.saw(this.#owner.outlook());
    this.run();
    if (!this.#first) return;
    const timeoutAt = this.#first.exchange.queuedAt + this.#timeoutMs;
    this.#wheel.set(this, Math.min(timeoutAt, this.#clock.now() + lookMs));
  }

  /** Begins a new slice of the window over which times are told. */
  roll(): void {
    this.#times?.roll();
  }

  #hasSlot(): boolean {
    return this.#owner.hasSlot(this.#returned.size > 0);
  }

  #publish(): void {
    const since = this.#first === null ? 0 : this.#first.exchange.queuedAt;
    this.#board?.publish(this.#length, since, this.#knocked);
  }

  #serve(waiter: Waiter, server: Server): void {
    this.remove(waiter);
    this.served += 1;
    this.#times ??= new RollingHistogram(slices, this.#board?.times);
    this.#times.record((this.#clock.now() - waiter.exchange.queuedAt) * perMs);
    waiter.exchange.queuedAt = 0;
    waiter.served(server);
  }

  #refuse(waiter: Waiter): void {
    this.remove(waiter);
    waiter.exchange.queuedAt = 0;
    waiter.refused();
  }
}
