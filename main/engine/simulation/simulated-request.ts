import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { hasFailed } from '../metrics/has-failed.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import { failureStatus } from '../proxy/failure-status.ts';
import { attemptsUsedUp, whyNotAgain } from '../proxy/retry-rules.ts';
import { clientOf } from './figures.ts';
import { lateOutcome, type RunningAttempt, SimulatedAttempts } from './simulated-attempts.ts';
import { hasLeft } from './told-by-attempt.ts';

/**
 * A recorded request on its way through a simulated pool: what `proxy/retried-attempt.ts`, and `proxy/attempts.ts` around it, do with
 * sockets, by the same rules for what follows a failure, how long is waited before that, and when time is up.
 */
export class SimulatedRequest extends SimulatedAttempts implements Waiter {
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;
  #pauses = 0;
  #isPausing = false;
  /** A retry was taken out of the budget for an attempt that is not made yet. */
  #holdsRetry = false;
  #isOver = false;
  #cancelTime: (() => void) | null = null;

  /** It arrives now. */
  begin(): void {
    const { clock, pool } = this.run;
    const { exchange, recorded } = this;
    exchange.startedAt = clock.now();
    exchange.startedEpoch = clock.epoch();
    // Somebody who went away does so again, unless this run is quicker than their patience.
    if (hasLeft(recorded)) clock.after(recorded.durationMs, () => this.#leave());
    pool.requestArrived();
    const { requestMs } = pool.config.timeouts;
    if (requestMs > 0) this.#watchTime(requestMs);
    const server = pool.choose(exchange);
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

  #start(): void {
    this.#holdsRetry = false;
    this.start();
  }

  protected override chosen(): void {
    this.#cancelTime?.();
  }

  protected override responseOver(status: number): void {
    this.#end(status);
  }

  protected override allFailed(outcome: AttemptOutcome): void {
    if (!this.#retry(outcome)) this.#answerLast();
  }

  #retry(outcome: AttemptOutcome): boolean {
    const { pool } = this.run;
    if (!this.#maySendAgain(outcome)) return false;
    if (outcome === 'connect-failed') return this.#goOn();
    const pauseMs = pool.pauseMs(this.#pauses);
    if (!this.#hasTimeFor(pauseMs) || !this.#takeRetry()) return false;
    if (pauseMs === 0) return this.#goOn();
    this.#pause(pauseMs);
    return true;
  }

  protected override goesElsewhere(running: RunningAttempt): boolean {
    const { pool } = this.run;
    const { status } = running.modelled;
    // It is left to the attempt beside it.
    if (this.running.length > 1) {
      this.finish(running, 'responded', status);
      return true;
    }
    if (!this.#maySendAgain('responded')) return false;
    const pauseMs = pool.pauseMs(this.#pauses);
    if (pauseMs > 0 && (!this.#hasTimeFor(pauseMs) || !pool.hasAnother(this.exchange, pauseMs))) return false;
    if (!this.#takeRetry()) return false;
    if (pauseMs > 0) {
      this.finish(running, 'responded', status);
      this.#pause(pauseMs);
      return true;
    }
    if (this.#choosesAnother(true)) {
      this.finish(running, 'responded', status);
      this.#start();
      return true;
    }
    this.exchange.unserved = null;
    if (!pool.mayWait) {
      this.#giveBackRetry();
      return false;
    }
    this.finish(running, 'responded', status);
    if (!this.#goOn()) this.#answerLast();
    return true;
  }

  #takeRetry(): boolean {
    this.#holdsRetry = this.run.pool.takeRetry();
    return this.#holdsRetry;
  }

  #giveBackRetry(): void {
    if (!this.#holdsRetry) return;
    this.#holdsRetry = false;
    this.run.pool.giveBackRetry();
  }

  /** A body is whole as long as no server had any of it: until then its client is not asked for more than the first piece. */
  #maySendAgain(outcome: AttemptOutcome): boolean {
    const { retry } = this.run.pool.config;
    if (attemptsUsedUp(retry, this.exchange.attemptCount, this.refusals)) return false;
    return whyNotAgain(retry, outcome, this.repeatable, this.bodyKept || !this.isDelivered) === null;
  }

  #hasTimeFor(pauseMs: number): boolean {
    const { clock, pool } = this.run;
    const { requestMs } = pool.config.timeouts;
    return requestMs === 0 || clock.now() + pauseMs < this.exchange.startedAt + requestMs;
  }

  #pause(pauseMs: number): void {
    this.#isPausing = true;
    this.#pauses += 1;
    this.run.clock.after(pauseMs, () => {
      if (!this.#isPausing) return;
      this.#isPausing = false;
      if (!this.#goOn()) this.#answerLast();
    });
  }

  /** To another server, or into the queue where every one is full. */
  #goOn(): boolean {
    if (!this.#choosesAnother(false)) return this.run.pool.enqueue(this);
    this.#start();
    return true;
  }

  /** Where there is none, nothing of it stays in the exchange. */
  #choosesAnother(isEnding: boolean): boolean {
    const { exchange } = this;
    const count = exchange.attemptCount;
    if (this.run.pool.choose(exchange, isEnding)) return true;
    exchange.attemptCount = count;
    exchange.error = null;
    return false;
  }

  /** What comes at the very moment when time is up has come in time; whoever waits then waits in vain. */
  #watchTime(requestMs: number): void {
    const { clock } = this.run;
    const late = (): void => this.#requestLate(requestMs);
    this.#cancelTime = clock.after(requestMs, () => {
      if (this.isWaiting) late();
      else this.#cancelTime = clock.after(0, late);
    });
  }

  /** It has had all the time that a request has. One that had less than half of it is not held to it. */
  #requestLate(requestMs: number): void {
    const { clock, pool } = this.run;
    if (this.isWaiting) {
      pool.leaveQueue(this);
      this.exchange.queuedAt = 0;
    }
    for (const running of [...this.running]) {
      running.attempt.spared = (clock.now() - running.attempt.startedAt) * 2 < requestMs;
      this.finish(running, lateOutcome(running), 0);
    }
    this.#end(504);
  }

  /** The client goes away, with as much of a response as it has. */
  #leave(): void {
    if (this.#isOver) return;
    if (this.isWaiting) this.run.pool.leaveQueue(this);
    if (this.running.length === 0) this.exchange.clientLeft = true;
    const status = this.isAnswered ? this.running[0]!.modelled.status : 0;
    for (const running of [...this.running]) this.finish(running, 'client-aborted', status);
    this.#end(status);
  }

  /** What the client gets where nothing but failures came, as in `proxy/retried-attempt.ts`. */
  #answerLast(): void {
    const { exchange } = this;
    const last = exchange.decisiveAttempt!;
    const isUnserved = last.outcome === 'connect-failed' && exchange.lastResort !== null;
    this.#end(isUnserved ? 503 : failureStatus(last));
  }

  #end(status: number): void {
    const { clock, pool, tally, observer } = this.run;
    const { exchange } = this;
    const tookMs = clock.now() - exchange.startedAt;
    this.#isOver = true;
    this.#isPausing = false;
    this.#giveBackRetry();
    this.cancelHedge();
    this.#cancelTime?.();
    exchange.status = status;
    const last = exchange.decisiveAttempt;
    // By the last decision, as in a recording.
    const decision = exchange.unserved ?? exchange.attempts[exchange.attemptCount - 1]?.decision;
    if (decision?.affinity === 'moved') tally.sessionMoved();
    tally.ended(
      { server: last?.outcome === 'responded' ? last.server!.id : null, client: clientOf(this.recorded) },
      { failed: hasFailed(exchange), attempts: exchange.attemptCount },
      { queuedMs: this.queuedMs + (exchange.unserved?.queuedMs ?? 0), tookMs },
    );
    pool.traffic.finish(status, tookMs);
    pool.requestEnded(exchange);
    observer.ended(exchange);
  }
}
