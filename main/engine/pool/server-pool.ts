import type { LimitKind } from '@shared/catalog/limits.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type { QueueTraffic, RetryBudgetStatus } from '@shared/contract/metrics-values.ts';
import type { AdminState, UnavailableReason } from '@shared/contract/server-values.ts';
import type { ResponseCookie } from '../affinity/response-cookie.ts';
import type { SocketHolder } from '../descriptors.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import type { Prober } from '../health/prober.ts';
import { TrafficMeter } from '../metrics/traffic-meter.ts';
import { backoffMs } from '../proxy/back-off.ts';
import { AttemptResults } from './attempt-results.ts';
import { unavailability } from './availability.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { HedgeDelay } from './hedging.ts';
import type { Pool } from './pool.ts';
import { PoolCells } from './pool-cells.ts';
import { PoolChoice } from './pool-choice.ts';
import type { PoolDeps } from './pool-deps.ts';
import { PoolMembers } from './pool-members.ts';
import { PoolSessions } from './pool-sessions.ts';
import type { RequestQueue, Waiter } from './request-queue.ts';
import type { Server } from './server.ts';

/** The pool the engine runs: its members, its sessions, the way to a server and what the attempts say, together. */
export class ServerPool implements Pool, SocketHolder {
  readonly name: string;
  readonly traffic: TrafficMeter;
  readonly sessions: PoolSessions;
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;
  readonly #members: PoolMembers;
  readonly #choice: PoolChoice;
  readonly #results: AttemptResults;
  readonly #hedgeDelay = new HedgeDelay();
  #isStopped = false;

