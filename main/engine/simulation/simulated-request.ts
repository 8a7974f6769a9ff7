import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { Clock } from '../clock.ts';
import { type AttemptRecord, Exchange } from '../exchange.ts';
import { hasFailed } from '../metrics/has-failed.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import type { ServerPool } from '../pool/server-pool.ts';
import {
  attemptsUsedUp,
  isRepeatable,
  keptBodyBytes,
  retriesStatus,
  whyNotAgain,
} from '../proxy/retry-rules.ts';
import { clientOf, isFailedAttempt, type Tally } from './figures.ts';
import type { ModelledAttempt, ServiceModel } from './service-model.ts';
import type { SimulatedClients } from './simulated-client.ts';

/** Sees what becomes of the requests of a run. */
export interface RunObserver {
  /** A server was chosen, and has not been asked yet. */
  picked?(exchange: Exchange, attempt: AttemptRecord): void;
  attemptEnded?(exchange: Exchange, attempt: AttemptRecord): void;
  ended(exchange: Exchange): void;
}

/** What the requests of a simulated run share. */
export interface SimulatedRun {
  readonly clock: Clock;
  readonly pool: ServerPool;
  /** What comes of an attempt. */
  readonly model: Pick<ServiceModel, 'attempt'>;
  readonly clients: SimulatedClients;
  readonly tally: Tally;
  /** The clock's `now()` at the beginning of the recording. */
  readonly startedAt: number;
  readonly observer: RunObserver;
}

/**
 * A recorded request on its way through a simulated pool: what `proxy/attempts.ts` does with sockets, by the same rules for what
 * follows a failure.
 */
export class SimulatedRequest implements Waiter {
  readonly exchange = new Exchange();
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;
  readonly #run: SimulatedRun;
  readonly #recorded: RecordedRequest;
  /** Its body can be sent again. */
  readonly #bodyKept: boolean;
  readonly #repeatable: boolean;
  #refused = 0;
  #attempt: AttemptRecord | null = null;
  #queuedMs = 0;
  #isOver = false;

  constructor(recorded: RecordedRequest, number: number, run: SimulatedRun) {
    const { exchange } = this;
    this.#run = run;
    this.#recorded = recorded;
    const { retry } = run.pool.config;
    this.#repeatable = isRepeatable(retry, recorded.method);
    this.#bodyKept = recorded.requestBytes <= keptBodyBytes(retry, this.#repeatable);
    exchange.id = number;
    exchange.listener = recorded.listener;
    exchange.pool = run.pool;
    exchange.method = recorded.method;
    exchange.target = recorded.target;
    exchange.requestBytes = recorded.requestBytes;
    exchange.facts = run.clients.facts(recorded);
  }

