import { type Address, formatAddress } from '@shared/config/address.ts';
import { levelOf, type ServerConfig } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { AdminState, Verdict } from '@shared/contract/server-values.ts';
import type { AttemptRecord } from '../exchange.ts';
import { OutlierCells } from '../health/outlier-cells.ts';
import { ProbeHistory } from '../health/probe-history.ts';
import { TrafficMeter } from '../metrics/traffic-meter.ts';
import type { ServerConnections } from '../proxy/server-connections.ts';
import { hashText } from '../strategy/hash.ts';
import { decayedEwma, failureLatency, peakEwma } from '../strategy/peak-ewma.ts';
import type { Candidate } from '../strategy/strategy.ts';
import { Memory } from '../threads/memory.ts';
import { Endpoint } from './endpoint.ts';
import { FirstAttemptLines } from './first-attempt-lines.ts';
import { ServerCells } from './server-cells.ts';

/**
 * One member of a pool. Its state is independent facts: what the operator wants, what probes say, what real traffic
 * says, and the load. Whether it takes a request follows from them, see `availability.ts`. Identity is pool, name and
 * address: everything here lives as long as a server of that identity is configured. What a choice depends on stands in cells that
 * all threads of the data plane share.
 */
export class Server implements Candidate {
  readonly id: string;
  readonly pool: string;
  readonly name: string;
  readonly address: Address;
  /** What the address means just now. */
  readonly endpoint: Endpoint;
  /** Clock's `now()` since when an operator wants it to have no traffic; 0 while that is not so. */
  leavingSince = 0;
  /** Its drain's deadline has passed, and this thread has seen to it. */
  wasDrained = false;
  readonly addressText: string;
  readonly seed: number;
  readonly firstAttemptLines: FirstAttemptLines;

  /** As the file says. */
  configuredWeight = 1;
  /** The effective one at the present pick: less than configured while it is in slow start, see `slow-start.ts`. */
  weight = 1;
  backup = false;
  priority = 0;
  /** Lower ones are asked first: its priority, and behind all of these the backups. */
  level = 0;
  /** 0 is no limit. */
  maxRequests = 0;
  order = 0;
  seen = 0;

  /** Since 1970. */
  verdictSinceMs = 0;
  /** Of the thread that probes. */
  readonly probes = new ProbeHistory();

  readonly traffic: TrafficMeter;
  /** What its failures on real traffic amount to. */
  readonly outlier: OutlierCells;
  /** Kept-alive connections of this thread; made by the lane when it first needs one. */
  connections: ServerConnections | null = null;
  /** Of its pool: when any server's slow start last began. */
  slowStarts: Float64Array | null = null;

  readonly #cells: ServerCells;
  readonly #memory: Memory;
  /** The attempt of this thread that is the trial. */
  #trial: AttemptRecord | null = null;

  constructor(pool: string, config: ServerConfig, memory = new Memory()) {
    this.pool = pool;
    this.name = config.name;
    this.id = serverId(pool, config.name);
    this.address = config.address;
    this.endpoint = new Endpoint(config.address);
    this.addressText = formatAddress(config.address);
    this.seed = hashText(this.id);
    this.firstAttemptLines = new FirstAttemptLines(config.name);
    this.#memory = memory;
    this.#cells = new ServerCells(memory, this.#block);
    this.traffic = new TrafficMeter(memory, `${this.#block} traffic`);
    this.outlier = new OutlierCells(memory, `${this.#block} outlier`);
    if (memory.thread === 0) memory.numberOf(this.id);
    this.configure(config, 0);
  }

