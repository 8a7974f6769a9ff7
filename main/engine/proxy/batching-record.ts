import type { BatchingConfig } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';

/** What a server starts with, and the most that batches which went well can earn. */
const startCredit = 20;
const mostCredit = 100;
/** What a batch costs that the server did not answer to its end: two in a row, and it is not batched to any more. */
const brokenCost = 15;
/** What a batch costs that was lost on a connection which may have been closed while it was idle. */
const lostCost = 5;
/** After a batch that failed, or kept somebody waiting, the server gets none for so long. */
const pauseMs = 5_000;
/** Longest pause where batches are served too slowly, again and again. */
const longestPauseMs = 60_000;

/** Answers that must have been seen before adaptive batching begins. */
const fewestSeen = 64;
/** The best of the recent answers took less: the time of the server itself, without queueing. */
const shortMs = 3;
/** An answer is late when the request for another was sent so much after its own, and that other came so much before it. */
const lateMs = 4;
/** Share of late answers above which batching stops, and below which it begins again. */
const mostLate = 0.01;
const fewLate = 0.003;
const lateMemory = 256;
/** Time from one answer of a batch to the next, on the average of so many batches. */
const mostSpreadMs = 0.5;
const spreadMemory = 32;
/** A longer one counts as this. */
const mostGapMs = 2;
/** After so many batches that were served quickly the next pause is a short one again. */
const calmBatches = 1_000;

/** Quick answers kept to compare with, at least a millisecond apart. */
const witnesses = 16;
const witnessEveryMs = 1;

/**
 * What is known of how a server takes batches, and whether it gets any. A server that shows that it cannot (it closes behind
 * the first answer, resets, confuses its answers) is not batched to again until it has been gone and is back. Adaptive
 * batching asks besides that its answers are quick and even, since in a batch each waits for the one before.
 */
export class BatchingRecord {
  readonly #clock: Clock;
  #credit = startCredit;
  #pausedUntil = 0;
  /** The same for adaptive batching alone. */
  #slowUntil = 0;
  #nextPauseMs = pauseMs;
  /** Batches served quickly since the last such pause. */
  #calm = 0;
  #gone = false;
  #seen = 0;
  #best = Number.POSITIVE_INFINITY;
  #bestBefore = Number.POSITIVE_INFINITY;
  #lateShare = 0;
  #isEven = true;
  #spreadMs = 0;
  readonly #witnessStarts = new Float64Array(witnesses);
  readonly #witnessEnds = new Float64Array(witnesses);
  #witness = 0;
  #lastWitnessAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether requests may share a connection to the server now. @param now the clock's */
  allows(mode: BatchingConfig['mode'], now: number): boolean {
    if (mode === 'off' || this.#credit < 0 || now < this.#pausedUntil) return false;
    return mode === 'on' || (now >= this.#slowUntil && this.#isQuickAndEven);
  }

  /** A request that could have shared a connection was answered, whether it shared one or not. Times are the clock's. */
  answered(startedAt: number, endedAt: number): void {
    if (this.#gone) this.#reset();
    const tookMs = endedAt - startedAt;
    this.#seen += 1;
    if (tookMs < this.#best) this.#best = tookMs;
    if (this.#seen % lateMemory === 0) {
      this.#bestBefore = this.#best;
      this.#best = Number.POSITIVE_INFINITY;
    }
    const isLate = tookMs >= lateMs && this.#wasOvertaken(startedAt, endedAt);
    this.#lateShare += ((isLate ? 1 : 0) - this.#lateShare) / lateMemory;
    if (this.#lateShare > mostLate) this.#isEven = false;
    else if (this.#lateShare < fewLate) this.#isEven = true;
    if (endedAt - this.#lastWitnessAt >= witnessEveryMs) {
      this.#lastWitnessAt = endedAt;
      this.#witnessStarts[this.#witness] = startedAt;
      this.#witnessEnds[this.#witness] = endedAt;
      this.#witness = (this.#witness + 1) % witnesses;
    }
  }

  /** A batch was answered to its end. @param spreadMs from its first answer to its last */
  batchServed(size: number, spreadMs: number): void {
    if (this.#credit < mostCredit) this.#credit += 1;
    const now = this.#clock.now();
    if (size < 2 || now < this.#slowUntil) return;
    // A single stall of the machine is not the server's pace.
    const gapMs = Math.min(spreadMs / (size - 1), mostGapMs);
    this.#spreadMs += (gapMs - this.#spreadMs) / spreadMemory;
    if (this.#spreadMs <= mostSpreadMs) {
      this.#calm += 1;
      if (this.#calm === calmBatches) this.#nextPauseMs = pauseMs;
      return;
    }
    // One behind the other takes too long: side by side the same server may be quicker.
    this.#spreadMs = 0;
    this.#calm = 0;
    this.#slowUntil = now + this.#nextPauseMs;
    this.#nextPauseMs = Math.min(longestPauseMs, this.#nextPauseMs * 2);
  }

  /** The server said that it closes before it had answered all: its right, now and then. */
  batchClosed(): void {
    this.#credit -= brokenCost;
  }

  /** The connection broke with answers outstanding, or brought something else than answers. */
  batchFailed(): void {
    this.#credit -= brokenCost;
    this.#pause(pauseMs);
  }

  /** The connection broke before any answer; but it had been idle before. */
  batchLost(): void {
    this.#credit -= lostCost;
    this.#pause(pauseMs);
  }

  /** Somebody waited too long for the one before. */
  batchWaited(): void {
    this.#pause(pauseMs);
  }

  /** No connection could be made: what answers next is a new process, of which nothing is known. */
  serverGone(): void {
    this.#gone = true;
  }

  get #isQuickAndEven(): boolean {
    return this.#isEven && this.#seen >= fewestSeen && Math.min(this.#best, this.#bestBefore) < shortMs;
  }

  #pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + ms);
  }

  #reset(): void {
    this.#gone = false;
    this.#credit = startCredit;
    this.#pausedUntil = 0;
    this.#slowUntil = 0;
    this.#nextPauseMs = pauseMs;
    this.#seen = 0;
    this.#best = Number.POSITIVE_INFINITY;
    this.#bestBefore = Number.POSITIVE_INFINITY;
    this.#lateShare = 0;
    this.#isEven = true;
    this.#spreadMs = 0;
  }

  /**
   * When the machine or the server's process stalls, all answers are slow together, and batching costs nobody anything. An
   * answer is late by itself where the same server had meanwhile answered one that was asked for clearly later.
   */
  #wasOvertaken(startedAt: number, endedAt: number): boolean {
    for (let index = 0; index < witnesses; index++) {
      if (this.#witnessStarts[index]! >= startedAt + lateMs && this.#witnessEnds[index]! <= endedAt - lateMs)
        return true;
    }
    return false;
  }
}
