import { idempotentMethods } from '@shared/config/retry-schema.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { type AttemptRecord, Exchange } from '../exchange.ts';
import { failureStatus } from '../proxy/failure-status.ts';
import { attemptsUsedUp, isRepeatable, keptBodyBytes, retriesStatus } from '../proxy/retry-rules.ts';
import { isFailedAttempt } from './figures.ts';
import { headOf, type ModelledAttempt } from './modelled-attempt.ts';
import type { SimulatedRun } from './simulated-run.ts';

const switchingProtocols = 101;

/** An attempt that is under way. */
export interface RunningAttempt {
  readonly attempt: AttemptRecord;
  readonly modelled: ModelledAttempt;
  isOver: boolean;
}

/**
 * The attempts of a simulated request that are under way, and what comes of each: what `proxy/attempt.ts` and `proxy/hedged-attempt.ts`
 * do with sockets. What follows when there are none left is for `SimulatedRequest` to say.
 */
export abstract class SimulatedAttempts {
  readonly exchange = new Exchange();
  protected readonly run: SimulatedRun;
  protected readonly recorded: RecordedRequest;
  /** Its body can be sent again once a server had it. */
  protected readonly bodyKept: boolean;
  protected readonly repeatable: boolean;
  /** The present attempt, and behind it those that were begun beside it, the first of them first. */
  protected running: RunningAttempt[] = [];
  /** Attempts that found nobody listening. */
  protected refusals = 0;
  /** A server had the request, or some of it. */
  protected isDelivered = false;
  /** A response is on its way to the client. */
  protected isAnswered = false;
  protected queuedMs = 0;
  readonly #asksUpgrade: boolean;
  #hedges = 0;
  #cancelHedge: (() => void) | null = null;

  constructor(recorded: RecordedRequest, number: number, run: SimulatedRun) {
    const { exchange } = this;
    this.run = run;
    this.recorded = recorded;
    const { retry } = run.pool.config;
    this.repeatable = isRepeatable(retry, recorded.method);
    this.bodyKept = recorded.requestBytes <= keptBodyBytes(retry, this.repeatable);
    this.#asksUpgrade = recorded.attempts.some(({ status }) => status === switchingProtocols);
    exchange.id = number;
    exchange.listener = recorded.listener;
    exchange.pool = run.pool;
    exchange.method = recorded.method;
    exchange.target = recorded.target;
    exchange.requestBytes = recorded.requestBytes;
    exchange.facts = run.clients.facts(recorded);
  }

  /** The present attempt came to nothing, and none runs beside it: another follows, or the client hears of it. */
  protected abstract allFailed(outcome: AttemptOutcome): void;
  /** Tries elsewhere because of its status; false where the response stands. */
  protected abstract goesElsewhere(running: RunningAttempt): boolean;
  /** Its response goes to the client: the time that the request has altogether does not matter any more. */
  protected abstract chosen(): void;
  /** The response has come to its end. @param status what the client got */
  protected abstract responseOver(status: number): void;

  /** The server that was just chosen is asked, and is the only one. */
  protected start(): void {
    this.running = [this.#begin()];
    this.cancelHedge();
    this.#armHedge();
  }

  /** No further attempt begins beside the present one. */
  protected cancelHedge(): void {
    this.#cancelHedge?.();
    this.#cancelHedge = null;
  }

  /** @param status of its response; 0 where none came */
  protected finish(running: RunningAttempt, outcome: AttemptOutcome, status: number): void {
    const { clock, pool, observer, tally } = this.run;
    const { attempt } = running;
    running.isOver = true;
    this.running = this.running.filter((each) => each !== running);
    attempt.outcome = outcome;
    attempt.status = status;
    attempt.detail = outcome === 'responded' ? null : outcome;
    attempt.endedAt = clock.now();
    pool.attemptEnded(this.exchange, attempt);
    if (isFailedAttempt(outcome, status)) tally.attemptFailed(attempt.server!.id);
    observer.attemptEnded?.(this.exchange, attempt);
  }

  #begin(): RunningAttempt {
    const { clock, pool, model, tally, startedAt, observer } = this.run;
    const { exchange } = this;
    const now = clock.now();
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    const server = attempt.server!;
    attempt.begin(now);
    observer.picked?.(exchange, attempt);
    this.queuedMs += attempt.decision?.queuedMs ?? 0;
    // Whoever was recorded with that session again had its cookie by then, be the response under way still.
    if (this.recorded.session !== null) this.#keepCookie();
    tally.began(server.id, server.activeRequests);
    const { timeouts } = pool.config;
    const modelled = model.attempt(
      this.recorded,
      server.id,
      now - startedAt,
      timeouts,
      exchange.attemptCount - 1,
    );
    if (modelled.outcome !== 'connect-failed') this.isDelivered = true;
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
  #came(running: RunningAttempt): void {
    const { outcome, status, isDeaf } = running.modelled;
    if (outcome !== 'responded' && outcome !== 'failed-mid-response') {
      if (outcome === 'connect-failed' && !isDeaf) this.refusals += 1;
      this.#failed(running, outcome, status);
      return;
    }
    // By its head: that it would have broken off later nobody knows yet.
    const isUnwanted = retriesStatus(this.run.pool.config.retry, status);
    if (!isUnwanted || !this.goesElsewhere(running)) this.#pass(running);
  }

