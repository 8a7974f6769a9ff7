import { randomBytes } from 'node:crypto';
import { formatAddress } from '@shared/config/address.ts';
import { type Config, type PoolConfig, serverId } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type {
  AdminState,
  ListenerStatus,
  Metrics,
  Resources,
  ServerStatus,
  Session,
} from '@shared/contract/values.ts';
import { createCookieCodec } from './affinity/session-cookie.ts';
import type { Clock } from './clock.ts';
import { createDescriptors, type DescriptorSupply, descriptorSupply } from './descriptors.ts';
import { leasedReadBuffers } from './http1/read-buffers.ts';
import type { ReadPath } from './http1/socket-reader.ts';
import { wheelOf } from './http1/timer-wheel.ts';
import { createEventLog, type EventLog } from './journal/event-log.ts';
import { createJournal, type Journal } from './journal/journal.ts';
import { tellOutcome } from './journal/tell-outcome.ts';
import { createListeners } from './listeners.ts';
import { createLimitLog } from './metrics/limit-log.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { Server } from './pool/server.ts';
import { type PoolDeps, ServerPool } from './pool/server-pool.ts';
import { describeServers } from './server-status.ts';
import { Memory } from './threads/memory.ts';

/** How often rates, windows and expiries move on. */
const tickMs = 250;
/** How long the running requests of a listener that was removed may take. */
const removedGraceMs = 30_000;
const eventsKept = 5_000;
const busyEventsPerSecond = 10;

export interface EngineOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Told what a person who looks for a fault in Ballast needs. */
  readonly log: (text: string) => void;
  /** How sockets are read; found out where it is left out. */
  readonly readPath?: ReadPath;
  /** File descriptors there are; found out where it is left out. */
  readonly descriptors?: DescriptorSupply;
}

export interface SessionFilter {
  readonly pool?: string | undefined;
  /** Server id. */
  readonly server?: string | undefined;
  /** Part of the client's address or of the session's id. */
  readonly search?: string | undefined;
  readonly limit: number;
}

/** The running load balancer: listeners, pools, and what is known of them. */
export interface Engine {
  readonly journal: Journal;
  readonly events: EventLog;
  /** Rejects with a `BindError` where a listener cannot be bound; nothing runs then. */
  start(config: Config): Promise<ListenerStatus[]>;
  /**
   * Replaces the running configuration. Who survives keeps counts, verdicts, sessions and connections; running requests finish
   * where they are. Rejects with a `BindError` and changes nothing where a new listener cannot be bound.
   */
  apply(config: Config): Promise<ListenerStatus[]>;
  /** Accepts nothing new and waits for running requests. Resolves with the number of those cut off after the grace. */
  stop(graceMs: number): Promise<number>;
  servers(): ServerStatus[];
  listeners(): ListenerStatus[];
  metrics(): Metrics;
  /** What is held just now: to see that nothing stays behind. */
  resources(): Resources;
  sessions(filter: SessionFilter): { sessions: Session[]; total: number };
  /** These throw a `ContractError` `not-found` where there is no such pool, server or session. */
  endSession(pool: string, id: string): void;
  /** Returns the state before. */
  setAdminState(pool: string, server: string, state: AdminState): AdminState;
  probe(pool: string, server: string): void;
}

