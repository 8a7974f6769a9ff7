import { isIP } from 'node:net';
import { formatAddress } from '@shared/config/address.ts';
import type { Config, ListenerConfig, PoolConfig } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { Resources } from '@shared/contract/system-values.ts';
import { createDescriptors, type DescriptorSupply } from './descriptors.ts';
import { createJournal, type Journal } from './journal/journal.ts';
import { tellOutcome } from './journal/tell-outcome.ts';
import { createListeners, type Listeners } from './listeners.ts';
import { createMetrics, type MetricsKeeper } from './metrics/metrics.ts';
import { type Lookup, Names, systemLookup } from './names.ts';
import type { PoolDeps } from './pool/pool-deps.ts';
import type { Server } from './pool/server.ts';
import { ServerPool } from './pool/server-pool.ts';
import type { ReadPath } from './sockets/lane-socket.ts';
import { leasedReadBuffers } from './sockets/read-buffers.ts';
import { wheelOf } from './sockets/timer-wheel.ts';

/** How long a configuration waits for names it brings in; requests go on meanwhile. */
const namesWithinMs = 2_000;

export interface LaneDeps extends Omit<PoolDeps, 'names' | 'makeRoom'> {
  /** Stands in front of the numbers of requests. */
  readonly requestPrefix: string;
  /** Told what a person who looks for a fault in Ballast needs. */
  readonly log: (text: string) => void;
  /** How sockets are read; found out where it is left out. */
  readonly readPath?: ReadPath | undefined;
  /** File descriptors there are, for all threads together. */
  readonly descriptors: DescriptorSupply;
  /** How the names of servers are looked up; as the system does it where it is left out. */
  readonly lookup?: Lookup | undefined;
}

/** A configuration of which everything is bound and nothing has changed yet. */
export interface LaneChange {
  /** The configuration's, with the addresses that were really bound. */
  readonly listeners: ListenerConfig[];
  /** Makes it the running one, at once. */
  commit(): void;
  /** Gives up what was bound for it. */
  abort(): Promise<void>;
}

/** One thread's part of the data plane: it accepts clients, carries their requests to servers, and writes down what became of them. */
export interface Lane {
  readonly pools: ReadonlyMap<string, ServerPool>;
  readonly listeners: Pick<Listeners, 'describe'>;
  readonly journal: Journal;
  readonly metrics: MetricsKeeper;
  /** That thread of the data plane is gone: what it left in the shared memory is cleared away. */
  forgetThread(thread: number): void;
  /** What this thread holds just now. */
  resources(): Resources;
  /**
   * Binds what a configuration has that is new; requests still go by the earlier one. Rejects with a `BindError` and changes nothing
   * where a listener cannot be bound.
   *
   * @param shared other threads are to accept on the same addresses
   */
  prepare(config: Config, shared: boolean): Promise<LaneChange>;
  /** To be called a few times a second. */
  tick(now: number): void;
  /** Leaves its connections to other threads without losing a request, then stops. Resolves with the number of those cut off after the grace. */
  retire(graceMs: number): Promise<number>;
  /** Accepts nothing new and waits for running requests. Resolves with the number of those cut off after the grace. */
  stop(graceMs: number): Promise<number>;
}

