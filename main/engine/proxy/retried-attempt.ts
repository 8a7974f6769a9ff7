import type { AttemptOutcome, StopReason } from '@shared/contract/request-values.ts';
import type { DecisionRecord } from '../journal/decision.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import { failureStatus } from './failure-status.ts';
import { noteStop } from './failure-text.ts';
import { HedgedAttempt } from './hedged-attempt.ts';
import { attemptsUsedUp, retriesStatus, whyNotAgain } from './retry-rules.ts';

/**
 * An attempt that others may follow: whether the rules, the time, the budget and the servers allow a further one, and what comes
 * before it, a pause or a wait in the queue. Where none follows, the client hears of the last.
 */
export abstract class RetriedAttempt extends HedgedAttempt implements Waiter {
  /** In the pool's queue: every server that could take it is at its limit. */
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;

  /** It waits before its next attempt (retry.backoff). */
  protected isPausing = false;
  /** Waits of the present request. */
  protected pauses = 0;
  /** A retry was taken out of the budget for an attempt that is not made yet. */
  protected holdsRetry = false;

  served(server: Server): void {
    this.#resend(server);
  }

  refused(): void {
    const exchange = this.exchange;
    if (exchange.attemptCount === 0) {
      this.client.answerFailure(503, exchange.error ?? 'no server is available');
      return;
    }
    // The request got as far as a server: what happened there is what the client should hear of.
    exchange.busy = false;
    this.#answerLast('queue');
  }

  protected override attemptFailed(outcome: AttemptOutcome, detail: string, refused: boolean): void {
    this.end(outcome, detail);
    if (refused) this.nobodyThere++;
    if (this.goOnWithHedge()) return;
    const stop = this.#retry(outcome);
    if (stop !== null) this.#answerLast(stop);
  }

  override pauseOver(): void {
    this.isPausing = false;
    const stop = this.pool!.isStopped ? 'removed' : this.#goOn(this.pool!);
    if (stop !== null) this.#answerLast(stop);
  }