export function createEngine(options: EngineOptions): Engine {
  const { clock, random, log, readPath } = options;
  const events = createEventLog({ clock, capacity: eventsKept, perSecond: busyEventsPerSecond });
  const journal = createJournal(2_000);
  const pools = new Map<string, ServerPool>();
  const limits = createLimitLog(clock, events);
  const memory = new Memory();
  const metrics = createMetrics(clock, () => pools.values(), limits, memory);
  const codec = createCookieCodec(randomBytes(32));
  const deps: PoolDeps = { clock, random, events, limits, codec, memory };
  // So that ids of an earlier run, seen in somebody's log, are not taken for those of this one.
  const run = Math.floor(random() * 36 ** 3)
    .toString(36)
    .padStart(3, '0');
  let lastId = 0;
  let responseFields = true;
  let cancelTick: (() => void) | null = null;
  /** Configurations are applied one after another. */
  let applying: Promise<unknown> = Promise.resolve();

  const descriptors = createDescriptors(options.descriptors ?? descriptorSupply(), limits, () => [
    ...pools.values(),
    listeners,
  ]);
  const listeners = createListeners({
    clock,
    findPool: (name) => pools.get(name),
    nextRequestId(exchange) {
      lastId += 1;
      exchange.id = lastId;
      exchange.idText = `${run}-${lastId}`;
      metrics.started(exchange);
    },
    finished(exchange) {
      const now = clock.now();
      metrics.finished(exchange, now);
      tellOutcome(exchange, events);
      journal.record(exchange, now);
    },
    responseFields: () => responseFields,
    ...(readPath && { readPath }),
    limitReached: (kind, listener) => limits.reached(kind, { listener }),
    descriptors,
  });

  function tick(): void {
    const now = clock.now();
    metrics.tick(now);
    events.tick(now);
    limits.tick(now);
    for (const pool of pools.values()) pool.tick(now);
    cancelTick = clock.after(tickMs, tick);
  }

  async function replace(config: Config): Promise<ListenerStatus[]> {
    const leaving = leavingServers(pools, config.pools);
    const predecessor = (address: string): Server | undefined => leaving.get(address);
    // New pools are in place before a new listener accepts, and probe only once everything is bound.
    const added = config.pools.filter(({ name }) => !pools.has(name));
    for (const each of added) pools.set(each.name, new ServerPool(each, deps, predecessor));
    const change = await listeners.prepare(config.listeners).catch((error: unknown) => {
      for (const { name } of added) {
        pools.get(name)?.stop();
        pools.delete(name);
      }
      throw error;
    });
    // From here to the end nothing waits, so that no request sees half of it.
    const wanted = new Set(config.pools.map(({ name }) => name));
    for (const each of config.pools) {
      const pool = pools.get(each.name)!;
      if (added.includes(each)) pool.start();
      else pool.configure(each, predecessor);
    }
    metrics.keepListeners(new Set(config.listeners.map(({ name }) => name)));
    const removed = change.commit();
    for (const [name, pool] of [...pools]) {
      if (wanted.has(name)) continue;
      pools.delete(name);
      pool.stop();
    }
    journal.resize(config.journalRequests);
    responseFields = config.responseFields;
    for (const listener of removed) {
      void listener
        .stop(removedGraceMs)
        .catch((error: unknown) => log(`stopping listener: ${String(error)}`));
    }
    return listeners.describe();
  }

  function apply(config: Config): Promise<ListenerStatus[]> {
    const done = applying.then(() => replace(config));
    applying = done.catch(() => {});
    return done;
  }

  function find(poolName: string, serverName: string): { pool: ServerPool; server: Server } {
    const pool = findPool(poolName);
    const server = pool.servers.find(({ name }) => name === serverName);
    if (server) return { pool, server };
    const names = pool.servers.map(({ name }) => name).join(', ');
    throw new ContractError('not-found', `pool "${poolName}" has no server "${serverName}"; it has ${names}`);
  }

  function findPool(name: string): ServerPool {
    const pool = pools.get(name);
    if (pool) return pool;
    throw new ContractError(
      'not-found',
      `there is no pool "${name}"; there is ${[...pools.keys()].join(', ') || 'none'}`,
    );
  }

  return {
    journal,
    events,
    async start(config) {
      const bound = await apply(config);
      if (cancelTick === null) tick();
      return bound;
    },
    apply,
    async stop(graceMs) {
      await applying;
      cancelTick?.();
      const unfinished = await listeners.stop(graceMs);
      for (const pool of pools.values()) pool.stop();
      return unfinished;
    },
    servers() {
      const now = clock.now();
      return [...pools.values()].flatMap((pool) => describeServers(pool, now));
    },
    listeners: () => listeners.describe(),
    metrics: () => metrics.read(),
    resources() {
      const connections = [...pools.values()].flatMap((pool) =>
        pool.servers.flatMap((server) => server.connections ?? []),
      );
      return {
        clientConnections: listeners.describe().reduce((sum, each) => sum + each.openConnections, 0),
        serverConnections: connections.reduce((sum, each) => sum + each.count, 0),
        idleServerConnections: connections.reduce((sum, each) => sum + each.idleCount, 0),
        deadlines: wheelOf(clock).count,
        leasedBuffers: leasedReadBuffers(),
        keptBytes: listeners.keptBytes,
      };
    },
    sessions({ pool: poolName, server, search, limit }) {
      const matches = (session: Session): boolean =>
        (server === undefined || session.server === server) &&
        (search === undefined || session.client.includes(search) || session.id.includes(search));
      const asked = poolName === undefined ? [...pools.values()] : [findPool(poolName)];
      const sessions: Session[] = [];
      let total = 0;
      for (const pool of asked) {
        const found = pool.sessions(matches, limit - sessions.length);
        sessions.push(...found.sessions);
        total += found.total;
      }
      return { sessions, total };
    },
    endSession(poolName, id) {
      if (findPool(poolName).endSession(id)) return;
      throw new ContractError('not-found', `pool "${poolName}" has no session "${id}"; it may have ended`);
    },
    setAdminState(poolName, serverName, state) {
      const { pool, server } = find(poolName, serverName);
      const before = server.adminState;
      if (before === state) return before;
      server.adminState = state;
      pool.proberOf(server)?.adminStateChanged();
      events.add('admin-state-changed', 'neutral', `${server.name} ${adminWords[state]}`, {
        pool: poolName,
        server: server.id,
      });
      return before;
    },
    probe(poolName, serverName) {
      const { pool, server } = find(poolName, serverName);
      pool.proberOf(server)?.probeNow();
    },
  };
}

const adminWords: Record<AdminState, string> = {
  ready: 'is ready: it takes new clients',
  drain: 'is draining: it keeps its sessions and takes no new clients',
  maintenance: 'is in maintenance: it takes no requests and is not probed',
};

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