  /** Its response goes to the client, and no other. */
  #pass(running: RunningAttempt): void {
    const { clock, pool } = this.run;
    const { exchange } = this;
    const { modelled, attempt } = running;
    const { outcome, status } = modelled;
    this.isAnswered = true;
    this.cancelHedge();
    this.chosen();
    for (const other of this.running) {
      if (other === running) continue;
      other.attempt.overtaken = other.attempt.startedAt < attempt.startedAt;
      this.finish(other, 'cancelled', 0);
    }
    this.running = [running];
    if (exchange.attemptCount > 1) exchange.answeredBy = attempt;
    if (status === switchingProtocols) pool.requestSwitched(exchange);
    this.#keepCookie();
    if (outcome === 'responded' && status < 500) this.#learnCookie(attempt);
    const restMs = modelled.durationMs - headOf(modelled);
    if (restMs > 0) clock.after(restMs, () => this.#passed(running));
    else this.#passed(running);
  }

  #passed(running: RunningAttempt): void {
    if (running.isOver) return;
    const { outcome, status } = running.modelled;
    this.finish(running, outcome, status);
    // What had begun to come when it broke off had a status, too.
    this.responseOver(status === 0 ? failureStatus(running.attempt) : status);
  }

  #keepCookie(): void {
    const { setCookie } = this.exchange;
    if (setCookie !== null) this.run.clients.keepCookie(this.recorded, setCookie);
  }

  /** A service that has a cookie of its own gives it to every client that comes without, as far as the recording does not know better. */
  #learnCookie(attempt: AttemptRecord): void {
    const { pool, clients } = this.run;
    const name = pool.learnsCookie;
    if (name === null) return;
    const value = clients.takeCookie(this.recorded, name);
    if (value !== null) pool.cookieSet(this.exchange, attempt, { value, isOver: false });
  }

  /** An attempt came to nothing: one beside it goes on in its place, where there is one. */
  #failed(running: RunningAttempt, outcome: AttemptOutcome, status: number): void {
    this.finish(running, outcome, status);
    if (this.running.length === 0) this.allFailed(outcome);
  }

  #armHedge(): void {
    const { clock, pool } = this.run;
    const { hedge } = pool.config.retry;
    const { hedgeAfterMs } = pool;
    this.#cancelHedge = null;
    if (hedge && hedgeAfterMs > 0 && this.#hedges < hedge.most)
      this.#cancelHedge = clock.after(hedgeAfterMs, () => this.#hedgeDue());
  }

  #hedgeDue(): void {
    const { pool } = this.run;
    const { exchange } = this;
    if (this.running.length === 0 || this.isAnswered || exchange.session !== null) return;
    if (!this.repeatable || !this.bodyKept || this.#asksUpgrade) return;
    if (!(idempotentMethods as readonly string[]).includes(exchange.method)) return;
    if (attemptsUsedUp(pool.config.retry, exchange.attemptCount, this.refusals)) return;
    if (!pool.hedge(exchange)) return;
    this.#hedges += 1;
    const running = this.#begin();
    running.attempt.hedge = true;
    this.running.push(running);
    this.#armHedge();
  }
}

/** Where there was no connection yet, nothing was delivered. */
export function lateOutcome({ modelled }: RunningAttempt): AttemptOutcome {
  return modelled.outcome === 'connect-failed' ? 'connect-failed' : 'timed-out';
}
