import { randomBytes } from 'node:crypto';
import type { Config } from '@shared/config/schema.ts';
import type { CommandResult } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { LogSource } from '@shared/contract/log-publisher.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import { newestFirst, type RecordCursor, type RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { RequestDetail, RequestSummary } from '@shared/contract/request-values.ts';
import type { SavedPool, SavedSessions } from '@shared/contract/saved-sessions.ts';
import type { AdminState, ServerStatus } from '@shared/contract/server-values.ts';
import type { Session } from '@shared/contract/session-values.ts';
import type { ListenerStatus, Resources } from '@shared/contract/system-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import { createCookieCodec } from './affinity/session-cookie.ts';
import type { Clock } from './clock.ts';
import { type DescriptorSupply, descriptorSupply } from './descriptors.ts';
import { createEventLog, type EventLog } from './journal/event-log.ts';
import type { Journal, RequestFilter } from './journal/journal.ts';
import { reasonWords } from './journal/words.ts';
import { createLane } from './lane.ts';
import { createLimitLog } from './metrics/limit-log.ts';
import type { Lookup } from './names.ts';
import { unavailability } from './pool/availability.ts';
import type { Server } from './pool/server.ts';
import type { ServerPool } from './pool/server-pool.ts';
import { describeServers } from './server-status.ts';
import type { ReadPath } from './sockets/lane-socket.ts';
import { createCrew } from './threads/crew.ts';
import { Memory } from './threads/memory.ts';
import { byEnd, mergeRequests } from './threads/merged-requests.ts';
import { whyPortsCannotBeShared } from './threads/reuse-port.ts';
import { clockBase } from './threads/thread-clock.ts';

/** How often rates, windows and expiries move on. */
const tickMs = 250;
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
  /** Of the built worker, which runs further threads; without it there is only this one. */
  readonly workerPath?: string;
  /** How the names of servers are looked up; as the system does it where it is left out. */
  readonly lookup?: Lookup;
  /** Signs session cookies: that of an earlier run, whose cookies are to hold; a new one where it is left out. */
  readonly cookieKey?: Uint8Array;
}

export interface SessionFilter {
  readonly pool?: string | undefined;
  /** Server id. */
  readonly server?: string | undefined;
  /** Part of the client's address, of the session's id, or the beginning of its key. */
  readonly search?: string | undefined;
  readonly limit: number;
}

/** The running load balancer: listeners, pools, and what is known of them. */
export interface Engine {
  /** Of this thread. */
  readonly journal: Journal;
  /** Of all threads, as they end. */
  readonly requests: LogSource<RequestSummary>;
  readonly events: EventLog;
  /** Rejects with a `BindError` where a listener cannot be bound; nothing runs then. */
  start(config: Config): Promise<ListenerStatus[]>;
  /**
   * Replaces the running configuration. Who survives keeps counts, verdicts, sessions and connections; running requests finish
   * where they are. Rejects with a `BindError` and changes nothing where a new listener cannot be bound, and with a `ContractError`
   * `invalid-config` where this system cannot run it.
   */
  apply(config: Config): Promise<ListenerStatus[]>;
  /** Accepts nothing new and waits for running requests. Resolves with the number of those cut off after the grace. */
  stop(graceMs: number): Promise<number>;
  servers(): ServerStatus[];
  listeners(): ListenerStatus[];
  metrics(): Metrics;
  /** What all threads hold just now: to see that nothing stays behind. */
  resources(): Promise<Resources>;
  /** Newest first. */
  listRequests(filter: RequestFilter): Promise<{ requests: RequestSummary[]; forgotten: number }>;
  /** A page of what all threads keep, newest first, for a recording; `next` is null behind the last. */
  recordRequests(page: { limit: number; before?: RecordCursor | undefined }): Promise<{
    run: string;
    requests: RecordedRequest[];
    next: RecordCursor | null;
    startMs: number;
  }>;
  /** Undefined for one that is forgotten or never was. */
  request(id: string): Promise<RequestDetail | undefined>;
  sessions(filter: SessionFilter): { sessions: Session[]; total: number };
  /** Sessions of an earlier run that pools go on with. To be called before `start`. */
  restoreSessions(saved: SavedSessions): void;
  /** What another run needs to go on with the sessions, a part at a time; several parts may be of one pool. */
  saveSessions(): Generator<SavedPool>;
  /** These throw a `ContractError` `not-found` where there is no such pool, server or session. */
  endSession(pool: string, id: string): void;
  /** Ends all sessions of a server, or of the pool. Returns how many. */
  endSessions(pool: string, server: string | undefined): number;
  /** Binds a session to another server, which must be available to it. Returns the id of the one before. */
  moveSession(pool: string, id: string, server: string): string;
  /** Pins a session to its server, or no longer. Returns whether it was, and its server's id. */
  pinSession(pool: string, id: string, pinned: boolean): { before: boolean; server: string };
  /** Returns the state before. @param drainMs with `drain`, instead of the pool's `timeouts.drain`; 0 for no deadline */
  setAdminState(pool: string, server: string, state: AdminState, drainMs?: number): AdminState;
  probe(pool: string, server: string): void;
  /** The last probes of a server, oldest first. */
  probes(pool: string, server: string): CommandResult<'server.probes'>;
}

