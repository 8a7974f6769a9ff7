import type { AttemptOutcome, StopReason } from '@shared/contract/request-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { AttemptRecord } from '../exchange.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { DecisionRecord } from '../journal/decision.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import { failureStatus } from './failure-status.ts';
import { noteStop } from './failure-text.ts';
import { HedgedAttempt } from './hedged-attempt.ts';
import { attemptsUsedUp, isRepeatable, retriesStatus, whyNotAgain } from './retry-rules.ts';
import type { ServerConnection } from './server-connection.ts';

/**
 * The attempts of one request: chooses a server, and when an attempt fails decides whether another server is tried. One per
 * client connection, reused for every request it carries and by a connection after it.
 */
export class Attempts extends HedgedAttempt implements Waiter {
  /** In the pool's queue: every server that could take it is at its limit. */
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;

  /** It waits before its next attempt (retry.backoff). */
  #isPausing = false;
  /** Waits of the present request. */
  #pauses = 0;
  /** A retry was taken out of the budget for an attempt that is not made yet. */
  #holdsRetry = false;

  /** A request is under way. */
  get isActive(): boolean {
    return this.attempt !== null || this.isWaiting || this.#isPausing;
  }

  /** Begins a request with its rewritten head and the first piece of its body, which is good until this returns. */
  begin(pool: Pool, head: string, bytes: Buffer, start: number, end: number, done: boolean): void {
    const client = this.client;
    this.pool = pool;
    this.head = head;
    this.repeatable = isRepeatable(pool.config.retry, this.exchange.method);
    this.requestSent = done;
    this.isHead = client.isHead;
    this.asksUpgrade = client.asksUpgrade;
    this.decodesChunked = client.minor === 0;
    this.limits = client.limits;
    const { timeouts, retry, batching } = pool.config;
    this.responseMs = timeouts.responseMs;
    this.tunnel = null;
    this.batching = null;
    this.freshTried = false;
    this.nobodyThere = 0;
    this.#pauses = 0;
    this.#holdsRetry = false;
    this.responding = false;
    this.announced = false;
    this.body.reset();
    pool.requestArrived();
    const hasTimes = timeouts.requestMs !== 0 || timeouts.attemptMs !== 0 || retry.hedge !== undefined;
    if (hasTimes || this.times !== null) this.watchRequest(pool);
    const server = pool.choose(this.exchange);
    if (!server) {
      if (pool.enqueue(this)) {
        this.#keepWaiting(bytes, start, end, done);
        client.queued();
      } else client.answerFailure(503, this.exchange.error ?? 'no server is available');
      return;
    }
    if (batching.mode !== 'off' && this.joins(server, pool, done && end === start)) return;
    const connection = this.start(server, this.exchange.startedAt);
    if (connection?.isConnected) {
      connection.send(head, bytes, start, end, false);
      if (end > start) this.body.addSent(bytes, start, end, this.keepBytes());
      this.checkServer(connection);
    } else {
      this.hold(bytes, start, end);
      if (end > start && !done) client.pauseRequest();
    }
  }

  /** More of the request's body, or of whatever follows a switch of protocols. */
  override requestBody(bytes: Buffer, start: number, end: number, stable: boolean, done: boolean): void {
    if (this.isWaiting || this.#isPausing) {
      this.#keepWaiting(bytes, start, end, done);
      return;
    }
    super.requestBody(bytes, start, end, stable, done);
    if (done && this.times !== null && this.attempt !== null && !this.responding)
      this.watchAttempt(this.client.clock.now());
  }

  /** The client has gone away, or broke the rules: not the server's fault. */
  abort(detail: string): void {
    this.#giveBackRetry();
    if (this.isWaiting) {
      this.pool!.leaveQueue(this);
      this.exchange.clientLeft = true;
    }
    if (this.#isPausing) {
      this.#isPausing = false;
      this.exchange.clientLeft = true;
    }
    const { connection } = this;
    if (connection && this.responding) this.exchange.responseBytes = connection.framing.payloadBytes;
    this.dropHedges('client-aborted', detail);
    this.letGo();
    this.end('client-aborted', detail);
  }

  /** It waits no more, and gets the answer of one that waited in vain. @param error why */
  leaveQueue(error: string): void {
    this.pool!.leaveQueue(this);
    const { exchange } = this;
    exchange.clientLeft = true;
    exchange.busy = true;
    exchange.error = error;
    this.refused();
  }

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

  override failed(outcome: AttemptOutcome, detail: string, connection: ServerConnection): void {
    const attempt = this.attempt!;
    const server = attempt.server!;
    this.connection = null;
    if (connection.ownFault) {
      this.#noDescriptor(attempt, detail);
      return;
    }
    if (outcome === 'connect-failed') {
      // A name that means several addresses is unreachable only when all of them are.
      server.endpoint.failed(connection.host);
      if (++this.addressesFailed < server.endpoint.count) {
        this.sendFresh(server);
        return;
      }
      this.batching?.record.serverGone();
    }
    // That the operator wanted it empty is no fault of the server's.
    if (connection.isDrained) attempt.spared = true;
    const wasStale =
      outcome === 'closed-before-response' &&
      (connection.reused || connection.isShared) &&
      !connection.sawResponse &&
      !this.freshTried;
    if (wasStale && this.body.complete && (this.repeatable || connection.unsent)) {
      // The server closed an idle connection just when the request was on its way: that says nothing about the server.
      this.freshTried = true;
      this.sendFresh(server);
      return;
    }
    if (this.responding) {
      this.exchange.responseBytes = connection.framing.payloadBytes;
      this.end(outcome, detail);
      this.client.cut(
        this.isTunnel ? `${server.name}: ${detail}` : noteStop(this.exchange, 'response-begun'),
      );
      return;
    }
    this.attemptFailed(outcome, detail, connection.refused);
  }

