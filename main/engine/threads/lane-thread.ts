import type { MessagePort } from 'node:worker_threads';
import { createCookieCodec } from '../affinity/session-cookie.ts';
import { BindError } from '../bind-error.ts';
import type { Clock } from '../clock.ts';
import { createEventLog } from '../journal/event-log.ts';
import { createLane, type Lane, type LaneChange } from '../lane.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import { Memory } from './memory.ts';
import type { Collected, LaneAnswers, LaneMessage, LaneRequest, LaneStart, Numbered } from './messages.ts';
import { joinClock } from './thread-clock.ts';

const tickMs = 250;
/** Failing traffic asks for probes thousands of times a second; the prober listens at most ten times. */
const probeAskedEveryMs = 100;

/** One more thread of the data plane: a lane that does what the engine's thread says. */
export function runLane(port: MessagePort, start: LaneStart): void {
  const clock = joinClock(start.clockBase);
  const memory = new Memory(start.memory);
  const say = (message: LaneMessage): void => port.postMessage(message);
  const limits = countLimits();
  const events = createEventLog({
    clock,
    capacity: 1,
    perSecond: start.eventsPerSecond,
    told: (event) => say({ type: 'event', event }),
  });
  const lane = createLane({
    clock,
    random: Math.random,
    events,
    limits,
    memory,
    codec: createCookieCodec(Buffer.from(start.cookieKey)),
    requestPrefix: start.requestPrefix,
    descriptors: start.descriptors,
    probeSoon: seldom(clock, (pool, server) => say({ type: 'probe-soon', pool, server })),
    log: (text) => say({ type: 'log', text }),
  });
  const answer = answers(lane, memory, limits);

  port.on('message', (request: Numbered<LaneRequest>) => {
    answer(request).then(
      (value) => say({ type: 'answer', number: request.number, value }),
      (error: unknown) =>
        say({
          type: 'failed',
          number: request.number,
          message: error instanceof Error ? error.message : String(error),
        }),
    );
  });
  const tick = (): void => {
    lane.tick(clock.now());
    clock.after(tickMs, tick);
  };
  tick();
}

function answers(
  lane: Lane,
  memory: Memory,
  limits: CountedLimits,
): (request: LaneRequest) => Promise<LaneAnswers[keyof LaneAnswers]> {
  let prepared: LaneChange | null = null;
  /** Number of the last request in the journal that was handed over. */
  let collected = 0;

  return async (request) => {
    switch (request.type) {
      case 'prepare':
        memory.adopt(request.memory);
        try {
          prepared = await lane.prepare(request.config, true);
          return null;
        } catch (error) {
          if (!(error instanceof BindError)) throw error;
          const { listener, bind, code, message } = error;
          return { listener, bind, code, message };
        }
      case 'commit':
        memory.adopt(request.memory);
        prepared?.commit();
        prepared = null;
        return null;
      case 'abort': {
        const change = prepared;
        prepared = null;
        await change?.abort();
        return null;
      }
      case 'retire':
        return lane.retire(request.graceMs);
      case 'stop':
        return lane.stop(request.graceMs);
      case 'collect': {
        const { journal, listeners } = lane;
        const requests = journal.readEnded(collected, request.limit);
        const dropped = journal.cursor - collected - requests.length;
        collected = journal.cursor;
        const openConnections = Object.fromEntries(
          listeners.describe().map(({ name, openConnections: open }) => [name, open]),
        );
        return { requests, dropped, openConnections, limits: limits.take() };
      }
      case 'resources':
        return lane.resources();
      case 'list':
        return lane.journal.listEnded(request.filter);
      case 'record':
        return lane.journal.recorded(request.before, request.limit);
      case 'detail':
        return lane.journal.detail(request.id) ?? null;
    }
  };
}

type CountedLimits = LimitLog & { take(): Collected['limits'] };

/** Counts what the engine's thread will tell. */
function countLimits(): CountedLimits {
  const counted = new Map<
    string,
    { kind: Collected['limits'][number]['kind']; about: object; times: number }
  >();
  return {
    reached(kind, about) {
      const key = `${kind} ${about.pool ?? ''} ${about.listener ?? ''} ${about.server ?? ''}`;
      const entry = counted.get(key);
      if (entry) entry.times += 1;
      else counted.set(key, { kind, about, times: 1 });
    },
    tick() {},
    read: () => [],
    take() {
      const taken = [...counted.values()];
      counted.clear();
      return taken;
    },
  };
}

function seldom(clock: Clock, ask: (pool: string, server: string) => void): typeof ask {
  const askedAt = new Map<string, number>();
  return (pool, server) => {
    const key = `${pool}/${server}`;
    const now = clock.now();
    if (now - (askedAt.get(key) ?? Number.NEGATIVE_INFINITY) < probeAskedEveryMs) return;
    askedAt.set(key, now);
    ask(pool, server);
  };
}
