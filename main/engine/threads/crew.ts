import { type Config, mostThreads } from '@shared/config/schema.ts';
import type { PlacedRequest, RecordCursor } from '@shared/contract/recorded-request.ts';
import type { RequestDetail } from '@shared/contract/request-values.ts';
import type { Resources } from '@shared/contract/system-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import { BindError } from '../bind-error.ts';
import type { Clock } from '../clock.ts';
import type { EndedRequest, RequestFilter } from '../journal/journal.ts';
import { type LaneWorker, type LaneWorkerEvents, startLaneWorker } from './lane-worker.ts';
import type { Memory } from './memory.ts';
import type { BindFailure, Collected, LaneStart } from './messages.ts';

/** How often the threads are asked what happened. */
const collectEveryMs = 125;
/** Rounds that a thread may owe an answer before it is taken to hang. Counted, not timed: a machine that slept is no reason. */
const roundsOwed = 80;
const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
/** This many crashes of one thread within the window, and it stays away until the next change of the configuration. */
const crashLimit = 5;
const crashWindowMs = 60_000;
/** For what a person looks at while they wait. */
const answerWithinMs = 500;
/** How long a thread that is not wanted any more may finish its requests. */
const retiredGraceMs = 30_000;

export interface CrewDeps {
  readonly clock: Clock;
  readonly memory: Memory;
  /** Of the built worker. */
  readonly workerPath: string;
  readonly startOf: (thread: number) => LaneStart;
  readonly onMessage: LaneWorkerEvents['onMessage'];
  /**
   * What happened in all of them since the last round.
   *
   * @param wholeUntil clock's `now()` up to which that is everything, but for a thread that takes longer than a round to answer
   */
  readonly onCollected: (collected: readonly Collected[], wholeUntil: number) => void;
  /** A thread died. What it left in the memory is to be cleared away before this returns. */
  readonly onCrashed: (thread: number, reason: string, comesBack: boolean) => void;
  readonly onRestarted: (thread: number) => void;
  /** Runs one at a time with changes of the configuration. */
  readonly serially: (run: () => Promise<void>) => void;
}

interface Member {
  readonly worker: LaneWorker;
  /** It has a configuration and may be asked for its requests. */
  isRunning: boolean;
  /** Its end is wanted. */
  isLeaving: boolean;
  owed: number;
  /** Since the last round. */
  collected: Collected | null;
  /** What it told last, however long ago. */
  last: Collected | null;
}

/** The threads of the data plane beside the engine's own: starts, tells, asks, watches and restarts them. */
export interface Crew {
  /** By listener. */
  openConnections(listener: string): number;
  /** What all hold just now, with what the engine's thread holds. A thread that does not say so at once is left out: it hangs. */
  addResources(own: Resources): Promise<Resources>;
  /**
   * Sees that so many threads run, and lets each bind what the configuration has that is new. Rejects with a `BindError` where one
   * cannot, after all have given up what they bound.
   *
   * @param config with the ports that the engine's thread has bound
   */
  prepare(config: Config, threads: number): Promise<void>;
  /** Lets all switch to what they prepared, and those that are not wanted any more finish and end. */
  commit(): Promise<void>;
  abort(): Promise<void>;
  list(filter: RequestFilter): Promise<{ requests: EndedRequest[]; forgotten: number }[]>;
  /** Of all others, in no order. See `Journal.recorded`. */
  record(before: RecordCursor | undefined, limit: number): Promise<PlacedRequest[]>;
  detail(id: string): Promise<RequestDetail | undefined>;
  /** Resolves with the number of requests that were cut off. */
  stop(graceMs: number): Promise<number>;
}

