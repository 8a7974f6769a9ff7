import type { PoolConfig } from '@shared/config/schema.ts';
import type { AdminState } from '@shared/contract/server-values.ts';
import { endLeaving } from './end-leaving.ts';
import { idleLongest } from './idle-longest.ts';
import { arrange, inherit } from './members.ts';
import type { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';
import { PoolProbers } from './pool-probers.ts';
import type { PoolSessions } from './pool-sessions.ts';
import { Server } from './server.ts';
import { SlowStart } from './slow-start.ts';

/** The servers of a pool from coming to going: what is probed, watched, weighed and drained of them. Whom a request gets is not decided here. */
export class PoolMembers {
  readonly probers: PoolProbers;
  readonly slowStart: SlowStart;
  readonly #pool: string;
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;
  readonly #sessions: PoolSessions;
  #config: PoolConfig;
  #servers: readonly Server[] = [];
  /** Only for the memory they have. */
  #expected: readonly Server[] = [];

  /** There are no servers before the first `arrange`. */
  constructor(config: PoolConfig, deps: PoolDeps, cells: PoolCells, sessions: PoolSessions) {
    this.#config = config;
    this.#pool = config.name;
    this.#deps = deps;
    this.#cells = cells;
    this.#sessions = sessions;
    this.probers = new PoolProbers(config.name, deps, cells);
    this.slowStart = new SlowStart(cells.slowStarts);
  }

  /** By which the servers were arranged. */
  get config(): PoolConfig {
    return this.#config;
  }

  /** In configured order. */
  get servers(): readonly Server[] {
    return this.#servers;
  }

  get openSockets(): number {
    let sum = 0;
    for (const { connections } of this.#servers) if (connections) sum += connections.count;
    return sum;
  }

  /** -1 where no connection is unused. */
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

  /** Ends probing and retires the connections, for good. */
  stop(): void {
    this.probers.stop();
    for (const server of this.#servers) this.#letGo(server, this.#config);
  }

  /** A configuration is about to come: the memory it needs is there before another thread asks for it. */
  expect({ servers }: PoolConfig): void {
    const { memory } = this.#deps;
    if (memory.thread !== 0 || !memory.isShared) return;
    this.#expected = servers.map((each) => new Server(this.#pool, each, memory));
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    const kept = new Set(this.#servers.map(({ id, addressText }) => `${id} ${addressText}`));
    for (const server of this.#expected) if (!kept.has(`${server.id} ${server.addressText}`)) server.forget();
    this.#expected = [];
  }

  /**
   * Takes over the servers of a configuration. Who stays keeps everything it has.
   *
   * @param predecessor the server that had this address in another pool, whose counts and verdict the new one continues
   */
  arrange(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    const { memory, names } = this.#deps;
    const next = arrange(this.#pool, this.#servers, config.servers, predecessor, memory);
    if (next.turnScale !== 1 && memory.thread === 0)
      for (const server of next.servers) {
        server.turn *= next.turnScale;
        server.furtherTurn *= next.turnScale;
      }
    for (const server of next.removed) {
      this.probers.remove(server);
      this.#letGo(server, config);
    }
    this.probers.configure(config.healthCheck);
    for (const server of next.added) this.probers.add(server, config.healthCheck);
    for (const server of next.servers) {
      this.#followSlowStart(server);
      if (server.connections) server.connections.mostIdle = config.idleConnections;
      names.watch(server.endpoint, config.timeouts.resolveMs, () => {
        server.connections?.moved();
        this.probers.now(server);
      });
    }
    for (const server of next.removed) {
      const successor = next.added.find(({ addressText }) => addressText === server.addressText);
      if (successor) this.#sessions.rename(server.id, successor);
    }
    this.#servers = next.servers;
    this.#expected = [];
    this.#config = config;
  }

  /**
   * The pool begins to take requests. What its servers did in another pool since the configuration was prepared counts as well.
   *
   * @param predecessor see `arrange`
   */
  start(predecessor: (address: string) => Server | undefined): void {
    for (const server of this.#servers) {
      const before = predecessor(server.addressText);
      if (!before) continue;
      inherit(server, before, this.#deps.memory);
      this.#followSlowStart(server);
      this.probers.welcome(server, this.#config.healthCheck);
    }
    this.weigh();
    this.probers.start();
  }

  /** Sets what every weight is worth now. */
  weigh(): void {
    this.slowStart.windowMs = this.#config.slowStartMs;
    this.slowStart.weigh(this.#servers, this.#deps.clock.now());
  }

  /** @param known servers that were there before; whoever came with its process from another pool is as warm as it was there */
  beginSlowStarts(known: readonly Server[], predecessor: (address: string) => Server | undefined): void {
    if (this.#deps.memory.thread !== 0) return;
    const before = new Set(known);
    for (const server of this.#servers)
      if (!before.has(server) && !predecessor(server.addressText))
        server.beginSlowStart(this.#deps.clock.now());
  }

  /** See `ServerPool.setAdminState`. */
  setAdminState(server: Server, state: AdminState, drainMs = this.#config.timeouts.drainMs): AdminState {
    const before = server.adminState;
    const now = this.#deps.clock.now();
    const isDue = state === 'drain' && drainMs > 0;
    server.adminState = state;
    server.drainUntil = isDue ? now + drainMs : 0;
    server.drainUntilMs = isDue ? Math.round(this.#deps.clock.epoch() + drainMs) : null;
    if (before === state) return before;
    if (state === 'ready') server.beginSlowStart(now);
    this.probers.of(server)?.adminStateChanged();
    return before;
  }

  /** That thread of the data plane is gone, and what it had under way. To be called under the pool's lock. */
  forgetThread(thread: number): void {
    for (const server of this.#servers) server.forgetThread(thread);
  }

  /** Ends what is over at servers that are to be empty. To be called a few times a second. */
  tick(now: number): void {
    const told = this.#deps.memory.thread === 0 ? this.#drained : null;
    endLeaving(this.#servers, this.#config.timeouts.tunnelDrainMs, now, told);
  }

  /** It may be in slow start already, in another pool or under another name. */
  #followSlowStart(server: Server): void {
    const { slowStarts } = this.#cells;
    server.slowStarts = slowStarts;
    if (this.#deps.memory.thread === 0) slowStarts[0] = Math.max(slowStarts[0]!, server.slowStartedAt);
  }

  /** Running requests finish. */
  #letGo(server: Server, { timeouts }: PoolConfig): void {
    this.#deps.names.unwatch(server.endpoint);
    server.connections?.retire(timeouts.tunnelDrainMs);
    server.forget();
  }

  readonly #drained = (server: Server): void => {
    this.#deps.events.add(
      'drain-ended',
      'neutral',
      `${server.name} was to be empty by now: what still ran there was ended, and its sessions move with their next requests`,
      { pool: this.#pool, server: server.id },
    );
  };
}
