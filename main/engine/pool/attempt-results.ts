import type { PoolConfig } from '@shared/config/schema.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import {
  endEjectionsWhereOff,
  forgetWithheld,
  noteFailure,
  noteOvertaken,
  noteSuccess,
  type OutlierDeps,
} from '../health/outlier.ts';
import { ejectSlow } from '../health/slow-servers.ts';
import { shorten } from '../journal/tell-outcome.ts';
import { attemptWords } from '../journal/words.ts';
import type { TrafficMeter } from '../metrics/traffic-meter.ts';
import { FailureRule, tellsOfServer } from './failed-attempt.ts';
import type { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';
import type { PoolProbers } from './pool-probers.ts';
import type { Server } from './server.ts';

/** After this a measured response time has 1/e of its weight, unless the strategy asks for another: Finagle's and Linkerd's default. */
const latencyDecayMs = 10_000;

export interface AttemptResultsDeps {
  readonly pool: string;
  readonly deps: PoolDeps;
  readonly cells: PoolCells;
  readonly probers: PoolProbers;
  readonly traffic: TrafficMeter;
  /** In configured order. */
  servers(): readonly Server[];
  /** Whether another server of the pool takes new clients now. */
  othersAvailable(server: Server): boolean;
}

/** Medians of ten seconds do not change faster. */
const slowEveryMs = 1_000;

/** What the outcome of an attempt says about its server: counts, ejection and return, a probe sooner than planned. */
export class AttemptResults {
  readonly #rule = new FailureRule();
  /** Clock's `now()` when it was last looked for servers that are slow. */
  #lookedAt = 0;
  readonly #of: AttemptResultsDeps;
  readonly #outlierDeps: OutlierDeps;

  constructor(of: AttemptResultsDeps) {
    this.#of = of;
    this.#outlierDeps = {
      clock: of.deps.clock,
      events: of.deps.events,
      servers: of.servers,
      othersAvailable: of.othersAvailable,
    };
  }

  /** The attempt has ended, and its server does not count it as in flight any more. */
  note(exchange: Exchange, attempt: AttemptRecord, config: PoolConfig): void {
    const server = attempt.server!;
    const tells = tellsOfServer(attempt);
    if (tells) this.#noteReached(server, attempt);
    if (attempt.batchSize !== 0) this.#of.traffic.batched(attempt.sentApart !== null);
    const failed = this.#rule.isFailed(attempt, config);
    // As the doc comment of `FailureRule` says: what failed was a request of the server's as well.
    if (attempt.outcome === 'responded')
      server.traffic.finish(attempt.status, attempt.endedAt - attempt.startedAt);
    else if (failed) server.traffic.finish(0, 0);
    noteLatency(server, attempt, failed, config.strategy);
    const { outlierDetection } = config;
    if (tells && outlierDetection.failurePercent !== 0 && server.ejectedUntil === 0)
      server.outlier.window.add(attempt.endedAt, outlierDetection.windowMs, failed);
    // Nothing to note of what goes as it always does.
    const { overtaken } = attempt;
    if (!failed && !overtaken && server.consecutiveFailures === 0 && !server.isOnTrial) return;
    const { lock } = this.#of.cells;
    lock.acquire();
    try {
      const wasTrial = server.isTrial(attempt);
      if (wasTrial) server.endTrial();
      // One that is overtaken proves less than one that fails, but if nothing came of it the hedges would hide a server that hangs.
      if (overtaken) noteOvertaken(server, wasTrial, outlierDetection, this.#outlierDeps);
      // A client that went away proved nothing: then the next request is the trial.
      if (!tells) return;
      if (failed) this.#failed(exchange, attempt, server, wasTrial, config);
      else noteSuccess(server, wasTrial, this.#of.deps);
    } finally {
      lock.release();
    }
  }

  /** Looks at what no single attempt shows. To be called a few times a second, in one thread. */
  tick(now: number, { outlierDetection }: PoolConfig): void {
    const isTime = now - this.#lookedAt >= slowEveryMs;
    if (isTime) this.#lookedAt = now;
    const { lock } = this.#of.cells;
    lock.acquire();
    try {
      if (isTime) ejectSlow(now, outlierDetection, this.#outlierDeps);
      for (const server of this.#of.servers()) forgetWithheld(server, outlierDetection, now);
    } finally {
      lock.release();
    }
  }

  /** Takes over a changed configuration, or one that servers came to from another pool. To be called under the pool's lock, in one thread. */
  configure({ outlierDetection }: PoolConfig): void {
    endEjectionsWhereOff(outlierDetection, this.#outlierDeps);
  }

  #noteReached(server: Server, { outcome, endedAt }: AttemptRecord): void {
    if (outcome === 'connect-failed') {
      server.unreachableAt = endedAt;
      return;
    }
    // It was asked because there was no other, and somebody was there: its verdict is out of date, and a probe tells how it answers
    // those. Until then it may be asked again. (Or a connection from before has ended, maybe in another thread: that tells nothing.)
    if (server.verdict === 'unhealthy') this.#of.probers.soon(server);
    else if (server.unreachableAt !== 0) server.unreachableAt = 0;
  }

  #failed(
    exchange: Exchange,
    attempt: AttemptRecord,
    server: Server,
    wasTrial: boolean,
    config: PoolConfig,
  ): void {
    const { pool, probers, deps } = this.#of;
    server.failedAttempts += 1;
    // The prober finds out sooner than at its next interval whether the server is gone.
    if (attempt.outcome === 'connect-failed') probers.soon(server);
    if (deps.events.admit('attempt-failed', pool, server.id)) {
      deps.events.add(
        'attempt-failed',
        'bad',
        `${server.name} failed ${exchange.method} ${shorten(exchange.target)}: ${attemptWords(attempt)}`,
        { pool, server: server.id, request: exchange.idText },
      );
    }
    noteFailure(server, wasTrial, config.outlierDetection, this.#outlierDeps);
  }
}

/** Nothing had come when another was answered before it: to answer takes its server at least that long. */
function isUnanswered({ outcome, status }: AttemptRecord): boolean {
  return outcome === 'cancelled' && status === 0;
}

/**
 * What failed may show the server slower, never faster; nor does a server error, whether the file calls it a failure or not, nor an
 * attempt that was never answered.
 */
function noteLatency(
  server: Server,
  attempt: AttemptRecord,
  failed: boolean,
  strategy: PoolConfig['strategy'],
): void {
  const { outcome, status, startedAt, endedAt } = attempt;
  // What a tunnel lasted says nothing of how fast the server is.
  if (status === 101) return;
  const ms = endedAt - startedAt;
  const decayMs = strategy.kind === 'least-time' ? strategy.decayMs : latencyDecayMs;
  if (failed || (outcome === 'responded' && status >= 500)) {
    // An ejection is enough: what ends meanwhile must not hold up the trial.
    if (server.ejectedUntil === 0) server.noteFailedLatency(ms, endedAt, decayMs);
  } else if (outcome === 'responded' || (isUnanswered(attempt) && ms > server.latencyMs))
    server.noteLatency(ms, endedAt, decayMs);
}
