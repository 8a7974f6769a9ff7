import type { AttemptsPerRequest, Traffic } from '@shared/contract/metrics-values.ts';
import { createHistogram, type Histogram, histogramBuckets, quantiles } from '@shared/lib/histogram.ts';
import { Memory, type OwnBlocks } from '../threads/memory.ts';
import { RollingHistogram } from './rolling-histogram.ts';

export const windowMs = 10_000;
/** The slice in progress and those of the window. */
const slices = windowMs / 1_000 + 1;
/** Response times are kept in microseconds. */
const perMs = 1_000;

const activeAt = 0;
const requestsAt = 1;
const recentAt = 2;
const retriesAt = 3;
const batchedAt = 4;
const sentApartAt = 5;
const recentRetriesAt = 6;
const hedgesAt = 7;
const hedgesWonAt = 8;
const classesAt = 9;
const numbers = classesAt + 5;
const blockBytes = numbers * 8 + histogramBuckets * 4;

/**
 * Counts and response times of one listener, pool or server, or of everything. Every thread has a block of its own to write, and
 * the engine's reads them all.
 */
export class TrafficMeter {
  ratePerSecond = 0;
  readonly #memory: Memory;
  readonly #name: string;
  readonly #blocks: OwnBlocks;
  readonly #numbers: Float64Array;
  /** Views of all blocks, as many as there were threads when it was last read. */
  readonly #all: { readonly numbers: Float64Array; readonly counts: Uint32Array }[] = [];
  readonly #times: RollingHistogram;
  /** Finished requests and the time at the last ticks: the rate is the growth over the last second of them. */
  readonly #ticks: { atMs: number; requests: number }[] = [];
  /** Finished requests of this thread in the slices of the window that are over, the newest first: also those without a response time. */
  readonly #finished: number[] = [];
  /** Finished requests of this thread when the present slice began. */
  #finishedBefore: number;
  /** The same of attempts after the first; empty until there is one. */
  readonly #retried: number[] = [];

