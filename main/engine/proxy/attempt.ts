import type { LimitKind } from '@shared/catalog/limits.ts';
import type { ListenerLimits } from '@shared/config/schema.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { findSetCookie } from '../affinity/response-cookie.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { headerValue } from '../http1/head-lookup.ts';
import { interimResponse } from '../http1/outgoing-response.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../pool/server.ts';
import { writableIsBlocked } from '../sockets/send.ts';
import type { AttemptsClient } from './attempts-client.ts';
import type { BatchMember } from './batch.ts';
import type { Batching } from './batching.ts';
import { drainOverText } from './failure-text.ts';
import { HeldMessage } from './held-message.ts';
import { relayBody, relayResponse } from './relay.ts';
import { ReplayBody } from './replay-body.ts';
import { keptBodyBytes } from './retry-rules.ts';
import type { ServerConnection } from './server-connection.ts';
import { connectionsOf, type ServerConnections } from './server-connections.ts';
import { Tunnel } from './tunnel.ts';
import { type AwaitsTurnEnd, atTurnEnd } from './turn-end.ts';

const nothing = Buffer.alloc(0);

/**
 * The present attempt of a request: takes it to a server, alone or in a batch, and the response back to the client. What
 * follows when that fails is the loop's to say, see `Attempts`.
 */
export abstract class Attempt implements BatchMember, AwaitsTurnEnd {
  requestSent = false;
  isHead = false;
  asksUpgrade = false;
  decodesChunked = false;
  limits!: ListenerLimits;
  responseMs = 0;
  readonly exchange: Exchange;

  protected client!: AttemptsClient;
  protected readonly body = new ReplayBody();
  protected pool: Pool | null = null;
  /** The request's head, rewritten. */
  protected head = '';
  /** The method may be sent again although it may have taken effect. */
  protected repeatable = false;
  /** Null while none is running. */
  protected attempt: AttemptRecord | null = null;
  protected connection: ServerConnection | null = null;
  /** It goes at the end of this turn. */
  protected awaitsTurnEnd = false;
  #held: HeldMessage | null = null;
  /** The pool batches, and this request is one that may share a connection to its server. */
  protected batching: Batching | null = null;
  /** Addresses of the present attempt's server that could not be reached. */
  protected addressesFailed = 0;
  /** Bytes of a response have gone to the client. */
  protected responding = false;
  /** An interim response has gone to the client behind which an error may follow, but not another server's response. */
  protected announced = false;
  /** After a switch of protocols. */
  protected tunnel: Tunnel | null = null;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Belongs to this client's connection from now on, until that is gone. */
  adoptedBy(client: AttemptsClient): void {
    this.client = client;
  }

  /** An attempt has begun, or its request has come in whole. @param now clock's `now()` */
  protected abstract watchAttempt(now: number): void;
  /** The response of the present attempt is passed on: no other will be. */
  protected abstract chosen(): void;
  abstract failed(outcome: AttemptOutcome, detail: string, connection: ServerConnection): void;
  /** Tries elsewhere because of the response's status; false where that may not or cannot be, and the response stands. */
  protected abstract goElsewhere(status: number): boolean;

  /** Of the request's body, in case it has to be sent again. */
  get keptBytes(): number {
    return this.body.length;
  }

  /** The request is over: what was kept of it is given up, however long its client stays connected. */
  forget(): void {
    this.body.reset();
  }

  get offeredProtocols(): string {
    return this.asksUpgrade ? (headerValue(this.head, 'upgrade') ?? '') : '';
  }

  get isResponding(): boolean {
    return this.responding;
  }

  get isTunnel(): boolean {
    return this.tunnel !== null;
  }

  get tunnelIdleMs(): number {
    const { timeouts } = this.pool!.config;
    return this.tunnel === null ? timeouts.tunnelMs : this.tunnel.idleMs(timeouts);
  }

  tunnelIdle(): void {
    const tunnel = this.tunnel!;
    this.limitReached(tunnel.idleLimit);
    this.endTunnel(tunnel.idleText(this.pool!.config.timeouts));
  }

  tunnelDrained(limit: 'tunnel-drain' | 'drain-deadline'): void {
    this.limitReached(limit);
    this.endTunnel(
      limit === 'tunnel-drain'
        ? 'closed, because the server is to have no traffic (timeouts.tunnelDrain)'
        : `closed, because ${drainOverText}`,
    );
  }

  limitReached(kind: LimitKind): void {
    this.pool!.limitReached(kind, this.attempt?.server ?? null);
  }

  get clientWaits(): boolean {
    return this.client.socket.writableLength > 0;
  }