export function createCrew(deps: CrewDeps): Crew {
  const { clock, memory } = deps;
  const members = new Map<number, Member>();
  const crashes = new Map<number, number[]>();
  /** The configuration that runs, and the number of threads that it wants beside the engine's. */
  let config: Config | null = null;
  let wanted = 0;
  let next: { readonly config: Config; readonly wanted: number } | null = null;
  let stopping = false;
  let collecting = false;
  /** All have told what they did until here. */
  let wholeUntil = 0;
  let askedAt = 0;

  const running = (): Member[] => [...members.values()].filter(({ isRunning }) => isRunning);
  const isThere = ({ worker }: Member): boolean => members.get(worker.thread)?.worker === worker;
  const staying = (): Member[] => [...members.values()].filter(({ isLeaving }) => !isLeaving);

  function start(): Member {
    let thread = 1;
    while (members.has(thread)) thread += 1;
    if (thread >= mostThreads)
      throw new Error('too many threads are still finishing their requests; try again');
    memory.widen(thread + 1);
    const member: Member = {
      worker: startLaneWorker(deps.workerPath, deps.startOf(thread), {
        onMessage: deps.onMessage,
        onGone: (reason) => gone(member, reason),
      }),
      isRunning: false,
      isLeaving: false,
      owed: 0,
      collected: null,
      last: null,
    };
    members.set(thread, member);
    collect();
    return member;
  }

  function gone(member: Member, reason: string): void {
    const { thread } = member.worker;
    if (members.get(thread) !== member) return;
    members.delete(thread);
    const wasRunning = member.isRunning;
    if (stopping) return;
    if (member.isLeaving || !wasRunning) {
      deps.onCrashed(thread, '', false);
      return;
    }
    const now = clock.now();
    const recent = [...(crashes.get(thread) ?? []).filter((at) => now - at < crashWindowMs), now];
    crashes.set(thread, recent);
    const comesBack = recent.length < crashLimit;
    deps.onCrashed(thread, reason, comesBack);
    if (!comesBack) return;
    const waitMs = Math.min(firstBackoffMs * 2 ** (recent.length - 1), longestBackoffMs);
    clock.after(waitMs, () => deps.serially(restart));
  }

  function resourcesOf(worker: LaneWorker): Promise<Resources | null> {
    return new Promise((resolve) => {
      const giveUp = (): void => resolve(null);
      const cancel = clock.after(answerWithinMs, giveUp);
      worker.ask({ type: 'resources' }).then(resolve, giveUp).finally(cancel);
    });
  }

  /** As many as are wanted, after one was lost. */
  async function restart(): Promise<void> {
    while (!stopping && config !== null && staying().length < wanted) {
      const member = start();
      try {
        const failure = await member.worker.ask({ type: 'prepare', config, memory: viewFor(member) });
        if (failure) throw new Error(failure.message);
        await member.worker.ask({ type: 'commit', memory: viewFor(member) });
        begins(member);
        deps.onRestarted(member.worker.thread);
      } catch (error) {
        // As if it had crashed: tried again, and given up after a few times.
        member.isRunning = true;
        member.worker.end(error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }

  function begins(member: Member): void {
    if (!member.isRunning) member.owed = 0;
    member.isRunning = true;
  }

  function viewFor({ worker }: Member) {
    return memory.viewOf(worker.thread);
  }

  /** Asks all what happened, also when none is left: whoever follows what they did follows what comes after, too. */
  function collect(): void {
    if (collecting) return;
    collecting = true;
    askedAt = clock.now();
    const round = (): void => {
      if (stopping) return;
      const answered = running().flatMap(({ collected }) => collected ?? []);
      wholeUntil = askedAt;
      askedAt = clock.now();
      for (const member of members.values()) {
        member.collected = null;
        ask(member);
      }
      deps.onCollected(answered, wholeUntil);
      clock.after(collectEveryMs, round);
    };
    clock.after(collectEveryMs, round);
  }

  function ask(member: Member): void {
    member.owed += 1;
    if (member.owed > roundsOwed) {
      member.worker.end(`it hung: no sign of life for ${formatDuration(collectEveryMs * roundsOwed)}`);
      return;
    }
    // One that is just starting owes the answer to what it was told to prepare.
    if (member.owed > 1 || !member.isRunning) return;
    member.worker.ask(whatHappened()).then(
      (collected) => {
        member.owed = 0;
        member.collected = collected;
        member.last = collected;
      },
      () => {}, // its end is told by itself
    );
  }

  const whatHappened = () => ({ type: 'collect', limit: Math.ceil(200 / (members.size + 1)) }) as const;

  /** What it did to the end is told like everything before. */
  async function retire(member: Member): Promise<void> {
    member.isLeaving = true;
    await member.worker.ask({ type: 'retire', graceMs: retiredGraceMs });
    const last = await member.worker.ask(whatHappened());
    deps.onCollected(member.collected ? [member.collected, last] : [last], wholeUntil);
    member.collected = null;
  }

  return {
    openConnections: (listener) =>
      running().reduce((sum, { last }) => sum + (last?.openConnections[listener] ?? 0), 0),
    async addResources(own) {
      const told = await Promise.all(running().map(({ worker }) => resourcesOf(worker)));
      return told.flatMap((each) => each ?? []).reduce(addResources, own);
    },
    async prepare(wantedConfig, threads) {
      const added: Member[] = [];
      const kept = staying().slice(0, threads);
      while (kept.length + added.length < threads) added.push(start());
      next = { config: wantedConfig, wanted: threads };
      const answers = await Promise.allSettled(
        [...kept, ...added].map((member) =>
          member.worker.ask({ type: 'prepare', config: wantedConfig, memory: viewFor(member) }),
        ),
      );
      // One that died is started again with what runs then; one that could not even start is no data plane.
      const failure = answers.flatMap((each) => (each.status === 'fulfilled' ? (each.value ?? []) : []))[0];
      const lost = answers.find(
        (each, index) => each.status === 'rejected' && (index >= kept.length || isThere(kept[index]!)),
      );
      if (!failure && !lost) return;
      await this.abort();
      if (failure) throw new BindError(failure.listener, failure.bind, asError(failure));
      throw lost?.status === 'rejected' ? lost.reason : new Error('a thread of the data plane is gone');
    },
    async commit() {
      if (!next) return;
      ({ config, wanted } = next);
      next = null;
      crashes.clear();
      const all = staying();
      await Promise.allSettled(
        all.slice(0, wanted).map(async (member) => {
          await member.worker.ask({ type: 'commit', memory: viewFor(member) });
          begins(member);
        }),
      );
      for (const member of all.slice(wanted)) {
        const end = (): void => member.worker.end('it was not wanted any more');
        retire(member).then(end, end);
      }
      if (staying().length < wanted) deps.serially(restart);
    },
    async abort() {
      next = null;
      await Promise.allSettled(
        staying().map(({ worker, isRunning }) =>
          isRunning ? worker.ask({ type: 'abort' }) : worker.end('it was not needed after all'),
        ),
      );
    },
    async list(filter) {
      const answers = await Promise.allSettled(
        running().map(({ worker }) => worker.ask({ type: 'list', filter })),
      );
      return answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    },
    async record(before, limit) {
      const answers = await Promise.allSettled(
        running().map(({ worker }) => worker.ask({ type: 'record', before, limit })),
      );
      return answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    },
    async detail(id) {
      const answers = await Promise.allSettled(
        running().map(({ worker }) => worker.ask({ type: 'detail', id })),
      );
      return answers.flatMap((each) => (each.status === 'fulfilled' ? (each.value ?? []) : []))[0];
    },
    async stop(graceMs) {
      stopping = true;
      const cut = await Promise.allSettled(
        [...members.values()].map(({ worker }) => worker.ask({ type: 'stop', graceMs })),
      );
      for (const { worker } of members.values()) worker.end('Ballast stops');
      members.clear();
      return cut.reduce((sum, each) => sum + (each.status === 'fulfilled' ? each.value : 0), 0);
    },
  };
}

/** As Node would have said it here. */
function asError({ code, message }: BindFailure): Error {
  return Object.assign(new Error(message), { code });
}

function addResources(one: Resources, other: Resources): Resources {
  return {
    clientConnections: one.clientConnections + other.clientConnections,
    serverConnections: one.serverConnections + other.serverConnections,
    idleServerConnections: one.idleServerConnections + other.idleServerConnections,
    deadlines: one.deadlines + other.deadlines,
    leasedBuffers: one.leasedBuffers + other.leasedBuffers,
    keptBytes: one.keptBytes + other.keptBytes,
  };
}