  constructor(memory = new Memory(), name = 'traffic') {
    this.#memory = memory;
    this.#name = name;
    this.#blocks = memory.own(name, blockBytes);
    const mine = viewOf(this.#blocks.mine);
    this.#numbers = mine.numbers;
    this.#finishedBefore = mine.numbers[requestsAt]!;
    this.#times = new RollingHistogram(slices, mine.counts);
  }

  /** Began. */
  begin(): void {
    this.#add(activeAt, 1);
  }

  /** Ended, however; `finish` tells how. One that began before this meter did is not counted. */
  end(): void {
    if (this.#numbers[activeAt]! > 0) this.#add(activeAt, -1);
  }

  /** @param status 0 where there was no response; then no response time is recorded. */
  finish(status: number, durationMs: number): void {
    this.#add(requestsAt, 1);
    this.#add(recentAt, 1);
    if (status < 100 || status > 599) return;
    const index = Math.floor(status / 100) - 1;
    this.#add(classesAt + index, 1);
    // A switched protocol lasts as long as people like; its duration is no response time.
    if (index !== 0) this.#times.record(durationMs * perMs);
  }

  /** Further attempts were made for a request that has finished. */
  retried(attempts: number): void {
    this.#add(retriesAt, attempts);
    this.#add(recentRetriesAt, attempts);
    this.#retried[0] = (this.#retried[0] ?? 0) + attempts;
  }

  /** Attempts were begun beside others for it. @param won the client was answered by one of them, while others ran or had failed */
  hedged(attempts: number, won: boolean): void {
    this.#add(hedgesAt, attempts);
    if (won) this.#add(hedgesWonAt, 1);
  }

  /** An attempt shared its connection. @param isApart it had to go again by itself */
  batched(isApart: boolean): void {
    this.#add(batchedAt, 1);
    if (isApart) this.#add(sentApartAt, 1);
  }

  get activeRequests(): number {
    return this.#sum(activeAt);
  }

  /** Finished since start. */
  get requests(): number {
    return this.#sum(requestsAt);
  }

  /** Finished in the window. */
  get recentRequests(): number {
    return this.#sum(recentAt);
  }

  /** Attempts that shared their connection, since start. */
  get batchedAttempts(): number {
    return this.#sum(batchedAt);
  }

  /** Those of them that had to go again by themselves. */
  get sentApart(): number {
    return this.#sum(sentApartAt);
  }

  /** Attempts after the first, since start. */
  get retries(): number {
    return this.#sum(retriesAt);
  }

  /** Attempts begun beside others, since start. */
  get hedges(): number {
    return this.#sum(hedgesAt);
  }

  /** Requests that were answered by such a one. */
  get hedgesWon(): number {
    return this.#sum(hedgesWonAt);
  }

  /** Counted when a request finishes, as requests are. */
  get attemptsPerRequest(): AttemptsPerRequest {
    const per = (retries: number, requests: number): number | null =>
      requests <= 0 ? null : round(1 + Math.max(0, retries) / requests, 1_000);
    return {
      recent: per(this.#sum(recentRetriesAt), this.recentRequests),
      sinceStart: per(this.retries, this.requests),
    };
  }

  get statusClasses(): Traffic['statusClasses'] {
    const each = (index: number): number => this.#sum(classesAt + index);
    return [each(0), each(1), each(2), each(3), each(4)];
  }

  /** Called at the sampler's pace with the clock's `now()`. */
  tick(now: number): void {
    const all = this.requests;
    this.#ticks.push({ atMs: now, requests: all });
    while (this.#ticks.length > 2 && now - this.#ticks[1]!.atMs >= 1_000) this.#ticks.shift();
    const { atMs, requests } = this.#ticks[0]!;
    // Over what was really measured: a late tick does not inflate the rate, and the first second is not guessed.
    this.ratePerSecond = now > atMs ? ((all - requests) * 1_000) / Math.max(now - atMs, 1_000) : 0;
  }

  /** Begins a new slice of this thread's window. */
  roll(): void {
    this.#times.roll();
    const finished = this.#numbers[requestsAt]!;
    this.#finished.unshift(finished - this.#finishedBefore);
    this.#finishedBefore = finished;
    if (this.#finished.length === slices) this.#add(recentAt, -this.#finished.pop()!);
    if (this.#retried.length === 0) return;
    this.#retried.unshift(0);
    if (this.#retried.length > slices) this.#add(recentRetriesAt, -this.#retried.pop()!);
  }

  /**
   * Continues the counts of a predecessor, each thread those of its own; its window stays behind. May be done again, as long as nothing
   * else was counted here.
   */
  inherit(from: TrafficMeter): void {
    this.#finishedBefore += from.#numbers[requestsAt]! - this.#numbers[requestsAt]!;
    copyCounts(from.#numbers, this.#numbers);
  }

  /**
   * The same for all other threads, those that are gone included, who will not do it for themselves. In the engine's thread, and before
   * another has this meter.
   */
  inheritOthers(from: TrafficMeter): void {
    const theirs = from.#views();
    for (const [thread, { numbers: mine }] of this.#views().entries())
      if (thread !== 0 && theirs[thread]) copyCounts(theirs[thread].numbers, mine);
  }

  /** That thread is gone: its requests in flight and its window with it. What it counted stays. */
  forgetThread(thread: number): void {
    const gone = this.#views()[thread];
    if (!gone) return;
    gone.numbers[activeAt] = 0;
    gone.numbers[recentAt] = 0;
    gone.numbers[recentRetriesAt] = 0;
    gone.counts.fill(0);
  }

  /** What it counts is gone. */
  forget(): void {
    this.#memory.forget(this.#name);
  }

  /** How many response times were recorded in the window, and their median in milliseconds, of all threads. */
  recentTimes(): { count: number; medianMs: number | null } {
    const histogram = this.#histogram();
    return { count: histogram.total, medianMs: toMs(quantiles(histogram, [0.5])[0]) };
  }

  /** @param quantile 0 to 1 @returns milliseconds over the window, of all threads; null where nothing was measured */
  quantileMs(quantile: number): number | null {
    return toMs(quantiles(this.#histogram(), [quantile])[0]);
  }

  read(): Traffic {
    const [p50, p95, p99] = quantiles(this.#histogram(), [0.5, 0.95, 0.99]);
    return {
      ratePerSecond: round(this.ratePerSecond, 10),
      activeRequests: this.activeRequests,
      requests: this.requests,
      statusClasses: this.statusClasses,
      p50Ms: toMs(p50),
      p95Ms: toMs(p95),
      p99Ms: toMs(p99),
    };
  }

  #add(at: number, change: number): void {
    this.#numbers[at] = this.#numbers[at]! + change;
  }

  #sum(at: number): number {
    let sum = 0;
    for (const { numbers } of this.#views()) sum += numbers[at]!;
    return sum;
  }

  #views(): readonly { readonly numbers: Float64Array; readonly counts: Uint32Array }[] {
    const { all } = this.#blocks;
    while (this.#all.length < all.length) this.#all.push(viewOf(all[this.#all.length]!));
    return this.#all;
  }

  #histogram(): Histogram {
    const sum = createHistogram();
    for (const { counts } of this.#views()) {
      for (let bucket = 0; bucket < histogramBuckets; bucket++) {
        const count = counts[bucket]!;
        sum.counts[bucket] = sum.counts[bucket]! + count;
        sum.total += count;
      }
    }
    return sum;
  }
}

function copyCounts(from: Float64Array, to: Float64Array): void {
  to[requestsAt] = from[requestsAt]!;
  for (let at = classesAt; at < numbers; at++) to[at] = from[at]!;
}

function viewOf(block: SharedArrayBuffer): { numbers: Float64Array; counts: Uint32Array } {
  return {
    numbers: new Float64Array(block, 0, numbers),
    counts: new Uint32Array(block, numbers * 8, histogramBuckets),
  };
}

function toMs(micros: number | null | undefined): number | null {
  return micros === null || micros === undefined ? null : round(micros / perMs, 1_000);
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
