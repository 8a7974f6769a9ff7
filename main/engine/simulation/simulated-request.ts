import { idempotentMethods } from '@shared/config/retry-schema.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { type AttemptRecord, Exchange } from '../exchange.ts';
import { hasFailed } from '../metrics/has-failed.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import { failureStatus } from '../proxy/failure-status.ts';
import {
  attemptsUsedUp,
  isRepeatable,
  keptBodyBytes,
  retriesStatus,
  whyNotAgain,
} from '../proxy/retry-rules.ts';
import { clientOf, isFailedAttempt } from './figures.ts';
import { headOf, type ModelledAttempt } from './service-model.ts';
import type { SimulatedRun } from './simulated-run.ts';

/** An attempt that is under way. */
interface Running {
  readonly attempt: AttemptRecord;
  readonly modelled: ModelledAttempt;
  isOver: boolean;
}

/**
 * A recorded request on its way through a simulated pool: what `proxy/attempts.ts` does with sockets, by the same rules for what
 * follows a failure, how long is waited before that, when another attempt begins beside one, and when time is up.
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
  /** The present attempt, and behind it those that were begun beside it, the first of them first. */
  #running: Running[] = [];
  #hedges = 0;
  #pauses = 0;
  #refused = 0;
  #queuedMs = 0;
  #isPausing = false;
  /** A retry was taken out of the budget for an attempt that is not made yet. */
  #holdsRetry = false;
  /** A response is on its way to the client. */
  #isAnswered = false;
  #isOver = false;
  #cancelHedge: (() => void) | null = null;
  #cancelTime: (() => void) | null = null;

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
    const { requestMs } = pool.config.timeouts;
    if (requestMs > 0) this.#watchTime(requestMs);
    const server = pool.choose(this.exchange);
    if (server) this.#start();
    else if (!pool.enqueue(this)) this.#end(503);
  }

  served(_server: Server): void {
    this.#start();
  }

  refused(): void {
    if (this.exchange.attemptCount === 0) this.#end(503);
    else this.#answerLast();
  }

  /** The server that was just chosen is asked, and is the only one. */
  #start(): void {
    this.#holdsRetry = false;
    this.#running = [this.#begin()];
    this.#cancelHedge?.();
    this.#armHedge();
  }

  #begin(): Running {
    const { clock, pool, model, tally, startedAt, observer } = this.#run;
    const { exchange } = this;
    const now = clock.now();
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    const server = attempt.server!;
    attempt.begin(now);
    observer.picked?.(exchange, attempt);
    const { decision } = attempt;
    this.#queuedMs += decision?.queuedMs ?? 0;
    if (decision?.affinity === 'moved') tally.sessionMoved();
    tally.began(server.id, server.activeRequests);
    const { timeouts } = pool.config;
    const modelled = model.attempt(
      this.#recorded,
      server.id,
      now - startedAt,
      timeouts,
      exchange.attemptCount - 1,
    );
    const running = { attempt, modelled, isOver: false };
    const headMs = headOf(modelled);
    const isLate = timeouts.attemptMs > 0 && headMs > timeouts.attemptMs;
    clock.after(isLate ? timeouts.attemptMs : headMs, () => {
      if (running.isOver) return;
      if (isLate) this.#failed(running, lateOutcome(running), 0);
      else this.#came(running);
    });
    return running;
  }

  /** What there is to come of an attempt has come, or begins to. */
  #came(running: Running): void {
    const { outcome, status } = running.modelled;
    const isPresent = running === this.#running[0];
    if (outcome !== 'responded' && outcome !== 'failed-mid-response') {
      if (outcome === 'connect-failed') this.#refused += 1;
      this.#failed(running, outcome, status);
      return;
    }
    if (outcome === 'responded' && retriesStatus(this.#run.pool.config.retry, status)) {
      if (!isPresent) {
        this.#failed(running, outcome, status);
        return;
      }
      if (this.#goesElsewhere(running)) return;
    }
    this.#pass(running);
  }

  /** Its response goes to the client, and no other. */
  #pass(running: Running): void {
    const { clock } = this.#run;
    const { modelled, attempt } = running;
    this.#isAnswered = true;
    this.#stopTimes();
    for (const other of this.#running) {
      if (other === running) continue;
      other.attempt.overtaken = other.attempt.startedAt < attempt.startedAt;
      this.#finish(other, 'cancelled', 0);
    }
    this.#running = [running];
    if (this.exchange.attemptCount > 1) this.exchange.answeredBy = attempt;
    const restMs = modelled.durationMs - headOf(modelled);
    if (restMs > 0) clock.after(restMs, () => this.#passed(running));
    else this.#passed(running);
  }

  #passed(running: Running): void {
    if (running.isOver) return;
    const { outcome, status } = running.modelled;
    if (outcome === 'responded' && status < 500) this.#learnCookie(running.attempt);
    this.#finish(running, outcome, status);
    // What had begun to come when it broke off had a status, too.
    this.#end(status === 0 ? failureStatus(running.attempt) : status);
  }

  /** A service that has a cookie of its own gives it to every client that comes without. */
  #learnCookie(attempt: AttemptRecord): void {
    const { pool, clients } = this.#run;
    const name = pool.learnsCookie;
    if (name === null) return;
    const value = clients.takeCookie(this.#recorded, name);
    if (value !== null) pool.cookieSet(this.exchange, attempt, { value, isOver: false });
  }

  /** An attempt came to nothing: one beside it goes on in its place, or another follows, or the client hears of it. */
  #failed(running: Running, outcome: AttemptOutcome, status: number): void {
    const isPresent = running === this.#running[0];
    this.#finish(running, outcome, status);
    if (isPresent && this.#running.length === 0 && !this.#retry(outcome)) this.#answerLast();
  }

  #retry(outcome: AttemptOutcome): boolean {
    const { pool } = this.#run;
    if (!this.#maySendAgain(outcome)) return false;
    if (outcome === 'connect-failed') return this.#goOn();
    const pauseMs = pool.pauseMs(this.#pauses);
    if (!this.#hasTimeFor(pauseMs) || !this.#takeRetry()) return false;
    if (pauseMs === 0) return this.#goOn();
    this.#pause(pauseMs);
    return true;
  }

  /** Tried elsewhere because of its status; false where the response stands. */
  #goesElsewhere(running: Running): boolean {
    const { pool } = this.#run;
    const { status } = running.modelled;
    if (this.#running.length > 1) {
      this.#finish(running, 'responded', status);
      return true;
    }
    if (!this.#maySendAgain('responded')) return false;
    const pauseMs = pool.pauseMs(this.#pauses);
    if (pauseMs > 0 && (!this.#hasTimeFor(pauseMs) || !pool.hasAnother(this.exchange, pauseMs))) return false;
    if (!this.#takeRetry()) return false;
    if (pauseMs > 0) {
      this.#finish(running, 'responded', status);
      this.#pause(pauseMs);
      return true;
    }
    if (this.#choosesAnother(true)) {
      this.#finish(running, 'responded', status);
      this.#start();
      return true;
    }
    this.exchange.unserved = null;
    if (!pool.mayWait) {
      this.#giveBackRetry();
      return false;
    }
    this.#finish(running, 'responded', status);
    if (!this.#goOn()) this.#answerLast();
    return true;
  }

  #takeRetry(): boolean {
    this.#holdsRetry = this.#run.pool.takeRetry();
    return this.#holdsRetry;
  }

  #giveBackRetry(): void {
    if (!this.#holdsRetry) return;
    this.#holdsRetry = false;
    this.#run.pool.giveBackRetry();
  }

  #maySendAgain(outcome: AttemptOutcome): boolean {
    const { retry } = this.#run.pool.config;
    if (attemptsUsedUp(retry, this.exchange.attemptCount, this.#refused)) return false;
    return whyNotAgain(retry, outcome, this.#repeatable, this.#bodyKept) === null;
  }

  #hasTimeFor(pauseMs: number): boolean {
    const { clock, pool } = this.#run;
    const { requestMs } = pool.config.timeouts;
    return requestMs === 0 || clock.now() + pauseMs < this.exchange.startedAt + requestMs;
  }

  #pause(pauseMs: number): void {
    this.#isPausing = true;
    this.#pauses += 1;
    this.#cancelHedge?.();
    this.#run.clock.after(pauseMs, () => {
      if (!this.#isPausing) return;
      this.#isPausing = false;
      if (!this.#goOn()) this.#answerLast();
    });
  }

  /** To another server, or into the queue where every one is full. */
  #goOn(): boolean {
    if (!this.#choosesAnother(false)) return this.#run.pool.enqueue(this);
    this.#start();
    return true;
  }

  /** Where there is none, nothing of it stays in the exchange. */
  #choosesAnother(isEnding: boolean): boolean {
    const { exchange } = this;
    const count = exchange.attemptCount;
    if (this.#run.pool.choose(exchange, isEnding)) return true;
    exchange.attemptCount = count;
    exchange.error = null;
    return false;
  }

  #armHedge(): void {
    const { clock, pool } = this.#run;
    const { hedge } = pool.config.retry;
    const { hedgeAfterMs } = pool;
    this.#cancelHedge = null;
    if (hedge && hedgeAfterMs > 0 && this.#hedges < hedge.most)
      this.#cancelHedge = clock.after(hedgeAfterMs, () => this.#hedgeDue());
  }

  #hedgeDue(): void {
    const { pool } = this.#run;
    const { exchange } = this;
    if (this.#running.length === 0 || this.#isAnswered || exchange.session !== null) return;
    if (!this.#repeatable || !this.#bodyKept) return;
    if (!(idempotentMethods as readonly string[]).includes(exchange.method)) return;
    if (attemptsUsedUp(pool.config.retry, exchange.attemptCount, this.#refused)) return;
    if (!pool.hedge(exchange)) return;
    this.#hedges += 1;
    const running = this.#begin();
    running.attempt.hedge = true;
    this.#running.push(running);
    this.#armHedge();
  }

  /** What comes at the very moment when time is up has come in time; whoever waits then waits in vain. */
  #watchTime(requestMs: number): void {
    const { clock } = this.#run;
    const late = (): void => this.#requestLate(requestMs);
    this.#cancelTime = clock.after(requestMs, () => {
      if (this.isWaiting) late();
      else this.#cancelTime = clock.after(0, late);
    });
  }

  /** It has had all the time that a request has. One that had less than half of it is not held to it. */
  #requestLate(requestMs: number): void {
    const { clock, pool } = this.#run;
    if (this.isWaiting) {
      pool.leaveQueue(this);
      this.exchange.queuedAt = 0;
    }
    for (const running of [...this.#running]) {
      running.attempt.spared = (clock.now() - running.attempt.startedAt) * 2 < requestMs;
      this.#finish(running, lateOutcome(running), 0);
    }
    this.#end(504);
  }

  /** The client goes away. */
  #leave(): void {
    if (this.#isOver) return;
    if (this.isWaiting) this.#run.pool.leaveQueue(this);
    if (this.#running.length === 0) this.exchange.clientLeft = true;
    for (const running of [...this.#running]) this.#finish(running, 'client-aborted', 0);
    this.#end(0);
  }

  #finish(running: Running, outcome: AttemptOutcome, status: number): void {
    const { clock, pool, observer, tally } = this.#run;
    const { attempt } = running;
    running.isOver = true;
    this.#running = this.#running.filter((each) => each !== running);
    attempt.outcome = outcome;
    attempt.status = status;
    attempt.detail = outcome === 'responded' ? null : outcome;
    attempt.endedAt = clock.now();
    pool.attemptEnded(this.exchange, attempt);
    if (isFailedAttempt(outcome, status)) tally.attemptFailed(attempt.server!.id);
    observer.attemptEnded?.(this.exchange, attempt);
  }

  /** What the client gets where nothing but failures came, as in `proxy/attempts.ts`. */
  #answerLast(): void {
    this.#end(failureStatus(this.exchange.decisiveAttempt!));
  }

  #stopTimes(): void {
    this.#cancelHedge?.();
    this.#cancelTime?.();
  }

  #end(status: number): void {
    const { clock, pool, tally, clients, observer } = this.#run;
    const { exchange } = this;
    const tookMs = clock.now() - exchange.startedAt;
    this.#isOver = true;
    this.#isPausing = false;
    this.#giveBackRetry();
    this.#stopTimes();
    exchange.status = status;
    const last = exchange.decisiveAttempt;
    tally.ended(
      { server: last?.outcome === 'responded' ? last.server!.id : null, client: clientOf(this.#recorded) },
      { failed: hasFailed(exchange), attempts: exchange.attemptCount },
      { queuedMs: this.#queuedMs + (exchange.unserved?.queuedMs ?? 0), tookMs },
    );
    pool.traffic.finish(status, tookMs);
    pool.requestEnded(exchange);
    if (exchange.setCookie !== null && status !== 0) clients.keepCookie(this.#recorded, exchange.setCookie);
    observer.ended(exchange);
  }
}

/** Where there was no connection yet, nothing was delivered. */
function lateOutcome({ modelled }: Running): AttemptOutcome {
  return modelled.outcome === 'connect-failed' ? 'connect-failed' : 'timed-out';
}