  protected override attemptFailed(outcome: AttemptOutcome, detail: string, refused: boolean): void {
    this.end(outcome, detail);
    if (refused) this.nobodyThere++;
    if (this.goOnWithHedge()) return;
    const stop = this.#retry(outcome);
    if (stop !== null) this.#answerLast(stop);
  }

  override requestLate(now: number): void {
    const { exchange, client } = this;
    this.#giveBackRetry();
    this.limitReached('request-timeout');
    if (this.isWaiting) {
      this.pool!.leaveQueue(this);
      exchange.queuedAt = 0;
      exchange.busy = true;
      const had = formatDuration(this.times!.requestMs);
      const waited = `it waited in the queue until the ${had} were over that a request has altogether (timeouts.request)`;
      client.answerFailure(504, exchange.attemptCount === 0 ? waited : noteStop(exchange, 'time'));
      return;
    }
    if (this.#isPausing) this.#isPausing = false;
    else this.endLate(now);
    client.answerFailure(504, noteStop(exchange, 'time'));
  }

  override pauseOver(): void {
    this.#isPausing = false;
    const stop = this.pool!.isStopped ? 'removed' : this.#goOn(this.pool!);
    if (stop !== null) this.#answerLast(stop);
  }

  override interim(bytes: Buffer, head: ResponseHead): void {
    super.interim(bytes, head);
    // What it said may be true of this server alone.
    if (this.announced) this.dropHedges('cancelled', 'the other attempt has begun to answer');
  }

  /** The system gave no socket: another server would not get one either, but room can be made. */
  #noDescriptor(attempt: AttemptRecord, detail: string): void {
    const client = this.client;
    const mayTryAgain = !this.freshTried && !this.responding;
    if (client.freeDescriptors() && mayTryAgain) {
      this.freshTried = true;
      this.sendFresh(attempt.server!);
      return;
    }
    attempt.spared = true;
    this.end('connect-failed', detail);
    if (this.goOnWithHedge()) return;
    this.exchange.busy = true;
    client.answerFailure(503, `${attempt.server!.name} was not asked: ${detail}; ${client.descriptorAdvice}`);
  }

  /** No further attempt: the failure of the one that ended last stands. */
  #answerLast(stop: StopReason): void {
    this.#giveBackRetry();
    const exchange = this.exchange;
    const last = exchange.decisiveAttempt!;
    const summary = noteStop(exchange, stop);
    if (last.outcome === 'connect-failed' && exchange.lastResort !== null)
      this.client.answerFailure(503, `${exchange.lastResort}; ${summary}`);
    else this.client.answerFailure(failureStatus(last), summary);
  }

  /** Keeps what comes of the body while the request waits in the queue, up to what a repeat may keep. */
  #keepWaiting(bytes: Buffer, start: number, end: number, done: boolean): void {
    this.requestSent = done;
    this.body.add(bytes, start, end);
    if (!done && this.body.length > this.keepBytes()) this.client.pauseRequest();
  }

  /** Starts another attempt where the rules allow it; otherwise says why not. */
  #retry(outcome: AttemptOutcome): StopReason | null {
    const pool = this.pool!;
    const stop = this.#whyNotAgain(outcome);
    if (stop !== null) return stop;
    // Where nobody listens nothing is delivered: that adds nothing to what any server has to do, which is what the budget is
    // for, and the next server is asked at once.
    if (outcome === 'connect-failed') return this.#goOn(pool);
    const pauseMs = pool.pauseMs(this.#pauses);
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
    const pauseMs = pool.pauseMs(this.#pauses);
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
      this.#giveBackRetry();
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
    this.#holdsRetry = pool.takeRetry();
    if (this.#holdsRetry) return null;
    // Where nobody is left to ask, it is not for want of budget.
    if (!pool.hasAnother(this.exchange, pauseMs)) return 'no-server';
    pool.limitReached('retry-budget', null);
    return 'budget';
  }

  #giveBackRetry(): void {
    if (!this.#holdsRetry) return;
    this.#holdsRetry = false;
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
    this.#isPausing = true;
    this.#pauses += 1;
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
    if (this.#pauses === 0 || decision === null) return;
    decision.pausedMs = Math.max(0, this.ownTimes().pausedFor(this.client.clock.now()) - decision.queuedMs);
  }

  #resend(server: Server): void {
    this.batching = null;
    this.freshTried = false;
    this.#holdsRetry = false;
    this.#tellPause(this.exchange.attempts[this.exchange.attemptCount - 1]!.decision);
    const connection = this.start(server, this.client.clock.now());
    if (connection?.isConnected) this.connected();
  }
}
