import { mostThreads } from '@shared/config/schema.ts';
import type { QueueTraffic } from '@shared/contract/metrics-values.ts';
import { createHistogram, histogramBuckets, quantiles } from '@shared/lib/histogram.ts';
import type { Memory, OwnBlocks } from '../threads/memory.ts';

/** What may have made a slot free while somebody waited, counted; and a word on which threads sleep. */
const releasesAt = 0;
const knockAt = 1;
/** Who could be asked when somebody last looked, see `Askable.outlook`. */
const outlookAt = 2;
/** For each thread: the count of releases up to which it has looked for a slot. */
const lookedAt = 4;
/** For each thread: how many wait in it. */
const waitingAt = lookedAt + mostThreads;
const words = waitingAt + mostThreads;

/** Of each thread's own block. */
const lengthAt = 0;
const servedAt = 1;
const refusedAt = 2;
const timedOutAt = 3;
const ownWords = 4;
/** Times are kept in microseconds. */
const perMs = 1_000;

/** `Atomics.waitAsync`, which the types at hand do not know. */
interface WaitAsync {
  waitAsync(
    cells: Int32Array,
    at: number,
    value: number,
  ): { async: false } | { async: true; value: Promise<unknown> };
}

/**
 * Who waits for a slot in which thread. Each thread has a queue of its own; together they serve in the order of arrival: whoever is
 * older goes first, unless its thread has looked at what is free and cannot use it.
 */
export class QueueBoard {
  /** Of this thread: how long those waited that were served lately, `histogramBuckets` counts. */
  readonly times: Uint32Array;
  readonly #memory: Memory;
  readonly #words: Int32Array;
  /** When the first in each thread's queue came, by the clock's `now()`; 0 for none. */
  readonly #heads: Float64Array;
  readonly #own: OwnBlocks;
  readonly #mine: Int32Array;
  #asleep = false;

