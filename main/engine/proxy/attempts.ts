import type { LimitKind } from '@shared/catalog/limits.ts';
import type { AttemptOutcome } from '@shared/contract/values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import { systemClock } from '../clock.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { interimResponse, outgoingResponse, type ResponseTraits } from '../http1/outgoing-response.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { Pool } from '../pool/pool.ts';
import type { Waiter } from '../pool/request-queue.ts';
import type { Server } from '../pool/server.ts';
import { send, writableIsBlocked } from '../sockets/send.ts';
import type { AttemptsClient } from './attempts-client.ts';
import type { BatchMember } from './batch.ts';
import type { Batching } from './batching.ts';
import { failureSummary, type StopReason } from './failure-text.ts';
import { ReplayBody } from './replay-body.ts';
import type { ServerConnection } from './server-connection.ts';
import { ServerConnections } from './server-connections.ts';

/** A request that is not safe to repeat is kept up to here, for the case that provably nothing of it was delivered. */
const unrepeatableBytes = 16_384;
const nothing = Buffer.alloc(0);
/** RFC 9110 section 9.2.2. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
const traits: ResponseTraits = {
  closes: false,
  keepsAlive10: false,
  hidesCoding: false,
  ownFields: '',
  clock: systemClock,
};

/**
 * The attempts of one request: chooses a server, sends the request, passes the response on, and when that fails decides
 * whether another server is tried. One per client connection, reused for every request it carries and by a connection after it.
 */
export class Attempts implements BatchMember, Waiter {
  requestSent = false;
  isHead = false;
  asksUpgrade = false;
  decodesChunked = false;
  headBytes = 0;
  headFields = 0;
  responseMs = 0;
  /** The protocol was switched: bytes pass both ways until both sides have ended. */
  isTunnel = false;
  /** In the pool's queue: every server that could take it is at its limit. */
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;

  #client!: AttemptsClient;
  readonly #exchange: Exchange;
  readonly #body = new ReplayBody();
  #pool: Pool | null = null;
  #head = '';
  #idempotent = false;
  #attempt: AttemptRecord | null = null;
  #connection: ServerConnection | null = null;
  /** The pool batches, and this request is one that may share a connection to its server. */
  #batching: Batching | null = null;
  #freshTried = false;
  /** Addresses of the present attempt's server that could not be reached. */
  #addressesFailed = 0;
  /** Attempts that found nobody listening. */
  #refused = 0;
  /** Bytes of a response have gone to the client. */
  #responding = false;
  /** An interim response has gone to the client: an error may still follow it, another server's response may not. */
  #announced = false;
  #clientEnded = false;
  #serverEnded = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Belongs to this client's connection from now on, until that is gone. */
  adoptedBy(client: AttemptsClient): void {
    this.#client = client;
  }

  /** A request is under way. */
  get isActive(): boolean {
    return this.#attempt !== null || this.isWaiting;
  }

  get exchange(): Exchange {
    return this.#exchange;
  }

  /** Of the request's body, in case it has to be sent again. */
  get keptBytes(): number {
    return this.#body.length;
  }

  /** The request is over: what was kept of it is given up, however long its client stays connected. */
  forget(): void {
    this.#body.reset();
  }

  get isResponding(): boolean {
    return this.#responding;
  }

  get interimResponses(): number {
    return this.#client.limits.interimResponses;
  }

  get trailerBytes(): number {
    return this.#client.limits.trailerBytes;
  }

  get tunnelIdleMs(): number {
    const { tunnelMs, tunnelEndMs } = this.#pool!.config.timeouts;
    return this.#clientEnded || this.#serverEnded ? tunnelEndMs : tunnelMs;
  }

  tunnelIdle(): void {
    const isHalf = this.#clientEnded || this.#serverEnded;
    const key = isHalf ? 'timeouts.tunnelEnd' : 'timeouts.tunnel';
    const idle = formatDuration(this.tunnelIdleMs);
    this.limitReached(isHalf ? 'tunnel-end-timeout' : 'tunnel-timeout');
    this.#endTunnel(`closed, because nothing moved for ${idle} (${key})`);
  }

  tunnelDrained(): void {
    this.limitReached('tunnel-drain');
    this.#endTunnel('closed, because the server is to have no traffic (timeouts.tunnelDrain)');
  }

