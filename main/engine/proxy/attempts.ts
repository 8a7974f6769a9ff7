import type { AttemptOutcome } from '@shared/contract/values.ts';
import type { AttemptRecord } from '../exchange.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import { Attempt } from './attempt.ts';
import { failureSummary, type StopReason } from './failure-text.ts';
import { attemptsUsedUp, isRepeatable, retriesStatus, whyNotAgain } from './retry-rules.ts';
import type { ServerConnection } from './server-connection.ts';

/**
 * The attempts of one request: chooses a server, and when an attempt fails decides whether another server is tried. One per
 * client connection, reused for every request it carries and by a connection after it.
 */
export class Attempts extends Attempt implements Waiter {
  /** In the pool's queue: every server that could take it is at its limit. */
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;

  #freshTried = false;
  /** Attempts that found nobody listening. */
  #refused = 0;

  /** A request is under way. */
  get isActive(): boolean {
    return this.attempt !== null || this.isWaiting;
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
    this.responseMs = pool.config.timeouts.responseMs;
    this.tunnel = null;
    this.batching = null;
    this.#freshTried = false;
    this.#refused = 0;
    this.responding = false;
    this.announced = false;
    this.body.reset();
    pool.requestArrived();
    const server = pool.choose(this.exchange);
    if (!server) {
      if (pool.enqueue(this)) {
        this.#keepWaiting(bytes, start, end, done);
        client.queued();
      } else client.answerFailure(503, this.exchange.error ?? 'no server is available');
      return;
    }
    if (pool.config.batching.mode !== 'off' && this.joins(server, pool, done && end === start)) return;
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
    if (this.isWaiting) this.#keepWaiting(bytes, start, end, done);
    else super.requestBody(bytes, start, end, stable, done);
  }

  /** The client has gone away, or broke the rules: not the server's fault. */
  abort(detail: string): void {
    if (this.isWaiting) {
      this.pool!.leaveQueue(this);
      this.exchange.clientLeft = true;
    }
    const connection = this.connection;
    this.connection = null;
    this.forgetTurn();
    if (connection && this.responding) this.exchange.responseBytes = connection.framing.payloadBytes;
    if (connection) connection.leave(this);
    else this.batching?.withdraw(this);
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
      !this.#freshTried;
    if (wasStale && this.body.complete && (this.repeatable || connection.unsent)) {
      // The server closed an idle connection just when the request was on its way: that says nothing about the server.
      this.#freshTried = true;
      this.sendFresh(server);
      return;
    }
    if (this.responding) {
      this.exchange.responseBytes = connection.framing.payloadBytes;
      this.end(outcome, detail);
      this.client.cut(
        this.isTunnel ? `${server.name}: ${detail}` : failureSummary(this.exchange, 'response-begun'),
      );
      return;
    }
    this.end(outcome, detail);
    if (connection.refused) this.#refused++;
    const stop = this.#retry(outcome);
    if (stop !== null) this.#answerLast(stop);
  }

  /** The system gave no socket: another server would not get one either, but room can be made. */
  #noDescriptor(attempt: AttemptRecord, detail: string): void {
    const client = this.client;
    const mayTryAgain = !this.#freshTried && !this.responding;
    if (client.freeDescriptors() && mayTryAgain) {
      this.#freshTried = true;
      this.sendFresh(attempt.server!);
      return;
    }
    attempt.spared = true;
    this.end('connect-failed', detail);
    this.exchange.busy = true;
    client.answerFailure(503, `${attempt.server!.name} was not asked: ${detail}; ${client.descriptorAdvice}`);
  }

  /** No further attempt: the last one's failure stands. */
  #answerLast(stop: StopReason): void {
    const exchange = this.exchange;
    const { outcome } = exchange.attempts[exchange.attemptCount - 1]!;
    const summary = failureSummary(exchange, stop);
    if (outcome === 'connect-failed' && exchange.lastResort !== null)
      this.client.answerFailure(503, `${exchange.lastResort}; ${summary}`);
    else this.client.answerFailure(outcome === 'timed-out' ? 504 : 502, summary);
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
    // What delivered nothing does not add to what any server has to do, which is what the budget is for.
    if (outcome !== 'connect-failed' && !pool.takeRetry()) return 'budget';
    const server = this.#chooseAnother(pool);
    if (server) this.#resend(server);
    else if (pool.enqueue(this)) this.client.queued();
    else {
      const exchange = this.exchange;
      const wasBusy = exchange.busy;
      exchange.busy = false;
      exchange.error = null;
      return wasBusy ? 'queue' : 'no-server';
    }
    return null;
  }

  /** What forbids that it is sent again after such an outcome; null for nothing. */
  #whyNotAgain(outcome: AttemptOutcome): StopReason | null {
    const pool = this.pool!;
    if (this.announced) return 'announced';
    if (attemptsUsedUp(pool.config.retry, this.exchange.attemptCount, this.#refused)) return 'attempts';
    const reason = whyNotAgain(pool.config.retry, outcome, this.repeatable, this.body.complete);
    if (reason === 'body') pool.limitReached('retry-body', null);
    return reason;
  }

  protected override goElsewhere(status: number): boolean {
    const pool = this.pool!;
    const exchange = this.exchange;
    if (!retriesStatus(pool.config.retry, status) || this.#whyNotAgain('responded') !== null) return false;
    if (!pool.takeRetry()) return false;
    // `choose` takes the next record, so the present attempt is ended by hand.
    const attempt = this.attempt!;
    const server = this.#chooseAnother(pool);
    if (!server) {
      exchange.unserved = null;
      return false;
    }
    this.attempt = attempt;
    this.connection?.abandon();
    this.connection = null;
    this.end('responded', `status ${status}, tried elsewhere`);
    this.#resend(server);
    return true;
  }

  /** Another server, or null without a trace in the exchange: then the last failure stands. */
  #chooseAnother(pool: Pool): Server | null {
    const exchange = this.exchange;
    const count = exchange.attemptCount;
    const server = pool.choose(exchange);
    if (!server) {
      exchange.attemptCount = count;
      exchange.error = null;
    }
    return server;
  }

  #resend(server: Server): void {
    this.batching = null;
    this.#freshTried = false;
    const connection = this.start(server, this.client.clock.now());
    if (connection?.isConnected) this.connected();
  }
}
