import type { ServerPool } from '../pool/server-pool.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How often a pool forgets what is over, as in the engine. */
const tickMs = 250;

/** How often the meters of a pool begin a new slice of what they look back on, as in the engine. */
const sliceMs = 1_000;
/** More slices than any of them has. */
const mostSlices = 20;

/** Lets time pass in a simulated pool: what the engine's event loop does, one moment after the other. */
export class SimulatedTime {
  readonly #clock: VirtualClock;
  readonly #pool: ServerPool;
  #tickedAt: number;
  #sliceEnds: number;
  /** The pool's start promises its first probes. */
  #isPromised = true;

  constructor(clock: VirtualClock, pool: ServerPool) {
    this.#clock = clock;
    this.#pool = pool;
    this.#tickedAt = clock.now();
    this.#sliceEnds = this.#tickedAt + sliceMs;
  }

  /** Somebody's promise was kept: they have to hear of it before time moves on. */
  promised(): void {
    this.#isPromised = true;
  }

  /** Runs what is due until then, each at its own moment. @param at clock's `now()` */
  async passUntil(at: number): Promise<void> {
    const clock = this.#clock;
    if (this.#isPromised) await this.#settle();
    while (clock.nextAt <= at) {
      clock.moveTo(clock.nextAt);
      this.#tick();
      clock.runNext();
      this.happened();
      if (this.#isPromised) await this.#settle();
    }
    clock.moveTo(at);
    this.#tick();
  }

  /** Something was done: whoever waits hears of a free slot now, not when the event loop turns, for time stands still meanwhile. */
  happened(): void {
    if (this.#pool.queue.length > 0) this.#pool.queue.run();
  }

  /** Only when something happens: what is over and nobody looks at may be over a little later. */
  #tick(): void {
    const now = this.#clock.now();
    if (now - this.#tickedAt < tickMs) return;
    this.#tickedAt = now;
    for (let slice = 0; now >= this.#sliceEnds && slice < mostSlices; slice++) {
      this.#sliceEnds += sliceMs;
      this.#pool.traffic.roll();
      for (const { traffic } of this.#pool.servers) traffic.roll();
    }
    if (now >= this.#sliceEnds) this.#sliceEnds = now + sliceMs;
    this.#pool.tick(now);
  }

  /** Long enough for what hangs on a promise, and on a promise of that. */
  async #settle(): Promise<void> {
    this.#isPromised = false;
    for (let turn = 0; turn < 8; turn++) await null;
  }
}