  /** No further attempt: the failure of the one that ended last stands. */
  #answerLast(stop: StopReason): void {
    this.giveBackRetry();
    const exchange = this.exchange;
    const last = exchange.decisiveAttempt!;
    const summary = noteStop(exchange, stop);
    if (last.outcome === 'connect-failed' && exchange.lastResort !== null)
      this.client.answerFailure(503, `${exchange.lastResort}; ${summary}`);
    else this.client.answerFailure(failureStatus(last), summary);
  }

  /** Starts another attempt where the rules allow it; otherwise says why not. */
  #retry(outcome: AttemptOutcome): StopReason | null {
    const pool = this.pool!;
    const stop = this.#whyNotAgain(outcome);
    if (stop !== null) return stop;
    // Where nobody listens nothing is delivered: that adds nothing to what any server has to do, which is what the budget is
    // for, and the next server is asked at once.
    if (outcome === 'connect-failed') return this.#goOn(pool);
    const pauseMs = pool.pauseMs(this.pauses);
    if (!this.hasTimeFor(pauseMs)) return pauseMs > 0 ? 'wait' : 'time';
    const without = this.#takeRetry(pool, pauseMs);
    if (without !== null) return without;
    if (pauseMs === 0) return this.#goOn(pool);
    this.#pause(pauseMs);
    return null;
  }

  /** To another server, or into the queue where every one is full; otherwise says why not. */
  #goOn(pool: Pool): StopReason | null {
    const server = this.#chooseAnother(pool, false);
    if (server) this.#resend(server);
    else if (pool.enqueue(this)) this.client.queued();
    else {
      const exchange = this.exchange;
      const wasBusy = exchange.busy;
      exchange.busy = false;
      exchange.error = null;
      this.#tellPause(exchange.unserved);
      return wasBusy ? 'full' : 'no-server';
    }
    return null;
  }

  /** What forbids that it is sent again after such an outcome; null for nothing. */
  #whyNotAgain(outcome: AttemptOutcome): StopReason | null {
    const pool = this.pool!;
    if (this.announced) return 'announced';
    if (attemptsUsedUp(pool.config.retry, this.exchange.attemptCount, this.nobodyThere)) return 'attempts';
    const reason = whyNotAgain(pool.config.retry, outcome, this.repeatable, this.body.complete);
    if (reason === 'body') pool.limitReached('retry-body', null);
    return reason;
  }

  protected override goElsewhere(status: number): boolean {
    if (!retriesStatus(this.pool!.config.retry, status)) {
      // Whoever sees a server's error asks why that was all.
      if (status >= 500) this.exchange.stop = 'outcome';
      return false;
    }
    if (this.hasHedge) {
      this.#abandon(`status ${status}, left to the attempt beside it`);
      return this.goOnWithHedge();
    }
    const stop = this.#retryStatus(this.pool!, `status ${status}, tried elsewhere`);
    if (stop === null) return true;
    this.exchange.stop = stop;
    return false;
  }

  /** Gives the response up for another attempt; otherwise says why it stands. */
  #retryStatus(pool: Pool, detail: string): StopReason | null {
    const stop = this.#whyNotAgain('responded');
    if (stop !== null) return stop;
    const pauseMs = pool.pauseMs(this.pauses);
    // The response would be gone when the wait is over: it stands unless there is somebody to ask then.
    if (pauseMs > 0 && !this.hasTimeFor(pauseMs)) return 'wait';
    if (pauseMs > 0 && !pool.hasAnother(this.exchange, pauseMs)) return 'no-server';
    const without = this.#takeRetry(pool, pauseMs);
    if (without !== null) return without;
    if (pauseMs > 0) {
      this.#abandon(detail);
      this.#pause(pauseMs);
      return null;
    }
    const server = this.#chooseAnother(pool, true);
    if (server) {
      this.#abandon(detail);
      this.#resend(server);
      return null;
    }
    // Nothing is written down of those that are only full.
    const nobody = this.exchange.unserved === null ? 'full' : 'no-server';
    this.exchange.unserved = null;
    if (!pool.mayWait) {
      this.giveBackRetry();
      return nobody;
    }
    // It waits in the queue as every retry does. The slot it had is free by then.
    this.#abandon(detail);
    const end = this.#goOn(pool);
    if (end !== null) this.#answerLast(end);
    return null;
  }

  /** Takes the next attempt out of the budget; otherwise says why there is none. */
  #takeRetry(pool: Pool, pauseMs: number): StopReason | null {
    this.holdsRetry = pool.takeRetry();
    if (this.holdsRetry) return null;
    // Where nobody is left to ask, it is not for want of budget.
    if (!pool.hasAnother(this.exchange, pauseMs)) return 'no-server';
    pool.limitReached('retry-budget', null);
    return 'budget';
  }

  protected giveBackRetry(): void {
    if (!this.holdsRetry) return;
    this.holdsRetry = false;
    this.pool!.giveBackRetry();
  }

  /** The response is not passed on. */
  #abandon(detail: string): void {
    const { connection } = this;
    this.connection = null;
    connection?.abandon();
    this.end('responded', detail);
  }

  /** Waits before the next attempt. The client is read meanwhile, and the server chosen when the wait is over. */
  #pause(ms: number): void {
    this.isPausing = true;
    this.pauses += 1;
    this.ownTimes().pause(this.client.clock.now(), ms);
  }

  /** Another server, or null without a trace in the exchange: then the last failure stands. */
  #chooseAnother(pool: Pool, isEnding: boolean): Server | null {
    const exchange = this.exchange;
    const count = exchange.attemptCount;
    const server = pool.choose(exchange, isEnding);
    if (!server) {
      exchange.attemptCount = count;
      exchange.error = null;
    }
    return server;
  }

  /** Writes down that it waited before this decision. */
  #tellPause(decision: DecisionRecord | null): void {
    if (this.pauses === 0 || decision === null) return;
    decision.pausedMs = Math.max(0, this.ownTimes().pausedFor(this.client.clock.now()) - decision.queuedMs);
  }

  #resend(server: Server): void {
    this.batching = null;
    this.freshTried = false;
    this.holdsRetry = false;
    this.#tellPause(this.exchange.attempts[this.exchange.attemptCount - 1]!.decision);
    const connection = this.start(server, this.client.clock.now());
    if (connection?.isConnected) this.connected();
  }
}