  /** What was written to the server may still be on its way, for all that is known here. */
  get serverWaits(): boolean {
    return this.connection === null || this.connection.socket.writableLength > 0;
  }

  /** More of the request's body, or of whatever follows a switch of protocols. */
  requestBody(bytes: Buffer, start: number, end: number, stable: boolean, done: boolean): void {
    const connection = this.connection;
    if (!connection && !this.awaitsTurnEnd) return;
    this.requestSent = done;
    if (connection?.isConnected) {
      if (!this.isTunnel) this.body.addSent(bytes, start, end, this.keepBytes());
      connection.sendMore(bytes, start, end, stable);
      this.checkServer(connection);
    } else {
      if (this.#held?.isHolding) this.#held.moveBody(this.body);
      this.body.add(bytes, start, end);
      if (!done) this.client.pauseRequest();
    }
  }

  /** After a switch of protocols: the client sends no more. */
  clientEnded(): void {
    const tunnel = this.tunnel!;
    tunnel.clientEnded = true;
    if (tunnel.isOver) this.endTunnel();
    else this.connection?.endWriting();
  }

  /** What waited to be written to the client is written. */
  clientDrained(): void {
    this.connection?.resume();
  }

  connected(): void {
    const connection = this.connection;
    if (!connection) return;
    const body = this.body.length > 0 ? this.body.joined() : nothing;
    this.body.limit(this.keepBytes());
    connection.send(this.head, body, 0, body.length, true);
    if (!connection.isBlocked) this.client.resumeRequest();
  }

  drained(): void {
    this.client.resumeRequest();
  }

  interim(bytes: Buffer, head: ResponseHead): void {
    if (this.client.minor === 0) return; // such a client knows no interim responses
    // 100, 102 and 103 promise nothing of the response (RFC 9110 section 15.2, RFC 8297 section 2); what others mean nobody knows.
    const { status } = head;
    if (status !== 100 && status !== 102 && status !== 103) this.announced = true;
    this.client.socket.write(interimResponse(bytes, head, this.client.clock), 'latin1');
  }

  response(bytes: Buffer, head: ResponseHead, start: number, end: number, stable: boolean): void {
    const attempt = this.attempt!;
    const connection = this.connection!;
    const client = this.client;
    attempt.status = head.status;
    if (head.status >= 400 && this.goElsewhere(head.status)) return;
    this.chosen();
    if (head.status === 101) {
      this.tunnel = new Tunnel();
      this.pool!.requestSwitched(this.exchange);
    }
    if (!this.requestSent) client.closeAfter();
    this.responding = true;
    this.exchange.status = head.status;
    const cookieName = this.pool!.learnsCookie;
    if (cookieName !== null) this.#learnCookie(cookieName, bytes, head, start);
    relayResponse(client, attempt.server!, connection.framing, bytes, head, start, end, stable);
    if (this.tunnel !== null) {
      client.tunnelled();
      // What followed in the same read may have ended it.
      if (!this.connection) return;
    }
    this.#checkClient(connection);
  }

  /** The application's own cookie binds its client. @param headEnd offset behind the head */
  #learnCookie(name: string, bytes: Buffer, head: ResponseHead, headEnd: number): void {
    const text = bytes.toString('latin1', head.statusStart, headEnd);
    const cookie = findSetCookie(text, name, this.client.clock.epoch());
    if (cookie !== null) this.pool!.cookieSet(this.exchange, this.attempt!, cookie);
  }

  responseBody(bytes: Buffer, start: number, end: number, stable: boolean): void {
    const connection = this.connection!;
    relayBody(this.client, connection.framing, bytes, start, end, stable);
    this.#checkClient(connection);
  }

  responseEnded(payloadBytes: number): void {
    const attempt = this.attempt!;
    this.connection = null;
    this.exchange.responseBytes = payloadBytes;
    this.end('responded', null);
    this.batching?.record.answered(attempt.startedAt, attempt.endedAt);
    this.client.answered();
  }

  sendAlone(): void {
    this.#sendOn(this.repeatable);
  }

  turnEnded(): void {
    if (!this.awaitsTurnEnd) return;
    this.awaitsTurnEnd = false;
    this.#sendOn(false);
  }

