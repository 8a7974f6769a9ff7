import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { AttemptRecord } from '../exchange.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { Pool } from '../pool/pool.ts';
import { noteStop } from './failure-text.ts';
import { RetriedAttempt } from './retried-attempt.ts';
import { isRepeatable } from './retry-rules.ts';
import type { ServerConnection } from './server-connection.ts';

/**
 * The attempts of one request, from the choice of a server to whatever ends it: a response, a failure, its client's leave or the end
 * of its time. One per client connection, reused for every request it carries and by a connection after it.
 */
export class Attempts extends RetriedAttempt {
  /** A request is under way. */
  get isActive(): boolean {
    return this.attempt !== null || this.isWaiting || this.isPausing;
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
    this.pauses = 0;
    this.holdsRetry = false;
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
    if (this.isWaiting || this.isPausing) {
      this.#keepWaiting(bytes, start, end, done);
      return;
    }
    super.requestBody(bytes, start, end, stable, done);
    if (done && this.times !== null && this.attempt !== null && !this.responding)
      this.watchAttempt(this.client.clock.now());
  }

  /** The client has gone away, or broke the rules: not the server's fault. */
  abort(detail: string): void {
    this.giveBackRetry();
    if (this.isWaiting) {
      this.pool!.leaveQueue(this);
      this.exchange.clientLeft = true;
    }
    if (this.isPausing) {
      this.isPausing = false;
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

  override requestLate(now: number): void {
    const { exchange, client } = this;
    this.giveBackRetry();
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
    if (this.isPausing) this.isPausing = false;
    else this.endLate(now);
    client.answerFailure(504, noteStop(exchange, 'time'));
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

  /** Keeps what comes of the body while the request waits in the queue, up to what a repeat may keep. */
  #keepWaiting(bytes: Buffer, start: number, end: number, done: boolean): void {
    this.requestSent = done;
    this.body.add(bytes, start, end);
    if (!done && this.body.length > this.keepBytes()) this.client.pauseRequest();
  }
}
