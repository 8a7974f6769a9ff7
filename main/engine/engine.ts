import { randomBytes } from 'node:crypto';
import type { Config } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { LogSource } from '@shared/contract/log-publisher.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import { newestFirst, type RecordCursor, type RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { RequestDetail, RequestSummary } from '@shared/contract/request-values.ts';
import type { SavedPool, SavedSessions } from '@shared/contract/saved-sessions.ts';
import type { ListenerStatus, Resources } from '@shared/contract/system-values.ts';
import { createCookieCodec } from './affinity/session-cookie.ts';
import { countOn, SessionNumbers } from './affinity/session-numbers.ts';
import type { Clock } from './clock.ts';
import { type DescriptorSupply, descriptorSupply } from './descriptors.ts';
import { createEventLog, type EventLog } from './journal/event-log.ts';
import type { Journal, RequestFilter } from './journal/journal.ts';
import { createLane } from './lane.ts';
import { createLimitLog } from './metrics/limit-log.ts';
import type { Lookup } from './names.ts';
import { type ServerOperations, serverOperations } from './server-operations.ts';
import { type SessionOperations, sessionOperations } from './session-operations.ts';
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
  /** What an engine that crashed counted sessions by: that no name of theirs comes up again. It begins with s1 where that is left out. */
  readonly sessionsGiven?: SharedArrayBuffer;
}

/** The running load balancer: listeners, pools, and what is known of them. */
export interface Engine extends SessionOperations, ServerOperations {
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
  /** Sessions of an earlier run that pools go on with. To be called before `start`. */
  restoreSessions(saved: SavedSessions): void;
  /** What another run needs to go on with the sessions, a part at a time; several parts may be of one pool. */
  saveSessions(): Generator<SavedPool>;
}

export function createEngine(options: EngineOptions): Engine {
  const { clock, random, log, readPath, workerPath } = options;
  const events = createEventLog({ clock, capacity: eventsKept, perSecond: busyEventsPerSecond });
  const limits = createLimitLog(clock, events);
  const memory = new Memory();
  if (options.sessionsGiven) countOn(memory, options.sessionsGiven);
  const sessionNumbers = new SessionNumbers(memory);
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
    onCollected(collected, wholeUntil) {
      requests.add(collected, wholeUntil);
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

  return {
    ...sessionOperations(pools, clock),
    ...serverOperations(pools, clock, events),
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
    restoreSessions(saved) {
      // Of all of them: a pool may come later than others whose clients are bound.
      sessionNumbers.leaveOut(saved);
      for (const each of saved.pools) savedSessions.set(each.pool, each);
    },
    *saveSessions() {
      for (const pool of [...pools.values()]) yield* pool.sessions.save();
    },
  };
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
