import { mostThreads } from '@shared/config/schema.ts';
import { type AdminState, adminStates, type Verdict, verdicts } from '@shared/contract/server-values.ts';
import { factBits } from '../journal/decision.ts';
import type { Memory } from '../threads/memory.ts';

/** Whole numbers, then, from `numbersAt`, fractions. */
const adminStateAt = 0;
const verdictAt = 1;
const trialAt = 2;
const timesEjectedAt = 3;
const failuresAt = 4;
const hasLeftAt = 5;
const activeAt = 8;
const words = activeAt + mostThreads;

const ready = adminStates.indexOf('ready');
const unhealthy = verdicts.indexOf('unhealthy');

const ejectedUntilAt = 0;
const ejectedUntilMsAt = 1;
const returnedAt = 2;
const turnAt = 3;
const failedAttemptsAt = 4;
const unreachableAt = 5;
const answersProbesAt = 6;
const latencyMsAt = 7;
const latencyAtAt = 8;
const slowStartedAtAt = 9;
const drainUntilAt = 10;
const furtherTurnAt = 11;
const numbers = 12;

/**
 * What all threads know of one server. Cells that several threads write are written under the pool's lock; each thread counts its own
 * requests in flight, so that those of a crashed one can be taken back.
 */
export class ServerCells {
  readonly #memory: Memory;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #mine: number;

  constructor(memory: Memory, name: string) {
    const block = memory.common(name, words * 4 + numbers * 8);
    this.#memory = memory;
    this.#words = new Int32Array(block, 0, words);
    this.#numbers = new Float64Array(block, words * 4, numbers);
    this.#mine = activeAt + memory.thread;
  }

  get adminState(): AdminState {
    return adminStates[this.#words[adminStateAt]!]!;
  }
  set adminState(state: AdminState) {
    this.#words[adminStateAt] = adminStates.indexOf(state);
  }

  get verdict(): Verdict {
    return verdicts[this.#words[verdictAt]!]!;
  }
  set verdict(verdict: Verdict) {
    this.#words[verdictAt] = verdicts.indexOf(verdict);
  }

  /** Neither a person, nor probes, nor real traffic keep requests away. Read for every server at every pick, so from the cells as they are. */
  get isWell(): boolean {
    const cells = this.#words;
    return (
      cells[adminStateAt] === ready && cells[verdictAt] !== unhealthy && this.#numbers[ejectedUntilAt] === 0
    );
  }

  /** Bits for a decision to note, see `factBits`. Read for every server at every pick, like `isWell`. */
  get facts(): number {
    const cells = this.#words;
    const numbers = this.#numbers;
    let facts = (cells[adminStateAt]! << factBits.adminState) | (cells[verdictAt]! << factBits.verdict);
    if (numbers[ejectedUntilAt] !== 0) facts |= 1 << factBits.ejected;
    if (cells[trialAt] !== 0) facts |= 1 << factBits.onTrial;
    if (numbers[unreachableAt] !== 0) facts |= 1 << factBits.unreachable;
    return facts;
  }

  /** Number of the thread that has the trial request, plus one; 0 for none. */
  get trial(): number {
    return this.#words[trialAt]!;
  }
  set trial(thread: number) {
    this.#words[trialAt] = thread;
  }

  /** Its identity is no longer configured. */
  get hasLeft(): boolean {
    return this.#words[hasLeftAt] === 1;
  }
  leave(): void {
    this.#words[hasLeftAt] = 1;
  }

  get timesEjected(): number {
    return this.#words[timesEjectedAt]!;
  }
  set timesEjected(times: number) {
    this.#words[timesEjectedAt] = times;
  }

  get consecutiveFailures(): number {
    return this.#words[failuresAt]!;
  }
  set consecutiveFailures(failures: number) {
    this.#words[failuresAt] = failures;
  }

  get ejectedUntil(): number {
    return this.#numbers[ejectedUntilAt]!;
  }
  set ejectedUntil(until: number) {
    this.#numbers[ejectedUntilAt] = until;
  }

  /** 0 for none. */
  get ejectedUntilMs(): number {
    return this.#numbers[ejectedUntilMsAt]!;
  }
  set ejectedUntilMs(until: number) {
    this.#numbers[ejectedUntilMsAt] = until;
  }

  get returnedAt(): number {
    return this.#numbers[returnedAt]!;
  }
  set returnedAt(at: number) {
    this.#numbers[returnedAt] = at;
  }

  get turn(): number {
    return this.#numbers[turnAt]!;
  }
  set turn(turn: number) {
    this.#numbers[turnAt] = turn;
  }

  get furtherTurn(): number {
    return this.#numbers[furtherTurnAt]!;
  }
  set furtherTurn(turn: number) {
    this.#numbers[furtherTurnAt] = turn;
  }

  get unreachableAt(): number {
    return this.#numbers[unreachableAt]!;
  }
  set unreachableAt(at: number) {
    this.#numbers[unreachableAt] = at;
  }

  get answersProbes(): boolean {
    return this.#numbers[answersProbesAt] === 1;
  }
  set answersProbes(answers: boolean) {
    this.#numbers[answersProbesAt] = answers ? 1 : 0;
  }

  get latencyMs(): number {
    return this.#numbers[latencyMsAt]!;
  }

  get latencyAt(): number {
    return this.#numbers[latencyAtAt]!;
  }

  setLatency(ms: number, at: number): void {
    this.#numbers[latencyMsAt] = ms;
    this.#numbers[latencyAtAt] = at;
  }

  get drainUntil(): number {
    return this.#numbers[drainUntilAt]!;
  }
  set drainUntil(until: number) {
    this.#numbers[drainUntilAt] = until;
  }

  get slowStartedAt(): number {
    return this.#numbers[slowStartedAtAt]!;
  }
  set slowStartedAt(at: number) {
    this.#numbers[slowStartedAtAt] = at;
  }

  get failedAttempts(): number {
    return this.#numbers[failedAttemptsAt]!;
  }
  set failedAttempts(failed: number) {
    this.#numbers[failedAttemptsAt] = failed;
  }

  /** Of all threads together. */
  get activeRequests(): number {
    const cells = this.#words;
    const end = activeAt + this.#memory.width;
    let sum = 0;
    for (let at = activeAt; at < end; at++) sum += cells[at]!;
    return sum;
  }

  /** @param change 1 or -1, of this thread */
  addActive(change: number): void {
    this.#words[this.#mine] = this.#words[this.#mine]! + change;
  }

  /** That thread is gone, its requests and its trial with it. */
  forgetThread(thread: number): void {
    this.#words[activeAt + thread] = 0;
    if (this.trial === thread + 1) this.trial = 0;
  }
}
