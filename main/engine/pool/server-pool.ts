import { isDeepStrictEqual } from 'node:util';
import type { LimitKind } from '@shared/catalog/limits.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type {
  AdminState,
  QueueTraffic,
  RetryBudgetStatus,
  UnavailableReason,
} from '@shared/contract/values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { ResponseCookie } from '../affinity/response-cookie.ts';
import type { SocketHolder } from '../descriptors.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import type { Prober } from '../health/prober.ts';
import { TrafficMeter } from '../metrics/traffic-meter.ts';
import { backoffMs } from '../proxy/back-off.ts';
import { wheelOf } from '../sockets/timer-wheel.ts';
import { createStrategy, notesKeeper } from '../strategy/registry.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { AttemptResults } from './attempt-results.ts';
import { hasSlot, unavailability } from './availability.ts';
import { Chooser } from './chooser.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { endLeaving } from './end-leaving.ts';
import { HedgeDelay, hasFree, hasUntried } from './hedging.ts';
import { idleLongest } from './idle-longest.ts';
import { arrange } from './members.ts';
import { Panic } from './panic.ts';
import type { Pool } from './pool.ts';
import { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';
import { PoolLimit } from './pool-limit.ts';
import { PoolProbers } from './pool-probers.ts';
import { PoolSessions } from './pool-sessions.ts';
import { QueueBoard } from './queue-board.ts';
import { type QueueOwner, RequestQueue, type Waiter } from './request-queue.ts';
import { RetryBudget } from './retry-budget.ts';
import { Server } from './server.ts';
import { SlowStart } from './slow-start.ts';

/** The pool the engine runs: members, strategy, sessions, probes and budget together. */
export class ServerPool implements Pool, SocketHolder {
  readonly name: string;
  readonly traffic: TrafficMeter;
  /** Requests that wait for a slot. */
  readonly queue: RequestQueue;
  readonly sessions: PoolSessions;
  readonly circuit: CircuitBreaker;
  #config: PoolConfig;
  #servers: readonly Server[] = [];
  #strategy: Strategy;
  /** Only for the memory they have. */
  #expected: readonly Server[] = [];
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;
  readonly #board: QueueBoard;
  readonly #chooser: Chooser;
  readonly #budget: RetryBudget;
  readonly #hedgeDelay = new HedgeDelay();
  #isStopped = false;
  readonly #results: AttemptResults;
  readonly #probers: PoolProbers;
  readonly #slowStart: SlowStart;
  readonly #panic: Panic;
  readonly #limit: PoolLimit;

  /** @param predecessor the server that had this address in another pool, whose counts and verdict the new one continues */
  constructor(config: PoolConfig, deps: PoolDeps, predecessor: (address: string) => Server | undefined) {
    this.name = config.name;
    this.#config = config;
    this.#deps = deps;
    this.traffic = new TrafficMeter(deps.memory, `${this.#block} traffic`);
    this.#cells = new PoolCells(deps.memory, this.#block);
    this.sessions = new PoolSessions(config.name, deps, this.#cells);
    this.#probers = new PoolProbers(config.name, deps, this.#cells);
    this.#strategy = this.#createStrategy(config);
    this.#slowStart = new SlowStart(this.#cells.slowStarts);
    this.#panic = new Panic(config.name, this.#cells, deps.events);
    this.#limit = new PoolLimit(this.#cells);
    this.#chooser = new Chooser(deps.clock, this.#slowStart, this.#panic, this.#limit);
    this.#budget = new RetryBudget(deps.clock.now(), this.#cells.budget);
    this.#results = new AttemptResults({
      pool: config.name,
      deps,
      cells: this.#cells,
      probers: this.#probers,
      traffic: this.traffic,
      servers: () => this.#servers,
      othersAvailable: (server) => {
        const now = deps.clock.now();
        return this.#servers.some((other) => other !== server && unavailability(other, now, false) === null);
      },
    });
    this.#board = new QueueBoard(deps.memory, `${this.#block} queue`);
    const { clock, events, memory } = deps;
    const { lock } = this.#cells;
    this.circuit = new CircuitBreaker(
      { pool: config.name, clock, events, memory, lock, opened: () => this.queue.wake() },
      config,
      `${this.#block} circuit`,
    );
    const owner: QueueOwner = {
      // Where the circuit is open nobody waits for a slot: all are to hear of it.
      hasSlot: () => this.circuit.isOpen || (!this.#limit.isReached && this.#servers.some(hasSlot)),
      offer: ({ exchange }) => (this.#isAdmitted(exchange) ? this.#choose(exchange) : null),
      mayWaitOn: () => this.#chooser.waitsForSlot,
      timedOut: ({ exchange }, waitedMs) => {
        this.limitReached('queue-timeout', null);
        const waited = formatDuration(Math.round(waitedMs));
        this.#chooser.giveUp(exchange, this.#strategy, `no slot came free within ${waited} (queue.timeout)`);
      },
    };
    this.queue = new RequestQueue(deps.clock, wheelOf(deps.clock), owner, this.#board);
    this.queue.configure(config.queue.timeoutMs);
    this.#hedgeDelay.configure(config.retry);
    this.#arrange(config, predecessor);
    this.#weigh(config);
  }

  /** The thread that probes, ends what is over, and clears the shared notes. */
  get #isFirst(): boolean {
    return this.#deps.memory.thread === 0;
  }

  get #block(): string {
    return `pool ${this.name}`;
  }

  get config(): PoolConfig {
    return this.#config;
  }

  /** In configured order. */
  get servers(): readonly Server[] {
    return this.#servers;
  }

  /** What waited and waits, of all threads. */
  queueTraffic(): QueueTraffic {
    this.#board.tell(this.queue);
    return this.#board.read();
  }

  get openSockets(): number {
    let sum = 0;
    for (const { connections } of this.#servers) if (connections) sum += connections.count;
    return sum;
  }

  get place(): { pool: string } {
    return { pool: this.name };
  }

  longestIdleMs(now: number): number {
    const longest = idleLongest(this.#servers);
    return longest === null ? -1 : now - longest.idleSince;
  }

  closeLongestIdle(): void {
    idleLongest(this.#servers)?.destroy();
  }

  get activeRequests(): number {
    let sum = 0;
    for (const server of this.#servers) sum += server.activeRequests;
    return sum;
  }

  /** Begins to probe. */
  start(): void {
    this.#probers.start();
  }

  /** Ends probing and retires the connections, for good. Running requests finish. */
  stop(): void {
    this.#isStopped = true;
    this.#probers.stop();
    this.sessions.forget();
    for (const server of this.#servers) {
      this.#deps.names.unwatch(server.endpoint);
      server.connections?.retire(this.#config.timeouts.tunnelDrainMs);
      server.forget();
    }
    this.queue.refuseAll(({ exchange }) => {
      exchange.error = `pool "${this.name}" was removed while the request waited in its queue`;
    });
    this.traffic.forget();
    this.#board.forget(`${this.#block} queue`);
    this.#deps.memory.forget(this.#block);
    this.#deps.memory.forget(`${this.#block} circuit`);
  }

  /** A configuration is about to come: the memory it needs is there before another thread asks for it. */
  expect({ servers, affinity }: PoolConfig): void {
    const { memory } = this.#deps;
    this.sessions.expect(affinity);
    if (!this.#isFirst || !memory.isShared) return;
    this.#expected = servers.map((each) => new Server(this.name, each, memory));
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    this.sessions.expectNoMore();
    const kept = new Set(this.#servers.map(({ id, addressText }) => `${id} ${addressText}`));
    for (const server of this.#expected) if (!kept.has(`${server.id} ${server.addressText}`)) server.forget();
    this.#expected = [];
  }

  /** Takes over a changed configuration. Who stays keeps everything it has. */
  configure(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    const { lock } = this.#cells;
    lock.acquire();
    try {
      this.#configure(config, predecessor);
    } finally {
      lock.release();
    }
  }

  #configure(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    if (!isDeepStrictEqual(config.strategy, this.#config.strategy)) this.#replaceStrategy(config);
    const known = new Set(this.#servers);
    this.#arrange(config, predecessor);
    this.#weigh(config);
    // Whoever came with its process from another pool is as warm as it was there.
    if (this.#isFirst)
      for (const server of this.#servers)
        if (!known.has(server) && !predecessor(server.addressText))
          server.beginSlowStart(this.#deps.clock.now());
    this.#config = config;
    this.circuit.configure(config);
    this.queue.configure(config.queue.timeoutMs);
    this.#hedgeDelay.configure(config.retry);
  }

  #createStrategy({ strategy }: PoolConfig): Strategy {
    return createStrategy(strategy, { notes: this.#cells.notes, random: this.#deps.random });
  }

  /** Whose turn it is stays known as long as it means the same under the new one. */
  #replaceStrategy(config: PoolConfig): void {
    this.#strategy = this.#createStrategy(config);
    for (const server of this.#servers) server.seen = 0;
    if (!this.#isFirst || notesKeeper(config.strategy) === notesKeeper(this.#config.strategy)) return;
    this.#cells.notes.fill(0);
    for (const server of this.#servers) server.forgetTurns();
  }

  /** What a server's weight is worth now: less than configured while it is in slow start. */
  effectiveWeight(server: Server, now: number): number {
    return this.#slowStart.effectiveWeight(server, now);
  }

  /**
   * Sets what the operator wants of a server. Returns what it was before.
   *
   * @param drainMs with `drain`: when the server is to be empty; `timeouts.drain` where it is left out, 0 for never
   */
  setAdminState(server: Server, state: AdminState, drainMs = this.#config.timeouts.drainMs): AdminState {
    const before = server.adminState;
    const now = this.#deps.clock.now();
    const isDue = state === 'drain' && drainMs > 0;
    server.adminState = state;
    server.drainUntil = isDue ? now + drainMs : 0;
    server.drainUntilMs = isDue ? Math.round(this.#deps.clock.epoch() + drainMs) : null;
    if (before === state) return before;
    if (state === 'ready') server.beginSlowStart(now);
    this.#probers.of(server)?.adminStateChanged();
    return before;
  }

  /** Why a server takes no new client by itself, whatever its neighbours do; null where it does. */
  reasonOf(server: Server, now: number): UnavailableReason | null {
    return this.#chooser.reasonOf(server, now);
  }

  choose(exchange: Exchange): Server | null {
    if (!this.#isAdmitted(exchange)) return null;
    // Nobody overtakes those that wait.
    if (this.queue.length > 0) this.queue.run();
    // In other threads neither.
    if (this.#deps.memory.isShared && !this.#board.mayGo(this.#deps.clock.now())) {
      this.#chooser.waitsForSlot = true;
      return null;
    }
    return this.#choose(exchange);
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

  #choose(exchange: Exchange): Server | null {
    const { lock } = this.#cells;
    const isFirstLook = exchange.attemptCount === 0 && exchange.queuedAt === 0;
    lock.acquire();
    try {
      const server = this.#chooser.choose(exchange, this.#strategy, this.sessions.affinity);
      if (server) this.#began(exchange.attempts[exchange.attemptCount - 1]!, server);
      return server;
    } finally {
      lock.release();
      if (isFirstLook && this.#chooser.sawPoolFull) this.limitReached('pool-max-requests', null);
      else if (isFirstLook && this.#chooser.sawFull) this.limitReached('max-requests', null);
    }
  }

  enqueue(waiter: Waiter): boolean {
    if (!this.#chooser.waitsForSlot) return false;
    const { length } = this.#config.queue;
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
      length === 0 ? 'none may wait (queue.length is 0)' : `${length} others wait already (queue.length)`;
    this.#chooser.giveUp(waiter.exchange, this.#strategy, why);
    return false;
  }

  leaveQueue(waiter: Waiter): void {
    this.queue.remove(waiter);
  }

  attemptEnded(exchange: Exchange, attempt: AttemptRecord): void {
    const server = attempt.server!;
    server.requestEnded();
    this.#cells.addActive(-1);
    if (this.queue.length > 0) this.queue.wake();
    this.#board.released();
    this.#results.note(exchange, attempt, this.#config);
  }

  requestArrived(): void {
    const { lock } = this.#cells;
    lock.acquire();
    this.#budget.requestArrived();
    lock.release();
  }

  requestEnded(exchange: Exchange): void {
    this.circuit.requestEnded(exchange);
  }

  requestSwitched(exchange: Exchange): void {
    this.circuit.requestSwitched(exchange);
  }

  takeRetry(): boolean {
    const { lock } = this.#cells;
    lock.acquire();
    const taken = this.#budget.take(this.#deps.clock.now(), this.#config.retry);
    lock.release();
    if (!taken) this.limitReached('retry-budget', null);
    return taken;
  }

  hedge(exchange: Exchange): Server | null {
    const now = this.#deps.clock.now();
    const { lock } = this.#cells;
    // Whoever waits for a slot has none yet.
    if (this.queue.length > 0 || (this.#deps.memory.isShared && !this.#board.mayGo(now))) return null;
    let isOver = false;
    lock.acquire();
    try {
      // A pool that fails as a whole is not given more to do.
      if (this.#isStopped || this.circuit.isOpen || !hasFree(this.#servers, exchange, now)) return null;
      isOver = !this.#budget.take(now, this.#config.retry);
      if (isOver) return null;
      const server = this.#chooser.choose(exchange, this.#strategy, null);
      if (server) {
        const attempt = exchange.attempts[exchange.attemptCount - 1]!;
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

  get hedgeAfterMs(): number {
    return this.#hedgeDelay.afterMs;
  }

  pauseMs(pauses: number): number {
    return backoffMs(this.#config.retry, pauses, this.#deps.random);
  }

  hasAnother(exchange: Exchange): boolean {
    return hasUntried(this.#servers, exchange, this.#deps.clock.now());
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Of all threads together. */
  retryBudget(): RetryBudgetStatus {
    return this.#budget.read(this.#config.retry);
  }

  limitReached(kind: LimitKind, server: Server | null): void {
    this.#deps.limits.reached(kind, { pool: this.name, server: server === null ? null : server.id });
  }

  makeRoom(): void {
    this.#deps.makeRoom();
  }

  get learnsCookie(): string | null {
    return this.sessions.affinity?.learnsCookie ?? null;
  }

  cookieSet(exchange: Exchange, attempt: AttemptRecord, cookie: ResponseCookie): void {
    // Who was taken out of the pool meanwhile binds nobody any more.
    if (cookie.isOver || this.#servers.includes(attempt.server!))
      this.sessions.learn(exchange, attempt, cookie);
  }

  proberOf(server: Server): Prober | undefined {
    return this.#probers.of(server);
  }

  /** That thread of the data plane is gone: its requests in flight, its trial and its hold on the lock with it. */
  forgetThread(thread: number): void {
    const { lock } = this.#cells;
    const heldIt = lock.freeFrom(thread);
    lock.acquire();
    if (heldIt) this.sessions.affinity?.repair();
    for (const server of this.#servers) server.forgetThread(thread);
    this.#cells.forgetThread(thread);
    this.traffic.forgetThread(thread);
    this.#board.forgetThread(thread);
    this.circuit.forgetThread(thread);
    lock.release();
  }

  /** Forgets what is over. To be called a few times a second. */
  tick(now: number): void {
    this.#board.tell(this.queue);
    const { lock } = this.#cells;
    lock.acquire();
    this.#budget.roll(now);
    if (this.#isFirst) this.#panic.look(this.#servers, now);
    lock.release();
    if (this.#isFirst) this.#results.tick(now, this.#config);
    this.circuit.tick(now);
    endLeaving(this.#servers, this.#config.timeouts.tunnelDrainMs, now, this.#isFirst ? this.#drained : null);
    this.sessions.expire(now);
    this.#hedgeDelay.tick(now, this.#config.retry, this.traffic);
  }

  #began(attempt: AttemptRecord, server: Server): void {
    attempt.decision!.pick = this.#cells.nextPick();
    server.requestBegan();
    this.#cells.addActive(1);
    if (server.ejectedUntil !== 0 && !server.isOnTrial) server.beginTrial(attempt);
  }

  #arrange(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    const { memory } = this.#deps;
    const next = arrange(this.name, this.#servers, config.servers, predecessor, memory);
    if (next.turnScale !== 1 && this.#isFirst)
      for (const server of next.servers) server.turn *= next.turnScale;
    for (const server of next.removed) {
      this.#probers.remove(server);
      this.#deps.names.unwatch(server.endpoint);
      server.connections?.retire(config.timeouts.tunnelDrainMs);
      server.forget();
    }
    this.#probers.configure(config.healthCheck);
    for (const server of next.added) this.#probers.add(server, config.healthCheck);
    for (const server of next.servers) {
      server.slowStarts = this.#cells.slowStarts;
      if (server.connections) server.connections.mostIdle = config.idleConnections;
      this.#deps.names.watch(server.endpoint, config.timeouts.resolveMs, () => {
        server.connections?.moved();
        this.#probers.now(server);
      });
    }
    for (const server of next.removed) {
      const successor = next.added.find(({ addressText }) => addressText === server.addressText);
      if (successor) this.sessions.rename(server.id, successor);
    }
    this.#servers = next.servers;
    this.#expected = [];
    this.#chooser.arrange(config, next.servers);
    this.sessions.configure(config.affinity);
  }

  #weigh({ slowStartMs, panicThreshold, maxRequests }: PoolConfig): void {
    this.#limit.maxRequests = maxRequests;
    this.#slowStart.windowMs = slowStartMs;
    this.#panic.threshold = panicThreshold;
    this.#slowStart.weigh(this.#servers, this.#deps.clock.now());
  }

  readonly #drained = (server: Server): void => {
    this.#deps.events.add(
      'drain-ended',
      'neutral',
      `${server.name} was to be empty by now: what still ran there was ended, and its sessions move with their next requests`,
      { pool: this.name, server: server.id },
    );
  };
}