  /** @param predecessor the server that had this address in another pool, whose counts and verdict the new one continues */
  constructor(config: PoolConfig, deps: PoolDeps, predecessor: (address: string) => Server | undefined) {
    this.name = config.name;
    this.#deps = deps;
    this.traffic = new TrafficMeter(deps.memory, `${this.#block} traffic`);
    const cells = new PoolCells(deps.memory, this.#block);
    this.#cells = cells;
    this.sessions = new PoolSessions(config.name, deps, cells);
    const members = new PoolMembers(config, deps, cells, this.sessions);
    this.#members = members;
    this.#choice = new PoolChoice(config, deps, cells, members, this.sessions, this.#block);
    this.#results = new AttemptResults({
      pool: config.name,
      deps,
      cells,
      probers: members.probers,
      traffic: this.traffic,
      servers: () => members.servers,
      othersAvailable: (server) => {
        const now = deps.clock.now();
        return members.servers.some(
          (other) => other !== server && unavailability(other, now, false) === null,
        );
      },
    });
    this.#hedgeDelay.configure(config.retry);
    this.#arrange(config, predecessor);
  }

  /** What the threads share of it begins with this name. */
  get #block(): string {
    return `pool ${this.name}`;
  }

  get config(): PoolConfig {
    return this.#members.config;
  }

  /** In configured order. */
  get servers(): readonly Server[] {
    return this.#members.servers;
  }

  get circuit(): CircuitBreaker {
    return this.#choice.circuit;
  }

  /** Requests that wait for a slot. */
  get queue(): RequestQueue {
    return this.#choice.queue;
  }

  /** What waited and waits, of all threads. */
  queueTraffic(): QueueTraffic {
    return this.#choice.queueTraffic();
  }

  /** Of all threads together. */
  retryBudget(): RetryBudgetStatus {
    return this.#choice.retryBudget();
  }

  get openSockets(): number {
    return this.#members.openSockets;
  }

  get place(): { pool: string } {
    return { pool: this.name };
  }

  longestIdleMs(now: number): number {
    return this.#members.longestIdleMs(now);
  }

  closeLongestIdle(): void {
    this.#members.closeLongestIdle();
  }

  get activeRequests(): number {
    return this.#members.activeRequests;
  }

  /**
   * Begins to take requests, and to probe.
   *
   * @param predecessor as it was given when the pool was made
   */
  start(predecessor: (address: string) => Server | undefined = () => undefined): void {
    const { lock } = this.#cells;
    lock.acquire();
    this.#members.start(predecessor);
    this.#endEjections();
    lock.release();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Ends probing and retires the connections, for good. Running requests finish. */
  stop(): void {
    this.#isStopped = true;
    this.sessions.forget();
    this.#members.stop();
    this.queue.refuseAll(({ exchange }) => {
      exchange.error = `pool "${this.name}" was removed while the request waited in its queue`;
    });
    this.traffic.forget();
    this.#choice.forget();
    this.#deps.memory.forget(this.#block);
  }

  /** A configuration is about to come: the memory it needs is there before another thread asks for it. */
  expect(config: PoolConfig): void {
    this.sessions.expect(config.affinity);
    this.#members.expect(config);
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    this.sessions.expectNoMore();
    this.#members.expectNoMore();
  }

  /** Takes over a changed configuration. Who stays keeps everything it has. */
  configure(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    const { lock } = this.#cells;
    lock.acquire();
    try {
      const known = this.servers;
      this.#choice.followStrategy(config);
      this.#arrange(config, predecessor);
      this.#members.beginSlowStarts(known, predecessor);
      this.#choice.configure(config);
      this.#hedgeDelay.configure(config.retry);
      this.#endEjections();
    } finally {
      lock.release();
    }
  }

  #endEjections(): void {
    if (this.#deps.memory.thread === 0) this.#results.configure(this.config);
  }

  #arrange(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    this.#members.arrange(config, predecessor);
    this.#choice.arrange(config);
    this.sessions.configure(config.affinity, this.servers);
    this.#members.weigh();
  }

  /** What a server's weight is worth now: less than configured while it is in slow start. */
  effectiveWeight(server: Server, now: number): number {
    return this.#members.slowStart.effectiveWeight(server, now);
  }

  /**
   * Sets what the operator wants of a server. Returns what it was before.
   *
   * @param drainMs with `drain`: when the server is to be empty; `timeouts.drain` where it is left out, 0 for never
   */
  setAdminState(server: Server, state: AdminState, drainMs?: number): AdminState {
    return this.#members.setAdminState(server, state, drainMs);
  }

  /** Why a server takes no new client by itself, whatever its neighbours do; null where it does. */
  reasonOf(server: Server, now: number): UnavailableReason | null {
    return this.#choice.reasonOf(server, now);
  }

  /** The pool is in panic, and what probes and failures say of this server is ignored. */
  panicCovers(server: Server): boolean {
    return this.#choice.panicCovers(server);
  }

  proberOf(server: Server): Prober | undefined {
    return this.#members.probers.of(server);
  }

  choose(exchange: Exchange, isEnding = false): Server | null {
    return this.#choice.choose(exchange, isEnding);
  }

  get mayWait(): boolean {
    return this.#choice.mayWait;
  }

  enqueue(waiter: Waiter): boolean {
    return this.#choice.enqueue(waiter);
  }

  leaveQueue(waiter: Waiter): void {
    this.#choice.leaveQueue(waiter);
  }

  attemptEnded(exchange: Exchange, attempt: AttemptRecord): void {
    this.#choice.ended(attempt.server!);
    this.#results.note(exchange, attempt, this.config);
  }

  requestArrived(): void {
    this.#choice.requestArrived();
  }

  requestEnded(exchange: Exchange): void {
    // Of a pool that is gone there is no circuit to tell of.
    if (!this.#isStopped) this.circuit.requestEnded(exchange);
  }

  requestSwitched(exchange: Exchange): void {
    if (!this.#isStopped) this.circuit.requestSwitched(exchange);
  }

  takeRetry(): boolean {
    return this.#choice.takeRetry();
  }

  giveBackRetry(): void {
    this.#choice.giveBackRetry();
  }

  hedge(exchange: Exchange): Server | null {
    return this.#isStopped ? null : this.#choice.hedge(exchange);
  }

  get hedgeAfterMs(): number {
    return this.#hedgeDelay.afterMs;
  }

  pauseMs(pauses: number): number {
    return backoffMs(this.config.retry, pauses, this.#deps.random);
  }

  hasAnother(exchange: Exchange, inMs = 0): boolean {
    return this.#choice.hasAnother(exchange, inMs);
  }

  limitReached(kind: LimitKind, server: Server | null): void {
    this.#choice.limitReached(kind, server);
  }

  makeRoom(): void {
    this.#deps.makeRoom();
  }

  get learnsCookie(): string | null {
    return this.sessions.affinity?.learnsCookie ?? null;
  }

  cookieSet(exchange: Exchange, attempt: AttemptRecord, cookie: ResponseCookie): void {
    // Who was taken out of the pool meanwhile binds nobody any more.
    if (cookie.isOver || this.servers.includes(attempt.server!))
      this.sessions.learn(exchange, attempt, cookie);
  }

  /** That thread of the data plane is gone: its requests in flight, its trial and its hold on the lock with it. */
  forgetThread(thread: number): void {
    const { lock } = this.#cells;
    const heldIt = lock.freeFrom(thread);
    lock.acquire();
    if (heldIt) this.sessions.affinity?.repair();
    this.#members.forgetThread(thread);
    this.#cells.forgetThread(thread);
    this.traffic.forgetThread(thread);
    this.#choice.forgetThread(thread);
    lock.release();
  }

  /** Forgets what is over. To be called a few times a second. */
  tick(now: number): void {
    this.#choice.tick(now);
    if (this.#deps.memory.thread === 0) this.#results.tick(now, this.config);
    this.circuit.tick(now);
    this.#members.tick(now);
    this.sessions.expire(now);
    this.#hedgeDelay.tick(now, this.config.retry, this.traffic);
  }
}
