import type { LimitKind } from '@shared/catalog/limits.ts';
import type { ConfigInput, ListenerLimits, PoolConfig } from '@shared/config/schema.ts';
import { type Clock, systemClock } from '../../main/engine/clock.ts';
import type { Descriptors } from '../../main/engine/descriptors.ts';
import type { AttemptRecord, Exchange } from '../../main/engine/exchange.ts';
import { createListener, type Listener } from '../../main/engine/listener/listener.ts';
import type { Pool } from '../../main/engine/pool/pool.ts';
import { Server } from '../../main/engine/pool/server.ts';
import { backoffMs } from '../../main/engine/proxy/back-off.ts';
import type { ReadPath } from '../../main/engine/sockets/lane-socket.ts';
import { configOf } from './config-of.ts';

/** What is known of a request once it is over: copied, because exchanges are reused. */
export interface FinishedRequest {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly error: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly attempts: readonly {
    readonly server: string;
    readonly outcome: string;
    readonly status: number;
    readonly detail: string | null;
    /** It was begun beside the one before. */
    readonly hedge?: true;
    /** Says nothing about its server. */
    readonly spared?: true;
    /** How it shared its connection; left out where it did not. */
    readonly batch?: { readonly place: number; readonly size: number; readonly apart: string | null };
  }[];
}

export interface Lane {
  readonly port: number;
  readonly listener: Listener;
  readonly pools: ReadonlyMap<string, PlainPool>;
  readonly finished: readonly FinishedRequest[];
  /** Limits that were reached, in order. */
  readonly limitsReached: readonly LimitKind[];
  stop(graceMs?: number): Promise<number>;
}

/** The simplest pool: each in turn, what was tried is left out. The lane alone is under test. */
export class PlainPool implements Pool {
  readonly name: string;
  config: PoolConfig;
  readonly servers: readonly Server[];
  activeAttempts = 0;
  startedAttempts = 0;
  requests = 0;
  retriesLeft = Number.POSITIVE_INFINITY;
  setCookie: string | null = null;
  readonly limitsReached: LimitKind[];
  readonly learnsCookie = null;
  #next = 0;

  cookieSet(): void {}

  constructor(config: PoolConfig, limitsReached: LimitKind[] = []) {
    this.limitsReached = limitsReached;
    this.name = config.name;
    this.config = config;
    this.servers = config.servers.map((each) => new Server(config.name, each));
  }

  choose(exchange: Exchange): Server | null {
    const tried = exchange.attempts.slice(0, exchange.attemptCount).map((attempt) => attempt.server);
    for (let i = 0; i < this.servers.length; i++) {
      const server = this.servers[this.#next++ % this.servers.length]!;
      if (tried.includes(server)) continue;
      exchange.nextAttempt().server = server;
      exchange.setCookie = this.setCookie;
      exchange.session = this.session;
      this.activeAttempts++;
      this.startedAttempts++;
      return server;
    }
    exchange.error = `pool "${this.name}" has no server left`;
    return null;
  }

  attemptEnded(_exchange: Exchange, attempt: AttemptRecord): void {
    if (attempt.endedAt < attempt.startedAt) throw new Error('the attempt ended before it started');
    this.activeAttempts--;
  }

  requestArrived(): void {
    this.requests++;
  }

  takeRetry(): boolean {
    return this.retriesLeft-- > 0;
  }

  giveBackRetry(): void {
    this.retriesLeft++;
  }

  readonly mayWait = false;

  isStopped = false;
  /** What affinity would have found of every client. */
  session: Exchange['session'] = null;
  hedgesLeft = Number.POSITIVE_INFINITY;

  get hedgeAfterMs(): number {
    return this.config.retry.hedge?.afterMs ?? 0;
  }

  hedge(exchange: Exchange): Server | null {
    if (!this.hasAnother(exchange) || this.hedgesLeft-- <= 0) return null;
    return this.choose(exchange);
  }

  /** The longest it could be. */
  pauseMs(pauses: number): number {
    return backoffMs(this.config.retry, pauses, () => 1);
  }

  hasAnother({ attempts, attemptCount }: Exchange): boolean {
    const tried = attempts.slice(0, attemptCount).map((attempt) => attempt.server);
    return this.servers.some((server) => !tried.includes(server));
  }

  enqueue(): boolean {
    return false;
  }

  leaveQueue(): void {}

  requestEnded(): void {}

  requestSwitched(): void {}

  limitReached(kind: LimitKind): void {
    this.limitsReached.push(kind);
  }

  makeRoom(): void {}

  get openConnections(): number {
    return this.servers.reduce((sum, server) => sum + (server.connections?.count ?? 0), 0);
  }
}

/** What a listener's `limits` become: complete. */
export function listenerLimits(limits: NonNullable<ListenerInput['limits']>): ListenerLimits {
  const { listeners } = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api', limits }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:1' }] }],
  });
  return listeners[0]!.limits;
}

