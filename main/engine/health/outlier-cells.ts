import type { Memory } from '../threads/memory.ts';
import { CountWindow, countWindowBytes } from './count-window.ts';

/** Why a server is ejected, or would be; by the number under which a cell keeps it. */
export const outlierCauses = ['none', 'consecutive', 'percent', 'latency', 'trial'] as const;
export type OutlierCause = (typeof outlierCauses)[number];

/** Why it is not, although it should be. */
export const withheldReasons = ['none', 'last', 'most'] as const;
export type WithheldReason = (typeof withheldReasons)[number];

const causeAt = 0;
const withheldAt = 1;
const overtakenAt = 2;
/** An even number: what follows is in pieces of 8 bytes. */
const words = 4;
/** What the cause was measured by: failures and attempts, or milliseconds here and at the others. */
const measuredAt = 0;
const againstAt = 1;
const numbers = 2;
const windowOffset = numbers * 8 + words * 4;

/** What all threads know of a server's failures on real traffic, beside the ejection itself. Written under the pool's lock, but for the window. */
export class OutlierCells {
  readonly window: CountWindow;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;

  constructor(memory: Memory, name: string) {
    const block = memory.common(name, windowOffset + countWindowBytes);
    this.#numbers = new Float64Array(block, 0, numbers);
    this.#words = new Int32Array(block, numbers * 8, words);
    this.window = new CountWindow(memory, block, windowOffset);
  }

  /** Of the present ejection, or of the one that is withheld. */
  get cause(): OutlierCause {
    return outlierCauses[this.#words[causeAt]!]!;
  }

  /** The same by its place among `outlierCauses`. */
  get causeCode(): number {
    return this.#words[causeAt]!;
  }

  /** Failures, or milliseconds. */
  get measured(): number {
    return this.#numbers[measuredAt]!;
  }

  /** How many of the attempts that `consecutiveFailures` counts did not fail but were overtaken by another beside them. */
  get overtaken(): number {
    return this.#words[overtakenAt]!;
  }
  set overtaken(attempts: number) {
    this.#words[overtakenAt] = attempts;
  }

  /** Attempts, how many of the measured ones were overtaken, or the milliseconds of the others. */
  get against(): number {
    return this.#numbers[againstAt]!;
  }

  get withheld(): WithheldReason {
    return withheldReasons[this.#words[withheldAt]!]!;
  }
  set withheld(reason: WithheldReason) {
    this.#words[withheldAt] = withheldReasons.indexOf(reason);
  }

  /** The same process was looked at under another identity. */
  inherit(from: OutlierCells): void {
    this.#words.set(from.#words);
    this.#numbers.set(from.#numbers);
    this.window.inherit(from.window);
  }

  setCause(cause: OutlierCause, measured: number, against: number): void {
    this.#words[causeAt] = outlierCauses.indexOf(cause);
    this.#numbers[measuredAt] = measured;
    this.#numbers[againstAt] = against;
  }
}