  limitReached(kind: LimitKind): void {
    this.#pool!.limitReached(kind, this.#attempt?.server ?? null);
  }

  get clientWaits(): boolean {
    return this.#client.socket.writableLength > 0;
  }

  /** Begins a request with its rewritten head and the first piece of its body, which is good until this returns. */
  begin(pool: Pool, head: string, bytes: Buffer, start: number, end: number, done: boolean): void {
    const client = this.#client;
    this.#pool = pool;
    this.#head = head;
    this.#idempotent = idempotentMethods.has(this.#exchange.method);
    this.requestSent = done;
    this.isHead = client.isHead;
    this.asksUpgrade = client.asksUpgrade;
    this.decodesChunked = client.minor === 0;
    this.headBytes = client.limits.headBytes;
    this.headFields = client.limits.headFields;
    this.responseMs = pool.config.timeouts.responseMs;
    this.isTunnel = false;
    this.#batching = null;
    this.#freshTried = false;
    this.#refused = 0;
    this.#responding = false;
    this.#announced = false;
    this.#clientEnded = false;
    this.#serverEnded = false;
    this.#body.reset();
    pool.requestArrived();
    const server = pool.choose(this.#exchange);
    if (!server) {
      if (pool.enqueue(this)) {
        client.queued();
        this.#keepWaiting(bytes, start, end, done);
      } else client.answerFailure(503, this.#exchange.error ?? 'no server is available');
      return;
    }
    if (pool.config.batching.mode !== 'off' && this.#joins(server, pool, done && end === start)) return;
    const connection = this.#start(server, this.#exchange.startedAt);
    if (connection.isConnected) {
      connection.send(head, bytes, start, end, false);
      if (end > start) this.#body.addSent(bytes, start, end, this.#keepBytes());
      this.#checkServer(connection);
    } else {
      this.#body.add(bytes, start, end);
      if (end > start && !done) client.pauseRequest();
    }
  }

  /** More of the request's body, or of whatever follows a switch of protocols. */
  requestBody(bytes: Buffer, start: number, end: number, stable: boolean, done: boolean): void {
    const connection = this.#connection;
    if (!connection) {
      if (this.isWaiting) this.#keepWaiting(bytes, start, end, done);
      return;
    }
    this.requestSent = done;
    if (connection.isConnected) {
      if (!this.isTunnel) this.#body.addSent(bytes, start, end, this.#keepBytes());
      connection.sendMore(bytes, start, end, stable);
      this.#checkServer(connection);
    } else {
      this.#body.add(bytes, start, end);
      if (!done) this.#client.pauseRequest();
    }
  }

  /** The client has gone away, or broke the rules: not the server's fault. */
  abort(detail: string): void {
    if (this.isWaiting) {
      this.#pool!.leaveQueue(this);
      this.#exchange.clientLeft = true;
    }
    const connection = this.#connection;
    this.#connection = null;
    if (connection && this.#responding) this.#exchange.responseBytes = connection.framing.payloadBytes;
    if (connection) connection.leave(this);
    else this.#batching?.withdraw(this);
    this.#end('client-aborted', detail);
  }

  /** After a switch of protocols: the client sends no more. */
  clientEnded(): void {
    this.#clientEnded = true;
    if (this.#serverEnded) this.#endTunnel();
    else this.#connection?.endWriting();
  }

  /** What waited to be written to the client is written. */
  clientDrained(): void {
    this.#connection?.resume();
  }

  served(server: Server): void {
    this.#resend(server);
  }

  refused(): void {
    const exchange = this.#exchange;
    if (exchange.attemptCount === 0) {
      this.#client.answerFailure(503, exchange.error ?? 'no server is available');
      return;
    }
    // The request got as far as a server: what happened there is what the client should hear of.
    exchange.busy = false;
    this.#answerLast('queue');
  }

  connected(): void {
    const connection = this.#connection;
    if (!connection) return;
    const body = this.#body.length > 0 ? this.#body.joined() : nothing;
    this.#body.limit(this.#keepBytes());
    connection.send(this.#head, body, 0, body.length, true);
    if (!connection.isBlocked) this.#client.resumeRequest();
  }

  drained(): void {
    this.#client.resumeRequest();
  }

  interim(bytes: Buffer, head: ResponseHead): void {
    if (this.#client.minor === 0) return; // such a client knows no interim responses
    this.#announced = true;
    this.#client.socket.write(interimResponse(bytes, head, this.#client.clock), 'latin1');
  }

  response(bytes: Buffer, head: ResponseHead, start: number, end: number, stable: boolean): void {
    const attempt = this.#attempt!;
    const connection = this.#connection!;
    const client = this.#client;
    attempt.status = head.status;
    if (this.#retriesStatus(head.status) && this.#goElsewhere(head.status)) return;
    const { framing } = connection;
    this.isTunnel = head.status === 101;
    const decodes = this.decodesChunked && framing.kind === 'chunked';
    traits.hidesCoding = this.decodesChunked;
    const delimitedByClose = !this.isTunnel && (framing.kind === 'until-close' || decodes);
    if (delimitedByClose || !this.requestSent) client.closeAfter();
    traits.closes = client.closes;
    traits.keepsAlive10 = client.minor === 0 && !client.closes;
    traits.clock = client.clock;
    traits.ownFields = client.ownFields(attempt.server!);
    this.#responding = true;
    this.#exchange.status = head.status;
    const text = outgoingResponse(bytes, head, traits);
    if (decodes) {
      send(client.socket, text, bytes, 0, 0, stable);
      this.#sendDecoded(connection, bytes, stable);
    } else send(client.socket, text, bytes, start, end, stable);
    if (this.isTunnel) {
      client.tunnelled();
      // What followed in the same read may have ended it.
      if (!this.#connection) return;
    }
    this.#checkClient(connection);
  }

  responseBody(bytes: Buffer, start: number, end: number, stable: boolean): void {
    const connection = this.#connection!;
    if (this.decodesChunked && connection.framing.kind === 'chunked')
      this.#sendDecoded(connection, bytes, stable);
    else send(this.#client.socket, '', bytes, start, end, stable);
    this.#checkClient(connection);
  }

  responseEnded(payloadBytes: number): void {
    const attempt = this.#attempt!;
    this.#connection = null;
    this.#exchange.responseBytes = payloadBytes;
    this.#end('responded', null);
    this.#batching?.record.answered(attempt.startedAt, attempt.endedAt);
    this.#client.answered();
  }

  sendAlone(): void {
    const { timeouts } = this.#pool!.config;
    const connection = this.#connectionsOf(this.#attempt!.server!).take(this, timeouts, this.#idempotent);
    this.#connection = connection;
    if (connection.isConnected) this.connected();
  }

  sendShared(connection: ServerConnection, place: number, size: number): void {
    const attempt = this.#attempt!;
    attempt.batchPlace = place;
    attempt.batchSize = size;
    this.#connection = connection;
  }

  sendApart(why: string): void {
    const connection = this.#connection!;
    if (this.#announced) {
      this.failed('closed-before-response', why, connection);
      return;
    }
    this.#attempt!.sentApart = why;
    this.sendAlone();
  }

  serverEnded(): void {
    this.#serverEnded = true;
    if (this.#clientEnded) {
      this.#endTunnel();
      return;
    }
    this.#client.socket.end();
    this.#client.wrote();
  }

  failed(outcome: AttemptOutcome, detail: string, connection: ServerConnection): void {
    const attempt = this.#attempt!;
    const server = attempt.server!;
    this.#connection = null;
    if (connection.ownFault) {
      this.#noDescriptor(attempt, detail);
      return;
    }
    if (outcome === 'connect-failed') {
      // A name that means several addresses is unreachable only when all of them are.
      server.endpoint.failed(connection.host);
      if (++this.#addressesFailed < server.endpoint.count) {
        this.#connection = this.#connectionsOf(server).openNew(this, this.#pool!.config.timeouts);
        return;
      }
      this.#batching?.record.serverGone();
    }
    const wasStale =
      outcome === 'closed-before-response' &&
      (connection.reused || connection.isShared) &&
      !connection.sawResponse &&
      !this.#freshTried;
    if (wasStale && this.#body.complete && (this.#idempotent || connection.unsent)) {
      // The server closed an idle connection just when the request was on its way: that says nothing about the server.
      this.#freshTried = true;
      this.#connection = this.#connectionsOf(server).openNew(this, this.#pool!.config.timeouts);
      return;
    }
    if (this.#responding) {
      this.#exchange.responseBytes = connection.framing.payloadBytes;
      this.#end(outcome, detail);
      this.#client.cut(
        this.isTunnel ? `${server.name}: ${detail}` : failureSummary(this.#exchange, 'response-begun'),
      );
      return;
    }
    this.#end(outcome, detail);
    if (connection.refused) this.#refused++;
    const stop = this.#retry(outcome);
    if (stop !== null) this.#answerLast(stop);
  }

  /** The system gave no socket: another server would not get one either, but room can be made. */
  #noDescriptor(attempt: AttemptRecord, detail: string): void {
    const client = this.#client;
    const mayTryAgain = !this.#freshTried && !this.#responding;
    if (client.freeDescriptors() && mayTryAgain) {
      this.#freshTried = true;
      this.#connection = this.#connectionsOf(attempt.server!).openNew(this, this.#pool!.config.timeouts);
      return;
    }
    attempt.ownFault = true;
    this.#end('connect-failed', detail);
    this.#exchange.busy = true;
    client.answerFailure(503, `${attempt.server!.name} was not asked: ${detail}; ${client.descriptorAdvice}`);
  }

  /** No further attempt: the last one's failure stands. */
  #answerLast(stop: StopReason): void {
    const exchange = this.#exchange;
    const { outcome } = exchange.attempts[exchange.attemptCount - 1]!;
    const summary = failureSummary(exchange, stop);
    if (outcome === 'connect-failed' && exchange.lastResort !== null)
      this.#client.answerFailure(503, `${exchange.lastResort}; ${summary}`);
    else this.#client.answerFailure(outcome === 'timed-out' ? 504 : 502, summary);
  }

  /** Keeps what comes of the body while the request waits in the queue, up to what a repeat may keep. */
  #keepWaiting(bytes: Buffer, start: number, end: number, done: boolean): void {
    this.requestSent = done;
    this.#body.add(bytes, start, end);
    if (!done && this.#body.length > this.#keepBytes()) this.#client.pauseRequest();
  }

  /** Starts another attempt where the rules allow it; otherwise says why not. */
  #retry(outcome: AttemptOutcome): StopReason | null {
    const pool = this.#pool!;
    if (this.#announced) return 'response-begun';
    if (this.#attemptsUsed(pool)) return 'attempts';
    // A connection that never was has delivered nothing: anything may be tried elsewhere.
    if (outcome !== 'connect-failed' && !this.#idempotent) return 'method';
    if (!this.#body.complete) {
      pool.limitReached('retry-body', null);
      return 'body';
    }
    // Nor does it add to what any server has to do, which is what the budget is for.
    if (outcome !== 'connect-failed' && !pool.takeRetry()) return 'budget';
    const server = this.#chooseAnother(pool);
    if (server) this.#resend(server);
    else if (pool.enqueue(this)) this.#client.queued();
    else {
      const exchange = this.#exchange;
      const wasBusy = exchange.busy;
      exchange.busy = false;
      exchange.error = null;
      return wasBusy ? 'queue' : 'no-server';
    }
    return null;
  }

  /**
   * To pass by servers where nobody listens costs next to no time and delivers nothing, so it uses up no attempt: as long as
   * one server of many lives, a request finds it. A pool with a single attempt wants no other server tried at all.
   */
  #attemptsUsed({ config }: Pool): boolean {
    const { attempts } = config.retry;
    return attempts === 1 || this.#exchange.attemptCount - this.#refused >= attempts;
  }

  #retriesStatus(status: number): boolean {
    if (status < 400 || this.#announced) return false;
    return this.#pool!.config.retry.on.includes(status);
  }

  /** Tries elsewhere because of the response's status; false where that may not or cannot be, and the response stands. */
  #goElsewhere(status: number): boolean {
    const pool = this.#pool!;
    const exchange = this.#exchange;
    if (this.#attemptsUsed(pool) || !this.#idempotent) return false;
    if (!this.#body.complete) {
      pool.limitReached('retry-body', null);
      return false;
    }
    if (!pool.takeRetry()) return false;
    // `choose` takes the next record, so the present attempt is ended by hand.
    const attempt = this.#attempt!;
    const server = this.#chooseAnother(pool);
    if (!server) {
      exchange.unserved = null;
      return false;
    }
    this.#attempt = attempt;
    this.#connection?.abandon();
    this.#connection = null;
    this.#end('responded', `status ${status}, tried elsewhere`);
    this.#resend(server);
    return true;
  }

  /** Another server, or null without a trace in the exchange: then the last failure stands. */
  #chooseAnother(pool: Pool): Server | null {
    const exchange = this.#exchange;
    const count = exchange.attemptCount;
    const server = pool.choose(exchange);
    if (!server) {
      exchange.attemptCount = count;
      exchange.error = null;
    }
    return server;
  }

  #resend(server: Server): void {
    this.#batching = null;
    this.#freshTried = false;
    const connection = this.#start(server, this.#client.clock.now());
    if (connection.isConnected) this.connected();
  }

  #start(server: Server, now: number): ServerConnection {
    this.#startAttempt(now);
    const { timeouts } = this.#pool!.config;
    // How much of a body is still to come nobody knows: it may be more than is kept for a repeat.
    const repeatable = this.#idempotent && this.requestSent;
    const connection = this.#connectionsOf(server).take(this, timeouts, repeatable);
    this.#connection = connection;
    return connection;
  }

  /** True where the request goes at the end of this turn, with others for the same server if there are any. */
  #joins(server: Server, pool: Pool, isBodiless: boolean): boolean {
    const { method, startedAt } = this.#exchange;
    if (!isBodiless || (method !== 'GET' && method !== 'HEAD')) return false;
    if (this.asksUpgrade || this.#client.expectsContinue) return false;
    const { batching, timeouts } = pool.config;
    this.#batching = this.#connectionsOf(server).batching;
    if (!this.#batching.record.allows(batching.mode, startedAt)) return false;
    this.#startAttempt(startedAt);
    this.#batching.join(this, this.#head, batching, timeouts);
    return true;
  }

  #startAttempt(now: number): void {
    const exchange = this.#exchange;
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    attempt.startedAt = now;
    attempt.endedAt = 0;
    attempt.outcome = 'responded';
    attempt.status = 0;
    attempt.detail = null;
    attempt.ownFault = false;
    this.#addressesFailed = 0;
    attempt.batchPlace = 0;
    attempt.batchSize = 0;
    attempt.sentApart = null;
    this.#attempt = attempt;
  }

  #connectionsOf(server: Server): ServerConnections {
    if (server.connections) return server.connections;
    const pool = this.#pool!;
    server.connections = new ServerConnections(
      server.endpoint,
      this.#client.clock,
      this.#client.path,
      pool.config.idleConnections,
      () => pool.limitReached('idle-connections', server),
    );
    return server.connections;
  }

  #end(outcome: AttemptOutcome, detail: string | null): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    this.#attempt = null;
    attempt.outcome = outcome;
    attempt.detail = detail;
    attempt.endedAt = this.#client.clock.now();
    this.#pool!.attemptEnded(this.#exchange, attempt);
  }

  #endTunnel(detail: string | null = null): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#exchange.responseBytes = connection?.framing.payloadBytes ?? 0;
    this.#end('responded', detail);
    // What waits still goes out: destroying would cut it off.
    connection?.retireTunnel();
    this.#client.answered();
  }

  #keepBytes(): number {
    const limit = this.#pool!.config.retry.bodyBytes;
    return this.#idempotent ? limit : Math.min(limit, unrepeatableBytes);
  }

  #sendDecoded(connection: ServerConnection, bytes: Buffer, stable: boolean): void {
    const { ranges } = connection.framing.chunked;
    for (let i = 0; i < ranges.length; i += 2)
      send(this.#client.socket, '', bytes, ranges[i]!, ranges[i + 1]!, stable);
  }

  #checkServer(connection: ServerConnection): void {
    if (connection.isBlocked) this.#client.pauseRequest();
  }

  #checkClient(connection: ServerConnection): void {
    if (!connection.framing.done && writableIsBlocked(this.#client.socket)) connection.pause();
    this.#client.wrote();
  }
}