  constructor(memory: Memory, name: string) {
    this.#memory = memory;
    const block = memory.common(name, mostThreads * 8 + words * 4);
    this.#heads = new Float64Array(block, 0, mostThreads);
    this.#words = new Int32Array(block, mostThreads * 8, words);
    this.#own = memory.own(`${name} counts`, (ownWords + histogramBuckets) * 4);
    this.#mine = new Int32Array(this.#own.mine, 0, ownWords);
    this.times = new Uint32Array(this.#own.mine, ownWords * 4, histogramBuckets);
  }

  /** Whether there are several threads. */
  get isShared(): boolean {
    return this.#memory.isShared;
  }

  get releases(): number {
    return this.#words[releasesAt]!;
  }

  /** Whether anybody waits in another thread. */
  get othersWait(): boolean {
    const { thread, width } = this.#memory;
    for (let other = 0; other < width; other++) if (other !== thread && this.#heads[other] !== 0) return true;
    return false;
  }

  /**
   * Who could be asked now. Where that has changed since anybody said so, no slot came free by a request's end, and still all that wait are to
   * look before anybody passes them.
   */
  saw(outlook: number): void {
    if (Atomics.exchange(this.#words, outlookAt, outlook) !== outlook) this.released();
  }

  /** Whether a request that came then goes before all that wait in other threads. */
  mayGo(queuedAt: number): boolean {
    const { thread, width } = this.#memory;
    for (let other = 0; other < width; other++) {
      const head = this.#heads[other]!;
      if (head === 0 || other === thread || head >= queuedAt) continue;
      if (this.#words[lookedAt + other] !== this.releases) return false;
    }
    return true;
  }

  /** How many wait, in all threads together. */
  get waiting(): number {
    let sum = 0;
    for (let at = waitingAt; at < waitingAt + this.#memory.width; at++) sum += this.#words[at]!;
    return sum;
  }

  /** So many wait in this thread, the first of them came then (0 for nobody), and the thread is to be woken. */
  publish(waiting: number, queuedAt: number, wake: () => void): void {
    const { thread, isShared } = this.#memory;
    this.#words[waitingAt + thread] = waiting;
    // Whatever was looked at was not for this one.
    if (this.#heads[thread] === 0) this.#words[lookedAt + thread] = this.releases - 1;
    this.#heads[thread] = queuedAt;
    if (isShared && queuedAt !== 0) this.#sleep(wake);
  }

  /** This thread has looked for slots for those that wait here, knowing of so many releases. */
  looked(releases: number, isSlotLeft: boolean): void {
    if (!this.#memory.isShared) return;
    this.#words[lookedAt + this.#memory.thread] = releases;
    // What was not for us may be for them.
    if (isSlotLeft && this.#othersToLook()) this.#knock();
  }

  /** A slot may be free: a request has ended, say. */
  released(): void {
    if (!this.#memory.isShared || !this.#anybodyWaits()) return;
    Atomics.add(this.#words, releasesAt, 1);
    this.#knock();
  }

  /**
   * Another configuration is taken over, which may have raised a limit. The engine's thread does so first, and lets nobody pass those that
   * wait until the others have looked. They are not woken here: they look when they have the configuration, and before that in vain.
   */
  reconfigured(): void {
    const { thread, isShared } = this.#memory;
    if (thread === 0 && isShared && this.#anybodyWaits()) Atomics.add(this.#words, releasesAt, 1);
  }

  /** Some of this thread were served, and now it is the turn of another, which may have stopped for these. */
  handOver(): void {
    this.#knock();
  }

  /** Tells the other threads, a few times a second. */
  tell({ length, served, refused, timedOut }: Omit<QueueTraffic, 'p50Ms' | 'p99Ms'>): void {
    this.#mine[lengthAt] = length;
    this.#mine[servedAt] = served;
    this.#mine[refusedAt] = refused;
    this.#mine[timedOutAt] = timedOut;
  }

  /** Of all threads, as they told last. */
  read(): QueueTraffic {
    const sums = [0, 0, 0, 0];
    const sum = createHistogram();
    for (const block of this.#own.all) {
      const cells = new Int32Array(block, 0, ownWords);
      for (let at = 0; at < ownWords; at++) sums[at] = sums[at]! + cells[at]!;
      for (const [bucket, count] of new Uint32Array(block, ownWords * 4).entries()) {
        sum.counts[bucket] = sum.counts[bucket]! + count;
        sum.total += count;
      }
    }
    const toMs = (micros: number | null | undefined): number | null =>
      typeof micros === 'number' ? Math.round(micros) / perMs : null;
    const [p50, p99] = quantiles(sum, [0.5, 0.99]);
    const [length = 0, served = 0, refused = 0, timedOut = 0] = sums;
    return { length, served, refused, timedOut, p50Ms: toMs(p50), p99Ms: toMs(p99) };
  }

  /** That thread is gone, and whoever waited there. */
  forgetThread(thread: number): void {
    this.#heads[thread] = 0;
    this.#words[waitingAt + thread] = 0;
    const block = this.#own.all[thread];
    if (block) {
      new Int32Array(block, 0, ownWords)[lengthAt] = 0;
      new Uint32Array(block, ownWords * 4).fill(0);
    }
    this.#knock();
  }

  forget(name: string): void {
    this.#memory.forget(name);
    this.#memory.forget(`${name} counts`);
    this.#knock();
  }

  #anybodyWaits(): boolean {
    for (let thread = 0; thread < this.#memory.width; thread++) if (this.#heads[thread] !== 0) return true;
    return false;
  }

  #othersToLook(): boolean {
    const { thread, width } = this.#memory;
    for (let other = 0; other < width; other++) {
      if (other === thread || this.#heads[other] === 0) continue;
      if (this.#words[lookedAt + other] !== this.releases) return true;
    }
    return false;
  }

  #knock(): void {
    Atomics.add(this.#words, knockAt, 1);
    Atomics.notify(this.#words, knockAt);
  }

  /** Not the thread sleeps, only this wish of it. A knock that is missed costs a little time: the queue looks by itself, too. */
  #sleep(wake: () => void): void {
    if (this.#asleep) return;
    const slept = (Atomics as unknown as WaitAsync).waitAsync(
      this.#words,
      knockAt,
      Atomics.load(this.#words, knockAt),
    );
    if (!slept.async) {
      wake();
      return;
    }
    this.#asleep = true;
    void slept.value.then(() => {
      this.#asleep = false;
      wake();
      if (this.#heads[this.#memory.thread] !== 0) this.#sleep(wake);
    });
  }
}
