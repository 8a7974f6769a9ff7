import type { LimitKind } from '@shared/catalog/limits.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type { Session } from '@shared/contract/values.ts';
import { Affinity } from '../affinity/affinity.ts';
import type { CookieCodec } from '../affinity/session-cookie.ts';
import type { Clock } from '../clock.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { noteFailure, noteSuccess, type OutlierDeps } from '../health/outlier.ts';
import { createProber, type Prober } from '../health/prober.ts';
import type { EventLog } from '../journal/event-log.ts';
import { shorten } from '../journal/tell-outcome.ts';
import { attemptWords } from '../journal/words.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import { TrafficMeter } from '../metrics/traffic-meter.ts';
import { strategyRegistry } from '../strategy/registry.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { unavailability } from './availability.ts';
import { Chooser } from './chooser.ts';
import { isFailed } from './failed-attempt.ts';
import { arrange } from './members.ts';
import type { Pool } from './pool.ts';
import { RetryBudget } from './retry-budget.ts';
import type { Server } from './server.ts';

export interface PoolDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventLog;
  readonly codec: CookieCodec;
  readonly limits: LimitLog;
}

/** The pool the engine runs: members, strategy, sessions, probes and budget together. */
export class ServerPool implements Pool {
  readonly name: string;
  readonly traffic = new TrafficMeter();
  /** Attempts after the first, since start. */
  retries = 0;
  #config: PoolConfig;
  #servers: readonly Server[] = [];
  #strategy: Strategy;
  #affinity: Affinity | null = null;
  #probing = false;
  readonly #deps: PoolDeps;
  readonly #chooser: Chooser;
  readonly #budget: RetryBudget;
  readonly #outlierDeps: OutlierDeps;
  readonly #probers = new Map<Server, Prober>();