export function createEngine(options: EngineOptions): Engine {
  const { clock, random, log, readPath, workerPath } = options;
  const events = createEventLog({ clock, capacity: eventsKept, perSecond: busyEventsPerSecond });
  const limits = createLimitLog(clock, events);
  const memory = new Memory();
  const cookieKey = options.cookieKey === undefined ? randomBytes(32) : Buffer.from(options.cookieKey);
  const savedSessions = new Map<string, SavedPool>();
  // So that ids of an earlier run, seen in somebody's log, are not taken for those of this one.
  const run = Math.floor(random() * 36 ** 3)
    .toString(36)
    .padStart(3, '0');
  const codec = createCookieCodec(cookieKey);
  const requestPrefix = `${run}-`;
  const descriptors = options.descriptors ?? descriptorSupply();
  const lane = createLane({
    clock,
    random,
    events,
    limits,
    codec,
    memory,
    requestPrefix,
    log,
    readPath,
    descriptors,
    lookup: options.lookup,
    savedSessions,
  });
  const { pools, journal } = lane;
  const requests = mergeRequests(journal);
  let cancelTick: (() => void) | null = null;
  /** Configurations are applied one after another. */
  let applying: Promise<unknown> = Promise.resolve();
  /** Of the configuration that runs; 0 before the first. */
  let threadsNow = 0;
  /** Threads started, since each has numbers of its own for its requests. */
  let lanesStarted = 0;

  const crew = createCrew({
    clock,
    memory,
    workerPath: workerPath ?? '',
    startOf(thread) {
      lanesStarted += 1;
      return {
        role: 'lane',
        memory: memory.viewOf(thread),
        clockBase: clockBase(clock),
        cookieKey,
        descriptors,
        requestPrefix: `${run}-${lanesStarted}t`,
        eventsPerSecond: Math.ceil(busyEventsPerSecond / memory.width),
      };
    },
    onMessage(message) {
      if (message.type === 'event') events.take(message.event);
      else if (message.type === 'log') log(message.text);
      else {
        const pool = pools.get(message.pool);
        const server = pool?.servers.find(({ name }) => name === message.server);
        if (pool && server) pool.proberOf(server)?.probeSoon();
      }
    },
    onCollected(collected) {
      requests.add(collected);
      for (const each of collected)
        for (const { kind, about, times } of each.limits)
          for (let time = 0; time < times; time++) limits.reached(kind, about);
    },
    onCrashed(thread, reason, comesBack) {
      lane.forgetThread(thread);
      if (reason === '') return;
      const then = comesBack
        ? 'it is started again'
        : 'it crashed too often and stays away until the configuration changes';
      log(`thread ${thread} crashed: ${reason}`);
      events.add(
        'thread-crashed',
        'bad',
        `Thread ${thread} of the data plane crashed: ${reason}. Its requests were cut off, the other threads go on; ${then}`,
      );
    },
    onRestarted(thread) {
      events.add('thread-restarted', 'good', `Thread ${thread} of the data plane runs again`);
    },
    serially: (each) => void serially(each),
  });

  function tick(): void {
    lane.tick(clock.now());
    cancelTick = clock.after(tickMs, tick);
  }

  function serially<T>(each: () => Promise<T>): Promise<T> {
    const done = applying.then(each);
    applying = done.catch(() => {});
    return done;
  }

  async function replace(config: Config): Promise<ListenerStatus[]> {
    const { threads } = config.dataPlane;
    if (threads > 1) await insistOnSharing(workerPath);
    // From here on what is decided upon stands where other threads will see it.
    memory.widen(threads);
    const change = await lane.prepare(config, threads > 1);
    try {
      await crew.prepare({ ...config, listeners: change.listeners }, threads - 1);
    } catch (error) {
      await change.abort();
      throw error;
    }
    change.commit();
    await crew.commit();
    if (threadsNow > 0 && threads !== threadsNow) {
      events.add(
        'threads-changed',
        'neutral',
        `The data plane has ${threads === 1 ? 'one thread' : `${threads} threads`} now, before it had ${threadsNow}`,
      );
    }
    threadsNow = threads;
    return describeListeners();
  }

  function describeListeners(): ListenerStatus[] {
    return lane.listeners.describe().map((status) => ({
      ...status,
      openConnections: status.openConnections + crew.openConnections(status.name),
    }));
  }

  const apply = (config: Config): Promise<ListenerStatus[]> => serially(() => replace(config));

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
    requests,
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
      const unfinished = await Promise.all([lane.stop(graceMs), crew.stop(graceMs)]);
      return unfinished[0] + unfinished[1];
    },
    servers() {
      const now = clock.now();
      return [...pools.values()].flatMap((pool) => describeServers(pool, now));
    },
    listeners: describeListeners,
    metrics: () => lane.metrics.read(),
    resources: () => crew.addResources(lane.resources()),
    async listRequests(filter) {
      const lists = [journal.listEnded(filter), ...(await crew.list(filter))];
      const newestFirst = byEnd(lists.flatMap(({ requests: each }) => each.reverse())).reverse();
      return {
        requests: newestFirst.slice(0, filter.limit),
        forgotten: lists.reduce((sum, { forgotten }) => sum + forgotten, 0),
      };
    },
    async recordRequests({ limit, before }) {
      const found = [...journal.recorded(before, limit), ...(await crew.record(before, limit))];
      const page = found.sort(newestFirst).slice(0, limit);
      return {
        run,
        requests: page.map(({ request }) => request),
        next: page.length < limit ? null : page.at(-1)!.at,
        startMs: clock.epoch() - clock.now(),
      };
    },
    request: async (id) => journal.detail(id) ?? (await crew.detail(id)),
    sessions({ pool: poolName, server, search, limit }) {
      const matches = (session: Session): boolean =>
        (server === undefined || session.server === server) &&
        (search === undefined ||
          session.client.includes(search) ||
          session.id.includes(search) ||
          // Digests are chance: a part of one would be found where nobody meant it.
          session.key.startsWith(search));
      const asked = poolName === undefined ? [...pools.values()] : [findPool(poolName)];
      const sessions: Session[] = [];
      let total = 0;
      for (const pool of asked) {
        const found = pool.sessions.list(matches, limit - sessions.length);
        sessions.push(...found.sessions);
        total += found.total;
      }
      return { sessions, total };
    },
    endSession(poolName, id) {
      if (findPool(poolName).sessions.end(id)) return;
      throw noSession(poolName, id);
    },
    endSessions(poolName, serverName) {
      if (serverName === undefined) return findPool(poolName).sessions.endAll(null);
      const { pool, server } = find(poolName, serverName);
      return pool.sessions.endAll(server);
    },
    moveSession(poolName, id, serverName) {
      const { pool, server } = find(poolName, serverName);
      const reason = unavailability(server, clock.now(), true);
      if (reason !== null && reason !== 'full') {
        const message = `${serverName} is ${reasonWords[reason]}: the session would leave it again with its next request; choose another server, or make this one available first`;
        throw new ContractError('conflict', message);
      }
      const before = pool.sessions.move(id, server);
      if (before === undefined) throw noSession(poolName, id);
      return before;
    },
    pinSession(poolName, id, pinned) {
      const pool = findPool(poolName);
      const told = pool.sessions.pin(id, pinned);
      if (told === undefined) throw noSession(poolName, id);
      if (!told.isFull) return { before: told.before, server: told.server };
      const message = `as many sessions of pool "${poolName}" are pinned as may be, half of affinity.maxSessions; unpin one first`;
      throw new ContractError('conflict', message);
    },
    restoreSessions(saved) {
      for (const each of saved.pools) savedSessions.set(each.pool, each);
    },
    *saveSessions() {
      for (const pool of [...pools.values()]) yield* pool.sessions.save();
    },
    setAdminState(poolName, serverName, state, drainMs) {
      const { pool, server } = find(poolName, serverName);
      const wasUntil = server.drainUntil;
      const before = pool.setAdminState(server, state, drainMs);
      // Nobody is told of what was so already, but of another deadline.
      if (before === state && (wasUntil === server.drainUntil || drainMs === undefined)) return before;
      const leftMs = drainMs ?? pool.config.timeouts.drainMs;
      const deadline = server.drainUntil === 0 ? '' : `, for ${formatDuration(leftMs)} at most`;
      events.add('admin-state-changed', 'neutral', `${server.name} ${adminWords[state]}${deadline}`, {
        pool: poolName,
        server: server.id,
      });
      return before;
    },
    probe(poolName, serverName) {
      const { pool, server } = find(poolName, serverName);
      pool.proberOf(server)?.probeNow();
    },
    probes(poolName, serverName) {
      const { probes } = find(poolName, serverName).server;
      return { probes: probes.list(), run: probes.run, failed: probes.failed, forgotten: probes.forgotten };
    },
  };
}

const adminWords: Record<AdminState, string> = {
  ready: 'is ready: it takes new clients',
  drain: 'is draining: it keeps its sessions and takes no new clients',
  maintenance: 'is in maintenance: it takes no requests and is not probed',
};

function noSession(pool: string, id: string): ContractError {
  return new ContractError('not-found', `pool "${pool}" has no session "${id}"; it may have ended`);
}

async function insistOnSharing(workerPath: string | undefined): Promise<void> {
  const why =
    workerPath === undefined
      ? 'this engine was started without the means to run more than one thread'
      : await whyPortsCannotBeShared();
  if (why === null) return;
  const message = `dataPlane.threads: ${why}`;
  throw new ContractError('invalid-config', message, [{ path: ['dataPlane', 'threads'], message: why }]);
}