export function createLane(deps: LaneDeps): Lane {
  const { clock, events, limits, memory, requestPrefix, log, readPath } = deps;
  const pools = new Map<string, ServerPool>();
  const journal = createJournal(2_000);
  const metrics = createMetrics(clock, () => pools.values(), limits, memory);
  // Every thread looks names up for itself; one of them tells.
  const names = new Names(clock, deps.lookup ?? systemLookup, memory.thread === 0 ? events : null);
  let lastId = 0;
  let responseFields = true;

  const holders = () => ({ clients: listeners.holders(), servers: pools.values() });
  const now = (): number => clock.now();
  const descriptors = createDescriptors(deps.descriptors, limits, holders, now, () => memory.width);
  const poolDeps: PoolDeps = { ...deps, names, makeRoom: descriptors.makeRoom };
  const listeners: Listeners = createListeners({
    clock,
    findPool: (name) => pools.get(name),
    nextRequestId(exchange) {
      lastId += 1;
      exchange.id = lastId;
      exchange.idPrefix = requestPrefix;
      exchange.isExplained = journal.isOn;
      metrics.started(exchange);
    },
    finished(exchange) {
      const now = clock.now();
      metrics.finished(exchange, now);
      exchange.pool?.requestEnded(exchange);
      tellOutcome(exchange, events);
      // Not where the journal was off when it began: little was written down of it.
      if (exchange.isExplained) journal.record(exchange, now);
    },
    responseFields: () => responseFields,
    ...(readPath && { readPath }),
    limitReached: (kind, listener) => limits.reached(kind, { listener }),
    descriptors,
    memory,
    log,
  });

  async function end(gone: Promise<number>): Promise<number> {
    const unfinished = await gone;
    for (const pool of pools.values()) pool.stop();
    names.stop();
    return unfinished;
  }

  return {
    pools,
    listeners,
    journal,
    metrics,
    forgetThread(thread) {
      metrics.forgetThread(thread);
      listeners.forgetThread(thread);
    },
    resources() {
      const connections = [...pools.values()].flatMap((pool) =>
        pool.servers.flatMap((server) => server.connections ?? []),
      );
      return {
        clientConnections: listeners.openConnections,
        serverConnections: connections.reduce((sum, each) => sum + each.count, 0),
        idleServerConnections: connections.reduce((sum, each) => sum + each.idleCount, 0),
        deadlines: wheelOf(clock).count,
        leasedBuffers: leasedReadBuffers(),
        keptBytes: listeners.keptBytes,
      };
    },
    async prepare(config, shared) {
      await names.prepare(namesOf(config), namesWithinMs);
      const leaving = leavingServers(pools, config.pools);
      const predecessor = (address: string): Server | undefined => leaving.get(address);
      // New pools are in place before a new listener accepts, and probe only once everything is bound.
      const added = config.pools.filter(({ name }) => !pools.has(name));
      for (const each of config.pools) pools.get(each.name)?.expect(each);
      for (const each of added) pools.set(each.name, new ServerPool(each, poolDeps, predecessor));
      const forget = (): void => {
        for (const pool of pools.values()) pool.expectNoMore();
        for (const { name } of added) {
          pools.get(name)?.stop();
          pools.delete(name);
        }
      };
      const change = await listeners
        .prepare(config.listeners, shared ? (memory.thread === 0 ? 'first' : 'joining') : 'alone')
        .catch((error: unknown) => {
          forget();
          throw error;
        });
      return {
        listeners: config.listeners.map((each, index) => ({ ...each, bind: change.addresses[index]! })),
        // From here to the end nothing waits, so that no request sees half of it.
        commit() {
          const wanted = new Set(config.pools.map(({ name }) => name));
          for (const each of config.pools) {
            const pool = pools.get(each.name)!;
            if (added.includes(each)) pool.start(predecessor);
            else pool.configure(each, predecessor);
          }
          metrics.keepListeners(new Set(config.listeners.map(({ name }) => name)));
          change.commit();
          for (const [name, pool] of [...pools]) {
            if (wanted.has(name)) continue;
            pools.delete(name);
            pool.sessions.endAllRemoved();
            pool.stop();
          }
          names.prune();
          journal.resize(config.journalRequests);
          responseFields = config.responseFields;
        },
        async abort() {
          await change.abort();
          forget();
        },
      };
    },
    tick(now) {
      metrics.tick(now);
      events.tick(now);
      limits.tick(now);
      for (const pool of pools.values()) pool.tick(now);
    },
    retire: (graceMs) => end(listeners.retire(graceMs)),
    stop: (graceMs) => end(listeners.stop(graceMs)),
  };
}

/** Servers whose address is no IP address. */
function* namesOf({ pools }: Config): Generator<string> {
  for (const { servers } of pools)
    for (const { address } of servers) if (isIP(address.host) === 0) yield address.host;
}

/** Servers that a configuration has no more where they are, by address: they may turn up in another pool. */
function leavingServers(
  pools: ReadonlyMap<string, ServerPool>,
  wanted: readonly PoolConfig[],
): Map<string, Server> {
  const staying = new Set(
    wanted.flatMap((pool) =>
      pool.servers.map(({ name, address }) => `${serverId(pool.name, name)} ${formatAddress(address)}`),
    ),
  );
  const leaving = new Map<string, Server>();
  for (const pool of pools.values()) {
    for (const server of pool.servers) {
      if (!staying.has(`${server.id} ${server.addressText}`)) leaving.set(server.addressText, server);
    }
  }
  return leaving;
}