  get #block(): string {
    return `server ${this.id} ${this.addressText}`;
  }

  /** Takes over what may change while it lives. */
  configure(config: ServerConfig, order: number): void {
    this.configuredWeight = config.weight;
    this.weight = config.weight;
    this.backup = config.backup;
    this.priority = config.priority;
    this.level = levelOf(config);
    this.maxRequests = config.maxRequests;
    this.order = order;
  }

  get adminState(): AdminState {
    return this.#cells.adminState;
  }
  set adminState(state: AdminState) {
    this.#cells.adminState = state;
  }

  get verdict(): Verdict {
    return this.#cells.verdict;
  }
  set verdict(verdict: Verdict) {
    this.#cells.verdict = verdict;
  }

  /** Nothing that was found out about it or wanted of it keeps requests away: of weight and limits this says nothing. */
  get isWell(): boolean {
    return this.#cells.isWell;
  }

  /** Clock's `now()`; 0 where it is not ejected. Stays set until a trial request has gone well. */
  get ejectedUntil(): number {
    return this.#cells.ejectedUntil;
  }
  set ejectedUntil(until: number) {
    this.#cells.ejectedUntil = until;
  }

  /** The same for a person, since 1970. */
  get ejectedUntilMs(): number | null {
    return this.#cells.ejectedUntilMs || null;
  }
  set ejectedUntilMs(until: number | null) {
    this.#cells.ejectedUntilMs = until ?? 0;
  }

  get timesEjected(): number {
    return this.#cells.timesEjected;
  }
  set timesEjected(times: number) {
    this.#cells.timesEjected = times;
  }

  /**
   * The same process was ejected, or about to be, under another identity: name or pool. Its trial, if it had one under way, counts no more:
   * the next request is one.
   */
  continueEjection(before: Server): void {
    this.ejectedUntil = before.ejectedUntil;
    this.ejectedUntilMs = before.ejectedUntilMs;
    this.timesEjected = before.timesEjected;
    this.consecutiveFailures = before.consecutiveFailures;
    this.returnedAt = before.returnedAt;
    this.outlier.inherit(before.outlier);
  }

  get consecutiveFailures(): number {
    return this.#cells.consecutiveFailures;
  }
  set consecutiveFailures(failures: number) {
    this.#cells.consecutiveFailures = failures;
  }

  /** Clock's `now()` when it is to be empty; 0 where it does not drain, or has no deadline. */
  get drainUntil(): number {
    return this.#cells.drainUntil;
  }
  set drainUntil(until: number) {
    this.#cells.drainUntil = until;
  }

  /** The same for a person, since 1970; known to the thread that was told. */
  drainUntilMs: number | null = null;

  /** Clock's `now()` of the last return from ejection. */
  get returnedAt(): number {
    return this.#cells.returnedAt;
  }
  set returnedAt(at: number) {
    this.#cells.returnedAt = at;
  }

  /** Clock's `now()` when it last came back or was added, from when on its weight rises; 0 where it never did. */
  get slowStartedAt(): number {
    return this.#cells.slowStartedAt;
  }
  set slowStartedAt(at: number) {
    this.#cells.slowStartedAt = at;
  }

  /** It takes requests again after a time without: where the pool has a `slowStart`, its weight rises from now on. */
  beginSlowStart(now: number): void {
    // 0 stands for never.
    const at = now || Number.MIN_VALUE;
    this.#cells.slowStartedAt = at;
    if (this.slowStarts !== null) this.slowStarts[0] = Math.max(this.slowStarts[0]!, at);
  }

  /**
   * Clock's `now()` when a connection could last not be made, by a request or a probe; 0 once one was made. That nobody
   * listens may have changed since, and to find out costs nobody anything.
   */
  get unreachableAt(): number {
    return this.#cells.unreachableAt;
  }
  set unreachableAt(at: number) {
    this.#cells.unreachableAt = at;
  }

  /** Its last probe succeeded, whatever the verdict still is. */
  get answersProbes(): boolean {
    return this.#cells.answersProbes;
  }
  set answersProbes(answers: boolean) {
    this.#cells.answersProbes = answers;
  }

  /** What a decision notes of it besides its load, as bits. */
  get facts(): number {
    return this.#cells.facts;
  }

  /** Why it is ejected, by its place among `outlierCauses`. */
  get ejectionCause(): number {
    return this.outlier.causeCode;
  }

  get failedAttempts(): number {
    return this.#cells.failedAttempts;
  }
  set failedAttempts(failed: number) {
    this.#cells.failedAttempts = failed;
  }

  get turn(): number {
    return this.#cells.turn;
  }
  set turn(turn: number) {
    this.#cells.turn = turn;
  }

  /** The same for retries and hedges, see `further-turns.ts`. */
  get furtherTurn(): number {
    return this.#cells.furtherTurn;
  }
  set furtherTurn(turn: number) {
    this.#cells.furtherTurn = turn;
  }

  get latencyMs(): number {
    return this.#cells.latencyMs;
  }

  get latencyAt(): number {
    return this.#cells.latencyAt;
  }

  /**
   * It answered. Written without the lock: where two threads do so at once, one measurement is lost.
   *
   * @param ms how long that took, to the end of the response
   * @param now clock's `now()`
   * @param decayMs after which a measurement has 1/e of its weight
   */
  noteLatency(ms: number, now: number, decayMs: number): void {
    const { latencyMs, latencyAt } = this.#cells;
    this.#cells.setLatency(peakEwma(latencyMs, latencyAt, ms, now, decayMs), now);
  }

  /** The same of an attempt that failed, which shows it slower, never faster. */
  noteFailedLatency(ms: number, now: number, decayMs: number): void {
    const nowMs = decayedEwma(this.latencyMs, this.latencyAt, now, decayMs);
    const counted = failureLatency(ms, this.latencyMs);
    if (counted > nowMs) this.noteLatency(counted, now, decayMs);
  }

  /** What was measured means nothing any more. */
  forgetLatency(): void {
    this.#cells.setLatency(0, 0);
  }

  /** The same process was measured under another identity. */
  continueLatency({ latencyMs, latencyAt }: Server): void {
    this.#cells.setLatency(latencyMs, latencyAt);
  }

  /** In flight, of all threads together. */
  get activeRequests(): number {
    return this.#cells.activeRequests;
  }

  /** One more in flight, of this thread. */
  requestBegan(): void {
    this.#cells.addActive(1);
  }

  requestEnded(): void {
    this.#cells.addActive(-1);
  }

  /** The request that finds out after an ejection whether the server is well again is under way, in whatever thread. */
  get isOnTrial(): boolean {
    return this.#cells.trial !== 0;
  }

  beginTrial(attempt: AttemptRecord): void {
    this.#trial = attempt;
    this.#cells.trial = this.#memory.thread + 1;
  }

  isTrial(attempt: AttemptRecord): boolean {
    return this.#trial === attempt && this.#cells.trial === this.#memory.thread + 1;
  }

  endTrial(): void {
    this.#trial = null;
    this.#cells.trial = 0;
  }

  /** The strategy begins anew: what it remembers of the server means nothing any more. */
  forgetTurns(): void {
    this.#cells.turn = 0;
    this.#cells.furtherTurn = 0;
  }

  /** That thread of the data plane is gone, its requests with it. */
  forgetThread(thread: number): void {
    this.#cells.forgetThread(thread);
    this.traffic.forgetThread(thread);
  }

  /** It is no longer configured, and nothing is made of what its running requests show: its process may have another name by now. */
  get hasLeft(): boolean {
    return this.#cells.hasLeft;
  }

  /** It is no longer configured. Running requests go on to count. */
  forget(): void {
    // Only there: a thread that leaves lets go of servers that stay.
    if (this.#memory.thread === 0) this.#cells.leave();
    this.#memory.forget(this.#block);
    this.#memory.forget(`${this.#block} outlier`);
    this.traffic.forget();
  }
}