type ListenerInput = NonNullable<ConfigInput['listeners']>[number];
type PoolInput = NonNullable<ConfigInput['pools']>[number];

export interface LaneOptions {
  readonly ports: readonly number[];
  readonly pool?: Omit<PoolInput, 'name' | 'servers'>;
  readonly listener?: Partial<ListenerInput>;
  readonly readPath?: ReadPath;
  readonly responseFields?: boolean;
  readonly descriptors?: Descriptors;
  readonly clock?: Clock;
  /** The same number for every request; counted up where it is left out. */
  readonly requestNumber?: number;
  /** Further pools, by name, for routes. */
  readonly otherPools?: Readonly<Record<string, readonly number[]>>;
}

let poolDefaults: LaneOptions['pool'] = {};

/** What the pools of all lanes of a test file have that do not say otherwise. */
export function setPoolDefaults(defaults: NonNullable<LaneOptions['pool']>): void {
  poolDefaults = defaults;
}

/** Starts a listener on any free port in front of servers that listen on these ports of 127.0.0.1. */
export async function startLane(options: LaneOptions): Promise<Lane> {
  const servers = (ports: readonly number[]) => ports.map((port) => ({ address: `127.0.0.1:${port}` }));
  const { listeners, pools } = configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api', ...options.listener }],
    pools: [
      { name: 'api', servers: servers(options.ports), ...poolDefaults, ...options.pool },
      ...Object.entries(options.otherPools ?? {}).map(([name, ports]) => ({
        name,
        servers: servers(ports),
        ...poolDefaults,
      })),
    ],
  });
  const limitsReached: LimitKind[] = [];
  const byName = new Map(pools.map((pool) => [pool.name, new PlainPool(pool, limitsReached)]));
  const finished: FinishedRequest[] = [];
  let lastId = 0;
  const listener = createListener(listeners[0]!, {
    clock: options.clock ?? systemClock,
    findPool: (name) => byName.get(name),
    nextRequestId(exchange) {
      exchange.id = options.requestNumber ?? ++lastId;
      exchange.idPrefix = 'r';
    },
    finished: (exchange) => finished.push(copy(exchange)),
    responseFields: () => options.responseFields ?? true,
    limitReached: (kind) => limitsReached.push(kind),
    descriptors: options.descriptors ?? {
      advice: '',
      mostRefused: 64,
      admit: () => true,
      makeRoom() {},
      relieve: () => false,
      lost() {},
    },
    ...(options.readPath && { readPath: options.readPath }),
  });
  const { port } = await listener.start();
  return {
    port,
    listener,
    pools: byName,
    finished,
    limitsReached,
    async stop(graceMs = 0) {
      const unfinished = await listener.stop(graceMs);
      for (const pool of byName.values()) for (const server of pool.servers) server.connections?.retire();
      return unfinished;
    },
  };
}

function copy(exchange: Exchange): FinishedRequest {
  return {
    method: exchange.method,
    target: exchange.target,
    status: exchange.status,
    error: exchange.error,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    attempts: exchange.attempts
      .slice(0, exchange.attemptCount)
      .map(({ server, outcome, status, detail, hedge, spared, batchPlace, batchSize, sentApart }) => ({
        server: server?.name ?? '',
        outcome,
        status,
        detail,
        ...(hedge && { hedge }),
        ...(spared && { spared }),
        ...(batchSize > 0 && { batch: { place: batchPlace, size: batchSize, apart: sentApart } }),
      })),
  };
}