  /** It arrives now. */
  begin(): void {
    const { clock, pool } = this.#run;
    const { attempts, durationMs } = this.#recorded;
    this.exchange.startedAt = clock.now();
    this.exchange.startedEpoch = clock.epoch();
    // Somebody who went away does so again, unless this run is quicker than their patience.
    if (attempts.at(-1)?.outcome === 'client-aborted') clock.after(durationMs, () => this.#leave());
    pool.requestArrived();
    const server = pool.choose(this.exchange);
    if (server) this.#start(server);
    else if (!pool.enqueue(this)) this.#end(503);
  }

  served(server: Server): void {
    this.#start(server);
  }

  refused(): void {
    const last = this.exchange.attempts[this.exchange.attemptCount - 1];
    this.#end(last === undefined || this.exchange.attemptCount === 0 ? 503 : statusOfFailure(last));
  }

  #start(server: Server): void {
    const { clock, pool, model, tally, startedAt } = this.#run;
    const { exchange } = this;
    const now = clock.now();
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    attempt.begin(now);
    this.#run.observer.picked?.(exchange, attempt);
    this.#attempt = attempt;
    const { decision } = attempt;
    this.#queuedMs += decision?.queuedMs ?? 0;
    if (decision?.affinity === 'moved') tally.sessionMoved();
    tally.began(server.id, server.activeRequests);
    const modelled = model.attempt(this.#recorded, server.id, now - startedAt, pool.config.timeouts);
    clock.after(modelled.durationMs, () => {
      if (this.#attempt === attempt) this.#attemptEnded(attempt, modelled);
    });
  }

  #attemptEnded(attempt: AttemptRecord, { outcome, status }: ModelledAttempt): void {
    const { pool, tally, clients } = this.#run;
    const { exchange } = this;
    const server = attempt.server!;
    if (outcome === 'responded' && status < 500) this.#learnCookie(attempt);
    this.#finishAttempt(attempt, outcome, status);
    if (isFailedAttempt(outcome, status)) tally.attemptFailed(server.id);
    if (outcome === 'connect-failed') this.#refused += 1;
    const goesOn = outcome === 'responded' ? retriesStatus(pool.config.retry, status) : true;
    if (goesOn && this.#tryAgain(outcome)) return;
    // What had begun to come when it broke off had a status, too.
    this.#end(outcome === 'responded' || status !== 0 ? status : statusOfFailure(attempt));
    if (exchange.setCookie !== null) clients.keepCookie(this.#recorded, exchange.setCookie);
  }

  /** A service that has a cookie of its own gives it to every client that comes without. */
  #learnCookie(attempt: AttemptRecord): void {
    const { pool, clients } = this.#run;
    const name = pool.learnsCookie;
    if (name === null) return;
    const value = clients.takeCookie(this.#recorded, name);
    if (value !== null) pool.cookieSet(this.exchange, attempt, { value, isOver: false });
  }

  #tryAgain(outcome: ModelledAttempt['outcome']): boolean {
    const { pool } = this.#run;
    const { exchange } = this;
    const { retry } = pool.config;
    // A part of the response has reached the client.
    if (outcome === 'failed-mid-response') return false;
    if (attemptsUsedUp(retry, exchange.attemptCount, this.#refused)) return false;
    if (whyNotAgain(retry, outcome, this.#repeatable, this.#bodyKept) !== null) return false;
    if (outcome !== 'connect-failed' && !pool.takeRetry()) return false;
    const count = exchange.attemptCount;
    const server = pool.choose(exchange);
    if (server) {
      this.#start(server);
      return true;
    }
    exchange.attemptCount = count;
    return outcome !== 'responded' && pool.enqueue(this);
  }

  /** The client goes away. */
  #leave(): void {
    if (this.#isOver) return;
    const { pool } = this.#run;
    if (this.isWaiting) {
      pool.leaveQueue(this);
      this.exchange.clientLeft = true;
    }
    const attempt = this.#attempt;
    if (attempt) this.#finishAttempt(attempt, 'client-aborted', 0);
    this.#end(0);
  }

  #finishAttempt(attempt: AttemptRecord, outcome: AttemptRecord['outcome'], status: number): void {
    const { clock, pool } = this.#run;
    this.#attempt = null;
    attempt.outcome = outcome;
    attempt.status = status;
    attempt.detail = outcome === 'responded' ? null : outcome;
    attempt.endedAt = clock.now();
    pool.attemptEnded(this.exchange, attempt);
    this.#run.observer.attemptEnded?.(this.exchange, attempt);
  }

  #end(status: number): void {
    const { clock, pool, tally } = this.#run;
    const { exchange } = this;
    this.#isOver = true;
    this.#run.pool.requestEnded(exchange);
    exchange.status = status;
    const last = exchange.attemptCount === 0 ? null : exchange.attempts[exchange.attemptCount - 1]!;
    tally.ended(
      { server: last?.outcome === 'responded' ? last.server!.id : null, client: clientOf(this.#recorded) },
      { failed: hasFailed(exchange), attempts: exchange.attemptCount },
      { queuedMs: this.#queuedMs, tookMs: clock.now() - exchange.startedAt },
    );
    pool.requestEnded(exchange);
    this.#run.observer.ended(exchange);
  }
}

/** What the client gets where nothing but failures came, as in `proxy/attempts.ts`. */
function statusOfFailure({ outcome }: AttemptRecord): number {
  return outcome === 'timed-out' ? 504 : 502;
}
