import { isDeepStrictEqual } from 'node:util';
import type { LimitKind } from '@shared/catalog/limits.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type { QueueTraffic, RetryBudgetStatus } from '@shared/contract/metrics-values.ts';
import type { UnavailableReason } from '@shared/contract/server-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { wheelOf } from '../sockets/timer-wheel.ts';
import { createStrategy, notesKeeper } from '../strategy/registry.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { Chooser } from './chooser.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { FurtherTurns } from './further-turns.ts';
import { Panic } from './panic.ts';
import type { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';
import { PoolLimit } from './pool-limit.ts';
import type { PoolMembers } from './pool-members.ts';
import type { PoolSessions } from './pool-sessions.ts';
import { QueueBoard } from './queue-board.ts';
import { type QueueOwner, RequestQueue, type Waiter } from './request-queue.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Server } from './server.ts';

/**
 * How a request of a pool comes to its server: past the circuit, the queue and the limits to the chooser, and once more for a
 * retry or a hedge where the budget allows it. The methods that `Pool` has too are described there.
 */
export class PoolChoice {
  readonly circuit: CircuitBreaker;
  /** Requests that wait for a slot. */
  readonly queue: RequestQueue;
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;
  readonly #members: PoolMembers;
  readonly #sessions: PoolSessions;
  readonly #block: string;
  readonly #board: QueueBoard;
  readonly #chooser: Chooser;
  readonly #budget: RetryBudget;
  readonly #panic: Panic;
  readonly #limit: PoolLimit;
  #strategy: Strategy;

  /** @param block the name that what the threads share of the pool begins with */
  constructor(
    config: PoolConfig,
    deps: PoolDeps,
    cells: PoolCells,
    members: PoolMembers,
    sessions: PoolSessions,
    block: string,
  ) {
    const { clock, events, memory } = deps;
    this.#deps = deps;
    this.#cells = cells;
    this.#members = members;
    this.#sessions = sessions;
    this.#block = block;
    this.#strategy = this.#createStrategy(config);
    this.#panic = new Panic(config.name, cells, events);
    this.#limit = new PoolLimit(cells);
    this.#chooser = new Chooser(
      clock,
      members.slowStart,
      this.#panic,
      this.#limit,
      new FurtherTurns(cells.notes, cells.furtherNotes),
    );
    this.#budget = new RetryBudget(clock.now(), cells.budget);
    this.#board = new QueueBoard(memory, `${block} queue`);
    this.circuit = new CircuitBreaker(
      { pool: config.name, clock, events, memory, lock: cells.lock, opened: () => this.queue.wake() },
      config,
      `${block} circuit`,
    );
    this.queue = new RequestQueue(clock, wheelOf(clock), this.#queueOwner(), this.#board);
    this.queue.configure(config.queue.timeoutMs);
  }

  /** Whose turn it is stays known as long as it means the same under a changed strategy. To be called before the servers change. */
  followStrategy(config: PoolConfig): void {
    const { config: before, servers } = this.#members;
    if (isDeepStrictEqual(config.strategy, before.strategy)) return;
    this.#strategy = this.#createStrategy(config);
    for (const server of servers) server.seen = 0;
    if (this.#deps.memory.thread !== 0 || notesKeeper(config.strategy) === notesKeeper(before.strategy))
      return;
    this.#cells.notes.fill(0);
    this.#cells.furtherNotes.fill(0);
    for (const server of servers) server.forgetTurns();
  }

  /** The servers have been arranged anew. */
  arrange(config: PoolConfig): void {
    this.#chooser.arrange(config, this.#members.servers);
    this.#limit.maxRequests = config.maxRequests;
    this.#panic.threshold = config.panicThreshold;
  }

  /** Takes over what of a changed configuration has nothing to do with the servers. */
  configure(config: PoolConfig): void {
    this.circuit.configure(config);
    this.queue.configure(config.queue.timeoutMs);
    this.#board.reconfigured();
  }

  /** Why a server takes no new client by itself, whatever its neighbours do; null where it does. */
  reasonOf(server: Server, now: number): UnavailableReason | null {
    return this.#chooser.reasonOf(server, now);
  }

  panicCovers(server: Server): boolean {
    return this.#panic.covers(server);
  }

  hasAnother(exchange: Exchange, inMs: number): boolean {
    const mayWait = this.#members.config.queue.length > 0;
    return this.#chooser.hasAnother(exchange, this.#sessions.affinity, inMs, mayWait);
  }

  choose(exchange: Exchange, isEnding: boolean): Server | null {
    if (!this.#isAdmitted(exchange)) return null;
    const { isShared } = this.#deps.memory;
    if (isShared) this.#lookForOthers();
    // Nobody overtakes those that wait.
    if (this.queue.length > 0) this.queue.run();
    // In other threads neither.
    if (isShared && !this.#board.mayGo(this.#deps.clock.now())) {
      this.#chooser.waitsForSlot = true;
      return null;
    }
    // Where others wait, the slot of the attempt that ends is theirs.
    return this.#choose(exchange, isEnding && this.queue.length === 0 ? 1 : 0);
  }

  get mayWait(): boolean {
    return this.#chooser.waitsForSlot && this.#board.waiting < this.#members.config.queue.length;
  }

  enqueue(waiter: Waiter): boolean {
    if (!this.#chooser.waitsForSlot) return false;
    const { length } = this.#members.config.queue;
    const { lock } = this.#cells;
    // Two threads must not take the last place at once.
    lock.acquire();
    const isRoom = this.#board.waiting < length;
    if (isRoom) this.queue.add(waiter);
    lock.release();
    if (isRoom) return true;
    this.queue.refused += 1;
    this.limitReached('queue-length', null);
    const why =
      length === 0
        ? 'none may wait (queue.length is 0)'
        : `${length === 1 ? '1 other waits' : `${length} others wait`} already (queue.length)`;
    this.#chooser.giveUp(waiter.exchange, this.#strategy, why);
    return false;
  }

  /** It waits no more, and nobody of the pool sent it away: what was seen then is kept, and why it left is for who knows to say. */
  leaveQueue(waiter: Waiter): void {
    const { exchange } = waiter;
    const { error } = exchange;
    this.queue.remove(waiter);
    this.#chooser.noteUnserved(exchange, this.#strategy);
    exchange.error = error;
  }

  /** A server has one request less. */
  ended(server: Server): void {
    server.requestEnded();
    this.#cells.addActive(-1);
    if (this.queue.length > 0) this.queue.wake();
    this.#board.released();
  }

  requestArrived(): void {
    const { lock } = this.#cells;
    lock.acquire();
    this.#budget.requestArrived();
    lock.release();
  }

  takeRetry(): boolean {
    const { lock } = this.#cells;
    lock.acquire();
    const taken = this.#budget.take(this.#deps.clock.now(), this.#members.config.retry);
    lock.release();
    return taken;
  }

  giveBackRetry(): void {
    const { lock } = this.#cells;
    lock.acquire();
    this.#budget.giveBack();
    lock.release();
  }

  hedge(exchange: Exchange): Server | null {
    const now = this.#deps.clock.now();
    const { lock } = this.#cells;
    const { config } = this.#members;
    // Whoever waits for a slot has none yet.
    if (this.queue.length > 0) return null;
    if (this.#deps.memory.isShared) {
      this.#lookForOthers();
      if (!this.#board.mayGo(now)) return null;
    }
    let isOver = false;
    lock.acquire();
    try {
      // A pool that fails as a whole is not given more to do.
      if (this.circuit.isOpen || this.#limit.isReached || !this.#chooser.askable.hasFree(exchange, now))
        return null;
      isOver = !this.#budget.has(now, config.retry);
      if (isOver) return null;
      const server = this.#chooser.choose(exchange, this.#strategy, null);
      if (server) {
        const attempt = exchange.attempts[exchange.attemptCount - 1]!;
        this.#budget.take(now, config.retry);
        this.#began(attempt, server);
        attempt.decision!.hedge = true;
      } else {
        exchange.unserved = null;
        exchange.error = null;
      }
      return server;
    } finally {
      lock.release();
      if (isOver) this.limitReached('hedge-budget', null);
    }
  }

  /** What waited and waits, of all threads. */
  queueTraffic(): QueueTraffic {
    this.#board.tell(this.queue);
    return this.#board.read();
  }

  /** Of all threads together. */
  retryBudget(): RetryBudgetStatus {
    return this.#budget.read(this.#members.config.retry);
  }

  limitReached(kind: LimitKind, server: Server | null): void {
    const { config } = this.#members;
    this.#deps.limits.reached(kind, { pool: config.name, server: server === null ? null : server.id });
  }

  /** What the threads share of it is not needed any more. */
  forget(): void {
    this.#board.forget(`${this.#block} queue`);
    this.#deps.memory.forget(`${this.#block} circuit`);
  }

  /** That thread of the data plane is gone: who waited there, and its trial. To be called under the pool's lock. */
  forgetThread(thread: number): void {
    this.#board.forgetThread(thread);
    this.circuit.forgetThread(thread);
  }

  /** Tells the other threads who waits, and looks whether the pool is in panic. To be called a few times a second. */
  tick(now: number): void {
    this.#board.tell(this.queue);
    const { lock } = this.#cells;
    lock.acquire();
    this.#budget.roll(now);
    if (this.#deps.memory.thread === 0) this.#panic.look(this.#members.servers, now);
    lock.release();
  }

  /** The circuit lets it through: one that has been at a server already may go on whatever the circuit does. */
  #isAdmitted(exchange: Exchange): boolean {
    if (exchange.attemptCount > 0 || this.circuit.admits(exchange)) return true;
    const { circuit } = this;
    this.#chooser.shutOut(exchange, this.#strategy, circuit.refusal);
    exchange.retryAfterMs = circuit.retryAfterMs;
    this.limitReached('circuit-open', null);
    return false;
  }

  /** Those that wait in other threads are told where servers have opened or closed by the passing of time, or by a probe, say. */
  #lookForOthers(): void {
    if (this.#board.othersWait) this.#board.saw(this.#chooser.askable.outlook(this.#deps.clock.now()));
  }

  #choose(exchange: Exchange, ending: number): Server | null {
    const { lock } = this.#cells;
    const isFirstLook = exchange.attemptCount === 0 && exchange.queuedAt === 0;
    lock.acquire();
    try {
      const server = this.#chooser.choose(exchange, this.#strategy, this.#sessions.affinity, ending);
      if (server) this.#began(exchange.attempts[exchange.attemptCount - 1]!, server);
      return server;
    } finally {
      lock.release();
      if (isFirstLook && this.#chooser.sawPoolFull) this.limitReached('pool-max-requests', null);
      else if (isFirstLook && this.#chooser.sawFull) this.limitReached('max-requests', null);
    }
  }

  #began(attempt: AttemptRecord, server: Server): void {
    attempt.decision!.pick = this.#cells.nextPick();
    server.requestBegan();
    this.#cells.addActive(1);
    if (server.ejectedUntil !== 0 && !server.isOnTrial && this.#isTrial(attempt, server))
      server.beginTrial(attempt);
  }

  /**
   * An ejected server is asked when its time is over, or because nobody else is left, which is reason enough to believe its answer. In
   * panic it is asked for the sake of the others: how that goes changes nothing before the time is over.
   */
  #isTrial({ decision }: AttemptRecord, server: Server): boolean {
    if (this.#deps.clock.now() >= server.ejectedUntil) return true;
    return decision!.lastResort !== null && !this.#panic.covers(server);
  }

  #createStrategy({ strategy }: PoolConfig): Strategy {
    const { random, keyHashOf } = this.#deps;
    return createStrategy(strategy, { notes: this.#cells.notes, random, keyHashOf });
  }

  #queueOwner(): QueueOwner {
    const { clock } = this.#deps;
    const { askable } = this.#chooser;
    return {
      // Where the circuit is open nobody waits for a slot: all are to hear of it.
      hasSlot: (hasReturned) =>
        this.circuit.isOpen || (!this.#limit.isReached && askable.hasSlot(clock.now(), hasReturned)),
      outlook: () => askable.outlook(clock.now()),
      isOut: () => askable.isOut(clock.now()),
      offer: ({ exchange }) => (this.#isAdmitted(exchange) ? this.#choose(exchange, 0) : null),
      mayWaitOn: () => this.#chooser.waitsForSlot,
      timedOut: ({ exchange }, waitedMs) => {
        this.limitReached('queue-timeout', null);
        // As configured: that it is looked at a few times a second only is nobody's concern.
        const waited = formatDuration(Math.min(Math.round(waitedMs), this.#members.config.queue.timeoutMs));
        this.#chooser.giveUp(exchange, this.#strategy, `no slot came free within ${waited} (queue.timeout)`);
      },
    };
  }
}