  /** @param predecessor the server that had this address in another pool, whose counts and verdict the new one continues */
  constructor(config: PoolConfig, deps: PoolDeps, predecessor: (address: string) => Server | undefined) {
    this.name = config.name;
    this.#config = config;
    this.#deps = deps;
    this.#strategy = strategyRegistry[config.strategy.kind].create();
    this.#chooser = new Chooser(deps.clock);
    this.#budget = new RetryBudget(deps.clock.now());
    this.#outlierDeps = {
      clock: deps.clock,
      events: deps.events,
      othersAvailable: (server) => {
        const now = deps.clock.now();
        return this.#servers.some((other) => other !== server && unavailability(other, now, false) === null);
      },
    };
    this.#arrange(config, predecessor);
  }

  get config(): PoolConfig {
    return this.#config;
  }

  /** In configured order. */
  get servers(): readonly Server[] {
    return this.#servers;
  }

  get sessionCount(): number {
    return this.#affinity?.size ?? 0;
  }

  get activeRequests(): number {
    let sum = 0;
    for (const server of this.#servers) sum += server.activeRequests;
    return sum;
  }

  /** Begins to probe. */
  start(): void {
    this.#probing = true;
    for (const prober of this.#probers.values()) prober.start();
  }

  /** Ends probing and retires the connections. Running requests finish. */
  stop(): void {
    this.#probing = false;
    for (const prober of this.#probers.values()) prober.stop();
    for (const server of this.#servers) server.connections?.retire();
  }

  /** Takes over a changed configuration. Who stays keeps everything it has. */
  configure(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    if (config.strategy.kind !== this.#strategy.kind) {
      this.#strategy = strategyRegistry[config.strategy.kind].create();
      for (const server of this.#servers) server.turn = 0;
    }
    this.#arrange(config, predecessor);
    this.#config = config;
  }

  choose(exchange: Exchange): Server | null {
    return this.#chooser.choose(exchange, this.#strategy, this.#affinity);
  }

  attemptStarted(_exchange: Exchange, attempt: AttemptRecord): void {
    const server = attempt.server!;
    server.activeRequests += 1;
    if (server.ejectedUntil !== 0) server.trial ??= attempt;
  }

  attemptEnded(exchange: Exchange, attempt: AttemptRecord): void {
    const server = attempt.server!;
    server.activeRequests -= 1;
    if (attempt.outcome === 'responded')
      server.traffic.finish(attempt.status, attempt.endedAt - attempt.startedAt);
    const wasTrial = server.trial === attempt;
    if (wasTrial) server.trial = null;
    // A client that went away proved nothing: then the next request is the trial.
    if (attempt.outcome === 'client-aborted') return;
    if (isFailed(attempt, this.#config.retry)) this.#attemptFailed(exchange, attempt, server, wasTrial);
    else noteSuccess(server, wasTrial, this.#deps);
  }

  requestArrived(): void {
    this.#budget.requestArrived();
  }

  takeRetry(): boolean {
    if (this.#budget.take(this.#deps.clock.now(), this.#config.retry)) return true;
    this.limitReached('retry-budget', null);
    return false;
  }

  limitReached(kind: LimitKind, server: Server | null): void {
    this.#deps.limits.reached(kind, { pool: this.name, server: server === null ? null : server.id });
  }

  proberOf(server: Server): Prober | undefined {
    return this.#probers.get(server);
  }

  /** Forgets what is over. To be called a few times a second. */
  tick(now: number): void {
    this.#budget.roll(now);
    this.#affinity?.expire(now);
  }

  sessions(filter: (session: Session) => boolean, limit: number): { sessions: Session[]; total: number } {
    return this.#affinity?.list(filter, limit) ?? { sessions: [], total: 0 };
  }

  /** False where there is no such session. */
  endSession(handle: string): boolean {
    return this.#affinity?.end(handle) ?? false;
  }

  #attemptFailed(exchange: Exchange, attempt: AttemptRecord, server: Server, wasTrial: boolean): void {
    const { events } = this.#deps;
    server.failedAttempts += 1;
    // The prober finds out sooner than at its next interval whether the server is gone.
    if (attempt.outcome === 'connect-failed') this.#probers.get(server)?.probeSoon();
    if (events.admit('attempt-failed', this.name, server.id)) {
      events.add(
        'attempt-failed',
        'bad',
        `${server.name} failed ${exchange.method} ${shorten(exchange.target)}: ${attemptWords(attempt)}`,
        { pool: this.name, server: server.id, request: exchange.idText },
      );
    }
    noteFailure(server, wasTrial, this.#config.outlierDetection, this.#outlierDeps);
  }

  #arrange(config: PoolConfig, predecessor: (address: string) => Server | undefined): void {
    const { clock } = this.#deps;
    const next = arrange(this.name, this.#servers, config.servers, predecessor);
    if (next.weightsChanged) for (const server of next.servers) server.turn = 0;
    for (const server of next.removed) {
      this.#probers.get(server)?.stop();
      this.#probers.delete(server);
      server.connections?.retire();
    }
    for (const prober of this.#probers.values()) prober.configure(config.healthCheck);
    for (const server of next.added) {
      if (config.healthCheck.type === 'none') server.verdict = 'unknown';
      server.verdictSinceMs ||= Math.round(clock.epoch());
      const prober = createProber(server, config.healthCheck, this.#deps);
      this.#probers.set(server, prober);
      if (this.#probing) prober.start();
    }
    this.#servers = next.servers;
    this.#chooser.arrange(this.name, next.servers);
    this.#configureAffinity(config);
  }

  #configureAffinity({ affinity }: PoolConfig): void {
    const current = this.#affinity;
    if (affinity.type !== 'none' && affinity.type === current?.config.type) {
      current.configure(affinity, this.#deps.clock.now());
      return;
    }
    current?.endAll('the kind of affinity was changed');
    const { clock, events, codec, limits } = this.#deps;
    this.#affinity =
      affinity.type === 'none'
        ? null
        : new Affinity(affinity, { pool: this.name, clock, events, codec, limits });
  }
}