  /** Keeps the beginning of the body while there is no connection to send it on. */
  protected hold(bytes: Buffer, start: number, end: number): void {
    // What is not kept for a repeat anyway is not worth memory of its own.
    if (this.awaitsTurnEnd && end - start > this.keepBytes()) {
      this.#held ??= new HeldMessage();
      if (this.#held.hold(this.head, bytes, start, end)) return;
    }
    this.body.add(bytes, start, end);
  }

  /** It does not go at the end of this turn. */
  protected forgetTurn(): void {
    this.awaitsTurnEnd = false;
    this.#held?.release();
  }

  #sendOn(repeatable: boolean): void {
    const { timeouts } = this.pool!.config;
    const connection = this.connectionsOf(this.attempt!.server!).take(this, timeouts, repeatable);
    this.connection = connection;
    const held = this.#held?.isHolding ? this.#held : null;
    if (connection.isConnected && held !== null) {
      this.body.giveUp();
      held.sendOn(connection);
      if (!connection.isBlocked) this.client.resumeRequest();
      return;
    }
    held?.moveBody(this.body);
    if (connection.isConnected) this.connected();
  }

  sendShared(connection: ServerConnection, place: number, size: number): void {
    const attempt = this.attempt!;
    attempt.batchPlace = place;
    attempt.batchSize = size;
    this.connection = connection;
  }

  sendApart(why: string): void {
    const connection = this.connection!;
    if (this.announced) {
      this.failed('closed-before-response', why, connection);
      return;
    }
    this.attempt!.sentApart = why;
    this.sendAlone();
  }

  serverEnded(): void {
    const tunnel = this.tunnel!;
    tunnel.serverEnded = true;
    if (tunnel.isOver) {
      this.endTunnel();
      return;
    }
    this.client.socket.end();
    this.client.wrote();
  }

  /**
   * Begins the attempt that the pool chose this server for. Null where it goes at the end of this turn: it may go out only
   * once, on a connection that was idle, and by then is known whether the server had closed that before the request came.
   *
   * @param now clock's `now()`
   */
  protected start(server: Server, now: number): ServerConnection | null {
    this.#startAttempt(now);
    const connections = this.connectionsOf(server);
    // How much of a body is still to come nobody knows: it may be more than is kept for a repeat.
    const repeatable = this.repeatable && this.requestSent;
    if (!repeatable && connections.hasTrusted()) {
      this.awaitsTurnEnd = true;
      atTurnEnd(this);
    } else this.connection = connections.take(this, this.pool!.config.timeouts, repeatable);
    return this.connection;
  }

  /** The same attempt once more, on a connection that nobody has used. */
  protected sendFresh(server: Server): void {
    this.connection = this.connectionsOf(server).openNew(this, this.pool!.config.timeouts);
  }

  /** True where the request goes at the end of this turn, with others for the same server if there are any. */
  protected joins(server: Server, pool: Pool, isBodiless: boolean): boolean {
    const { method, startedAt } = this.exchange;
    if (!isBodiless || (method !== 'GET' && method !== 'HEAD')) return false;
    if (this.asksUpgrade || this.client.expectsContinue) return false;
    const { batching, timeouts } = pool.config;
    this.batching = this.connectionsOf(server).batching;
    if (!this.batching.record.allows(batching.mode, startedAt)) return false;
    this.#startAttempt(startedAt);
    this.batching.join(this, this.head, batching, timeouts);
    return true;
  }

  #startAttempt(now: number): void {
    const exchange = this.exchange;
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    attempt.begin(now);
    this.addressesFailed = 0;
    this.attempt = attempt;
    this.watchAttempt(now);
  }

  protected connectionsOf(server: Server): ServerConnections {
    return server.connections ?? connectionsOf(server, this.pool!, this.client);
  }

  /** Wants no response of the present attempt any more, be it under way or not sent yet. */
  protected letGo(): void {
    const { connection } = this;
    this.connection = null;
    this.forgetTurn();
    if (connection) connection.leave(this);
    else this.batching?.withdraw(this);
  }

  /** The attempt is over. */
  protected end(outcome: AttemptOutcome, detail: string | null): void {
    const attempt = this.attempt;
    if (!attempt) return;
    this.attempt = null;
    attempt.outcome = outcome;
    attempt.detail = detail;
    attempt.endedAt = this.client.clock.now();
    this.pool!.attemptEnded(this.exchange, attempt);
  }

  protected endTunnel(detail: string | null = null): void {
    const connection = this.connection;
    this.connection = null;
    this.exchange.responseBytes = connection?.framing.payloadBytes ?? 0;
    this.end('responded', detail);
    // What waits still goes out: destroying would cut it off.
    connection?.retireTunnel();
    this.client.answered();
  }

  protected keepBytes(): number {
    return keptBodyBytes(this.pool!.config.retry, this.repeatable);
  }

  protected checkServer(connection: ServerConnection): void {
    if (connection.isBlocked) this.client.pauseRequest();
  }

  #checkClient(connection: ServerConnection): void {
    if (!connection.framing.done && writableIsBlocked(this.client.socket)) connection.pause();
    this.client.wrote();
  }
}
