import { mostThreads } from '@shared/config/schema.ts';
import { type CircuitState, circuitStates } from '@shared/contract/metrics-values.ts';
import { CountWindow, countWindowBytes } from '../health/count-window.ts';
import type { Memory } from '../threads/memory.ts';

const openUntilAt = 0;
const openUntilMsAt = 1;
const closedAtAt = 2;
const halfOpenAtAt = 3;
const failedAt = 4;
const endedAt = 5;
const openingsAt = 6;
const refusedAt = 7;
const numbers = 8;

const stateAt = 0;
const generationAt = 1;
const succeededAt = 2;
const inARowAt = 3;
const runningAt = 4;
const words = runningAt + mostThreads;
const wordsOffset = numbers * 8;
const windowOffset = wordsOffset + words * 4;

/** What all threads know of a pool's circuit. Written under the pool's lock, but for the window. */
export class CircuitCells {
  readonly window: CountWindow;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;
  readonly #memory: Memory;

  constructor(memory: Memory, name: string) {
    const block = memory.common(name, windowOffset + countWindowBytes);
    this.#memory = memory;
    this.#numbers = new Float64Array(block, 0, numbers);
    this.#words = new Int32Array(block, wordsOffset, words);
    this.window = new CountWindow(memory, block, windowOffset);
  }

  /** Read for every request: from the cell as it is. */
  get isClosed(): boolean {
    return this.#words[stateAt] === 0;
  }

  get state(): CircuitState {
    return circuitStates[this.#words[stateAt]!]!;
  }
  set state(state: CircuitState) {
    this.#words[stateAt] = circuitStates.indexOf(state);
  }

  /** Grows with every set of trials, so that one of an earlier set is not taken for one of this. From 1 on. */
  get generation(): number {
    return this.#words[generationAt]!;
  }
  set generation(generation: number) {
    this.#words[generationAt] = generation;
  }

  /** Trials of this set that went well. */
  get succeeded(): number {
    return this.#words[succeededAt]!;
  }
  set succeeded(trials: number) {
    this.#words[succeededAt] = trials;
  }

  /** How many times it has opened without closing in between. */
  get inARow(): number {
    return this.#words[inARowAt]!;
  }
  set inARow(times: number) {
    this.#words[inARowAt] = times;
  }

  /** Trials under way, in all threads. */
  get running(): number {
    let sum = 0;
    for (let thread = 0; thread < this.#memory.width; thread++) sum += this.#words[runningAt + thread]!;
    return sum;
  }

  /** @param change 1 or -1, of this thread */
  addRunning(change: number): void {
    const at = runningAt + this.#memory.thread;
    this.#words[at] = this.#words[at]! + change;
  }

  /** None of the trials under way counts any more. */
  forgetRunning(): void {
    this.#words.fill(0, runningAt, runningAt + mostThreads);
  }

  /** That thread is gone, its trials with it. */
  forgetThread(thread: number): void {
    this.#words[runningAt + thread] = 0;
  }

  /** Clock's `now()` at which it becomes half open. */
  get openUntil(): number {
    return this.#numbers[openUntilAt]!;
  }

  /** The same for a person, since 1970. */
  get openUntilMs(): number {
    return this.#numbers[openUntilMsAt]!;
  }

  setOpenUntil(until: number, untilMs: number): void {
    this.#numbers[openUntilAt] = until;
    this.#numbers[openUntilMsAt] = untilMs;
  }

  /** Clock's `now()`; what began before says nothing about the time since. */
  get closedAt(): number {
    return this.#numbers[closedAtAt]!;
  }
  set closedAt(at: number) {
    this.#numbers[closedAtAt] = at;
  }

  /** Clock's `now()` since when the present set of trials may run. */
  get halfOpenAt(): number {
    return this.#numbers[halfOpenAtAt]!;
  }
  set halfOpenAt(at: number) {
    this.#numbers[halfOpenAtAt] = at;
  }

  /** Of the window when it opened: failed of ended. Both 0 where a trial failed. */
  get failed(): number {
    return this.#numbers[failedAt]!;
  }

  get ended(): number {
    return this.#numbers[endedAt]!;
  }

  setReason(failed: number, ended: number): void {
    this.#numbers[failedAt] = failed;
    this.#numbers[endedAt] = ended;
  }

  /** Times it opened since start. */
  get openings(): number {
    return this.#numbers[openingsAt]!;
  }

  countOpening(): void {
    this.#numbers[openingsAt] = this.openings + 1;
  }

  /** Requests that got 503 because of it, since start. */
  get refused(): number {
    return this.#numbers[refusedAt]!;
  }

  countRefused(): void {
    this.#numbers[refusedAt] = this.refused + 1;
  }
}
