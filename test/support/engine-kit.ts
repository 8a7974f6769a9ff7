import type { PoolConfig } from '@shared/config/schema.ts';
import type { SavedPool } from '@shared/contract/saved-sessions.ts';
import { createCookieCodec } from '../../main/engine/affinity/session-cookie.ts';
import { SessionNumbers } from '../../main/engine/affinity/session-numbers.ts';
import type { Clock } from '../../main/engine/clock.ts';
import { Exchange } from '../../main/engine/exchange.ts';
import { createEventLog, type EventLog } from '../../main/engine/journal/event-log.ts';
import { createJournal, type Journal } from '../../main/engine/journal/journal.ts';
import { createLimitLog, type LimitLog } from '../../main/engine/metrics/limit-log.ts';
import { Names } from '../../main/engine/names.ts';
import type { Server } from '../../main/engine/pool/server.ts';
import { ServerPool } from '../../main/engine/pool/server-pool.ts';
import { Memory } from '../../main/engine/threads/memory.ts';
import { configOf, type PoolInput } from './config-of.ts';
import { manualClock } from './manual-clock.ts';

/** A pool's configuration with every default, from what a person would write. */
export function poolConfig(input: PoolInput, name = 'api'): PoolConfig {
  const { pools } = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: name }],
    pools: [{ name, ...input }],
  });
  return pools[0]!;
}

/** Servers called by the given names, at addresses nobody is asked to listen on. */
export function serversNamed(weights: Record<string, number>): NonNullable<PoolInput['servers']> {
  return Object.entries(weights).map(([name, weight]) => ({
    name,
    weight,
    address: `127.0.0.1:${addressPort(name)}`,
  }));
}

function addressPort(name: string): number {
  return 20_000 + [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 10_000, 7);
}

/** What a request shows of its client. */
export interface RequestFrom {
  readonly client?: string;
  readonly cookie?: string | null;
  /** By name in lower case. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface PoolKit<C extends Clock> {
  readonly pool: ServerPool;
  readonly clock: C;
  readonly events: EventLog;
  readonly journal: Journal;
  readonly memory: Memory;
  readonly limits: LimitLog;
  server(name: string): Server;
  /** @param predecessor who had that address under another name, or in another pool */
  configure(input: PoolInput, predecessor?: (address: string) => Server | undefined): void;
  /** A request that was not led to any server yet. */
  request(from?: RequestFrom): Exchange;
  /** Leads a request to a server and lets it answer. Returns its name; null where none was available. */
  serve(from?: RequestFrom, status?: number): string | null;
  /** Ends the last attempt of an exchange. */
  end(exchange: Exchange, outcome: Parameters<typeof endAttempt>[2], status?: number, detail?: string): void;
}

/** A pool of the engine by itself: requests are led to its servers, and what comes of them is said by the test. */
export function poolKit(input: PoolInput): PoolKit<ReturnType<typeof manualClock>>;
export function poolKit<C extends Clock>(
  input: PoolInput,
  clock: C,
  random?: () => number,
  more?: { readonly saved?: SavedPool; readonly memory?: Memory },
): PoolKit<C>;
export function poolKit(
  input: PoolInput,
  clock: Clock = manualClock(),
  random: () => number = () => 0.5,
  { saved, memory = new Memory() }: { readonly saved?: SavedPool; readonly memory?: Memory } = {},
): PoolKit<Clock> {
  const events = createEventLog({ clock, capacity: 1_000, perSecond: 10 });
  const journal = createJournal(100);
  const limits = createLimitLog(clock, events);
  const codec = createCookieCodec(Buffer.alloc(32, 7));
  if (saved) new SessionNumbers(memory).leaveOut({ pools: [saved] });
  const names = new Names(clock, () => Promise.reject(new Error('no names here')), events);
  const savedSessions = new Map(saved ? [[saved.pool, saved]] : []);
  const deps = {
    clock,
    names,
    random,
    events,
    limits,
    codec,
    memory,
    makeRoom() {},
    savedSessions,
  };
  const pool = new ServerPool(poolConfig(input), deps, () => undefined);
  let requests = 0;

  const kit: PoolKit<Clock> = {
    pool,
    clock,
    events,
    journal,
    memory,
    limits,
    server(name) {
      const found = pool.servers.find((server) => server.name === name);
      if (!found) throw new Error(`no server ${name}`);
      return found;
    },
    configure: (next, predecessor = () => undefined) => pool.configure(poolConfig(next), predecessor),
    request({ client = '127.0.0.1', cookie = null, fields = {} } = {}) {
      requests += 1;
      const exchange = new Exchange();
      exchange.id = requests;
      exchange.idPrefix = 'r-';
      exchange.listener = 'web';
      exchange.method = 'GET';
      exchange.target = '/orders';
      exchange.pool = pool;
      exchange.startedAt = clock.now();
      exchange.startedEpoch = clock.epoch();
      exchange.facts = {
        clientAddress: client,
        target: exchange.target,
        header: (name) => (name === 'cookie' ? cookie : (fields[name] ?? null)),
      };
      pool.requestArrived();
      return exchange;
    },
    serve(from, status = 200) {
      const exchange = kit.request(from);
      const server = pool.choose(exchange);
      if (!server) return null;
      endAttempt(kit, exchange, 'responded', status);
      return server.name;
    },
    end: (exchange, outcome, status, detail) => endAttempt(kit, exchange, outcome, status, detail),
  };
  return kit;
}

function endAttempt(
  { pool, clock }: Pick<PoolKit<Clock>, 'pool' | 'clock'>,
  exchange: Exchange,
  outcome: Exchange['attempts'][number]['outcome'],
  status = outcome === 'responded' ? 200 : 0,
  detail: string | null = null,
): void {
  const attempt = exchange.attempts[exchange.attemptCount - 1]!;
  attempt.startedAt = clock.now();
  attempt.outcome = outcome;
  attempt.status = status;
  attempt.detail = detail;
  attempt.endedAt = clock.now();
  exchange.status = status;
  pool.attemptEnded(exchange, attempt);
}
