import type { Socket } from 'node:net';
import type { ListenerLimits } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import { Exchange, type RequestFacts } from '../exchange.ts';
import { BodyFraming } from '../http1/body-framing.ts';
import { CR, LF } from '../http1/byte-classes.ts';
import { headerValue } from '../http1/head-lookup.ts';
import { HeldBytes } from '../http1/held-bytes.ts';
import { originForm, outgoingRequest } from '../http1/outgoing-request.ts';
import { isStable, ReadBuffer } from '../http1/read-buffers.ts';
import {
  BODY_TIMEOUT,
  CHUNK,
  HEAD_TIMEOUT,
  HEAD_TOO_LARGE,
  LINE_TOO_LONG,
  type Refusal,
  refusalOf,
  refusals,
} from '../http1/refusal.ts';
import { RequestHead } from '../http1/request-head.ts';
import { writableIsBlocked } from '../http1/send.ts';
import type { ReadPath, SocketReader } from '../http1/socket-reader.ts';
import { Timed, type TimerWheel } from '../http1/timer-wheel.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../pool/server.ts';
import { Attempts, type AttemptsClient } from '../proxy/attempts.ts';
import { ownResponse, prefersJson } from './own-response.ts';
import type { Router } from './routes.ts';

/** What the connections of one listener share; replaced field by field when the configuration changes. */
export interface ClientContext {
  readonly name: string;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly path: ReadPath;
  router: Router;
  limits: ListenerLimits;
  trustsForwarded: boolean;
  /** Host and port as bound: stands in for a missing Host. */
  authority: string;
  /** Connections close after the request they carry. */
  stopping: boolean;
  findPool(name: string): Pool | undefined;
  nextRequestId(exchange: Exchange): void;
  finished(exchange: Exchange): void;
  responseFields(): boolean;
  closed(connection: ClientConnection): void;
}

/** Between requests. */
const IDLE = 0;
/** Part of a head has come. */
const HEAD = 1;
const BUSY = 2;
/** The response is written, but the client has not taken it: nothing further is begun. */
const BLOCKED = 3;
/** The last response is written; what still comes is thrown away, so that closing does not destroy the response. */
const LINGER = 4;
const CLOSED = 5;

const never = Number.POSITIVE_INFINITY;
const lingerMs = 2_000;
/** Requests sent ahead are kept up to here; beyond it the client is not read. */
const heldBytes = 65_536;
/** Scanning ends before the callback returns, so one scanner serves all. */
const head = new RequestHead();

/** One client: reads its requests strictly, one after the other, and carries each to a server and back. */
export class ClientConnection extends Timed implements SocketReader, AttemptsClient, RequestFacts {
  readonly exchange = new Exchange();
  readonly clock: Clock;
  readonly path: ReadPath;
  minor = 1;
  isHead = false;
  asksUpgrade = false;
  closes = false;

  readonly #context: ClientContext;
  readonly #attempts: Attempts;
  readonly #framing = new BodyFraming();
  readonly #buffer = new ReadBuffer();
  readonly #held = new HeldBytes();
  #socket: Socket | null = null;
  #state = IDLE;
  #running = false;
  #paused = false;
  #pausedForServer = false;
  #inputEnded = false;
  #clientAddress = '';
  /** The rewritten head: also what affinity and strategies look into. */
  #outgoing = '';
  #host = '';
  #lingerUntil = 0;

  constructor(context: ClientContext) {
    super();
    this.#context = context;
    this.clock = context.clock;
    this.path = context.path;
    this.exchange.facts = this;
    this.#attempts = new Attempts(this);
  }

  /** Takes charge of an accepted socket, once. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('end', () => this.#ended());
    socket.on('drain', () => this.#drained());
    socket.on('error', () => this.#gone());
    socket.on('close', () => this.#gone());
    this.#context.wheel.set(this, this.clock.now() + this.#context.limits.idleTimeoutMs);
  }

  get socket(): Socket {
    return this.#socket!;
  }

  get limits(): ListenerLimits {
    return this.#context.limits;
  }

  get isBusy(): boolean {
    return this.#state === BUSY;
  }

  get clientAddress(): string {
    if (this.#clientAddress === '') {
      const address = this.#socket?.remoteAddress ?? 'unknown';
      this.#clientAddress = address.startsWith('::ffff:') ? address.slice(7) : address;
    }
    return this.#clientAddress;
  }

  header(name: string): string | null {
    return headerValue(this.#outgoing, name);
  }

  /** The listener stops: now if nothing runs, otherwise after the running request. */
  closeWhenIdle(): void {
    if (this.#state === BUSY || this.#state === LINGER) this.closes = true;
    else if (this.socket.writableLength > 0) this.#linger();
    else this.destroy();
  }

  /** Closes at once. A running request ends as aborted. */
  destroy(): void {
    this.#gone();
  }

  nextBuffer(): Buffer {
    return this.#buffer.next(this.#state === BUSY ? this.#framing : null, true);
  }

  bytesRead(bytes: Buffer, length: number): void {
    this.#buffer.filled = length === bytes.length;
    const held = this.#held;
    switch (this.#state) {
      case IDLE:
      case HEAD: {
        if (held.length === 0) {
          const at = this.#readRequests(bytes, 0, length);
          this.#hold(bytes, at, length);
          return;
        }
        held.add(bytes, 0, length);
        // An incomplete head can only become complete, or wrong, with the end of a line.
        if (hasLineEnd(bytes, length)) this.#runHeld();
        else this.#checkSize(held.bytes, held.start, held.end);
        return;
      }
      case BUSY:
        if (this.#framing.done) this.#hold(bytes, 0, length);
        else this.#hold(bytes, this.#readBody(bytes, 0, length, isStable(bytes)), length);
        return;
      case BLOCKED:
        this.#hold(bytes, 0, length);
        return;
      default:
    }
  }

  override onDeadline(now: number): void {
    const { wheel, limits } = this.#context;
    switch (this.#state) {
      case HEAD:
        this.#beginExchange();
        this.#refuse(refusals[HEAD_TIMEOUT]);
        return;
      case BUSY:
        if (this.#attempts.isTunnel || this.#attempts.isResponding) {
          const detail = 'the client took no more of the response in time (limits.idleTimeout)';
          this.#attempts.abort(detail);
          this.cut(detail);
          return;
        }
        this.#attempts.abort(refusals[BODY_TIMEOUT].text);
        this.#refuse(refusals[BODY_TIMEOUT]);
        return;
      case LINGER:
        if (this.socket.writableLength > 0 && now < this.#lingerUntil) {
          wheel.set(this, now + lingerMs);
          return;
        }
        this.destroy();
        return;
      case BLOCKED:
      case IDLE:
        this.destroy();
        return;
      default:
        wheel.set(this, now + limits.idleTimeoutMs);
    }
  }

  // What the attempts ask for

  ownFields(server: Server): string {
    const { exchange } = this;
    const cookie = exchange.setCookie === null ? '' : `Set-Cookie: ${exchange.setCookie}\r\n`;
    if (!this.#context.responseFields()) return cookie;
    return `${cookie}x-ballast-server: ${server.name}\r\nx-ballast-attempts: ${exchange.attemptCount}\r\nx-ballast-request: ${exchange.idText}\r\n`;
  }

  closeAfter(): void {
    this.closes = true;
  }

  pauseRequest(): void {
    this.#pausedForServer = true;
    this.#pause();
    if (this.#state === BUSY && !this.#attempts.isResponding) this.#context.wheel.set(this, never);
  }

  resumeRequest(): void {
    if (!this.#pausedForServer) return;
    this.#pausedForServer = false;
    this.#resume();
    this.#awaitBody();
  }

  wrote(): void {
    const { wheel, limits } = this.#context;
    if (writableIsBlocked(this.socket)) wheel.set(this, this.clock.now() + limits.idleTimeoutMs);
    else this.#awaitBody();
  }

  tunnelled(): void {
    const held = this.#held;
    this.#framing.start('until-close', 0);
    this.#context.wheel.set(this, never);
    this.#resume();
    if (held.length > 0) {
      const { bytes, start, end } = held;
      this.#framing.consume(bytes, start, end);
      this.#attempts.requestBody(bytes, start, end, false, false);
      held.clear();
    }
    if (this.#inputEnded) this.#attempts.clientEnded();
  }

  answered(): void {
    this.#finish();
  }

  answerFailure(status: number, error: string): void {
    this.exchange.error = error;
    this.#answer(status, error);
  }

  cut(error: string): void {
    this.exchange.error ??= error;
    this.#report();
    // Where only the end of the connection would end the response, a clean end would make it look complete.
    this.socket.resetAndDestroy();
    this.#gone();
  }

  // Requests

  #readRequests(bytes: Buffer, start: number, end: number): number {
    this.#running = true;
    let at = start;
    while (at < end && (this.#state === IDLE || this.#state === HEAD)) {
      const next = this.#readRequest(bytes, at, end);
      if (next === at) break;
      at = next;
    }
    this.#running = false;
    return at;
  }

  /** The held bytes, once a request has been dealt with or more has come. */
  #runHeld(): void {
    if (this.#running) return;
    const held = this.#held;
    const at = this.#readRequests(held.bytes, held.start, held.end);
    if (this.#state !== CLOSED) held.consumeTo(at);
    if (held.length < heldBytes && !this.#pausedForServer) this.#resume();
  }

  #readRequest(bytes: Buffer, start: number, end: number): number {
    const { limits } = this.#context;
    head.trustsForwarded = this.#context.trustsForwarded;
    const result = head.scan(bytes, start, end, limits.headFields);
    if (result === 0) {
      if (!this.#checkSize(bytes, start, end)) return end;
      if (this.#state === IDLE) {
        this.#state = HEAD;
        this.#context.wheel.set(this, this.clock.now() + limits.headTimeoutMs);
      }
      return start;
    }
    this.#beginExchange();
    if (result < 0 || result - start > limits.headBytes) {
      this.#noteRefused(bytes, start, end);
      this.#refuse(result < 0 ? refusalOf(result) : tooLong(bytes, start, limits.headBytes));
      return end;
    }
    return this.#begin(bytes, result, end);
  }

  #begin(bytes: Buffer, bodyStart: number, end: number): number {
    const { exchange } = this;
    const context = this.#context;
    this.minor = head.minor;
    this.closes = context.stopping || (head.minor === 1 ? head.closes : !head.keepsAlive);
    exchange.method = methodText(bytes, head.methodStart, head.methodEnd);
    exchange.target = originForm(bytes, head, exchange.method);
    this.isHead = exchange.method === 'HEAD';
    this.asksUpgrade = head.upgrades;
    this.#noteHost(bytes);
    const framing = this.#framing;
    if (head.chunked) framing.start('chunked', 0);
    else if (head.contentLength > 0) framing.start('length', head.contentLength);
    else framing.start('none', 0);
    this.#outgoing = outgoingRequest(bytes, head, this.clientAddress, this.#host, context.authority);
    const bodyEnd = framing.consume(bytes, bodyStart, end);
    if (framing.broken) {
      this.#refuse(refusals[CHUNK]);
      return end;
    }
    const poolName = context.router.find(this.#host, exchange.target);
    const pool = poolName === null ? undefined : context.findPool(poolName);
    if (!pool) {
      const where = `host "${this.#host}" and path "${exchange.target}"`;
      this.#answer(
        404,
        poolName === null
          ? `no route of listener "${context.name}" matches ${where}; add one under listeners in ballast.yaml`
          : `listener "${context.name}" leads to pool "${poolName}", which does not exist`,
      );
      return bodyEnd;
    }
    exchange.pool = pool;
    this.#awaitBody();
    this.#attempts.begin(pool, this.#outgoing, bytes, bodyStart, bodyEnd, framing.done);
    return bodyEnd;
  }

  #readBody(bytes: Buffer, start: number, end: number, stable: boolean): number {
    const framing = this.#framing;
    const bodyEnd = framing.consume(bytes, start, end);
    if (framing.broken) {
      const { text } = refusals[CHUNK];
      const responding = this.#attempts.isResponding;
      this.#attempts.abort(text);
      if (responding) this.cut(text);
      else this.#refuse(refusals[CHUNK]);
      return end;
    }
    this.#awaitBody();
    this.#attempts.requestBody(bytes, start, bodyEnd, stable, framing.done);
    return bodyEnd;
  }

  #beginExchange(): void {
    const { exchange } = this;
    this.#state = BUSY;
    this.#framing.start('none', 0);
    this.#outgoing = '';
    exchange.startedAt = this.clock.now();
    exchange.startedEpoch = this.clock.epoch();
    exchange.listener = this.#context.name;
    exchange.pool = null;
    exchange.method = '';
    exchange.target = '';
    exchange.status = 0;
    exchange.requestBytes = 0;
    exchange.responseBytes = 0;
    exchange.error = null;
    exchange.setCookie = null;
    exchange.attemptCount = 0;
    exchange.unserved = null;
    this.isHead = false;
    this.asksUpgrade = false;
    this.#context.wheel.set(this, never);
    this.#context.nextRequestId(exchange);
  }

  /** The request line of what is refused, as far as there is one: the journal should say what it was. */
  #noteRefused(bytes: Buffer, start: number, end: number): void {
    const lineEnd = bytes.indexOf(CR, start);
    const stop = Math.min(lineEnd < 0 ? end : lineEnd, end, start + 200);
    const match = /^([!#$%&'*+.^_`|~\w-]{1,32}) (\S+)/.exec(bytes.toString('latin1', start, stop));
    if (!match) return;
    this.exchange.method = match[1]!;
    this.exchange.target = match[2]!;
  }

  /** False where the incomplete head is too large already, and was refused. */
  #checkSize(bytes: Buffer, start: number, end: number): boolean {
    const { headBytes } = this.#context.limits;
    if (end - start <= headBytes) return true;
    this.#beginExchange();
    this.#noteRefused(bytes, start, end);
    this.#refuse(tooLong(bytes, start, headBytes));
    this.#held.clear();
    return false;
  }

  #refuse({ status, text }: Refusal): void {
    this.closes = true;
    this.exchange.error = text;
    this.#answer(status, text);
  }

  #answer(status: number, message: string): void {
    const { exchange } = this;
    // Its rest would be taken for the next request.
    if (!this.#framing.done || this.#framing.broken) this.closes = true;
    exchange.status = status;
    exchange.error ??= message;
    const fields = this.#context.responseFields();
    const text = ownResponse(exchange, {
      status,
      message,
      asJson: prefersJson(this.#outgoing === '' ? null : this.header('accept')),
      isHead: this.isHead,
      closes: this.closes,
      keepsAlive10: this.minor === 0 && !this.closes,
      ownFields: fields
        ? `x-ballast-attempts: ${exchange.attemptCount}\r\nx-ballast-request: ${exchange.idText}\r\n`
        : '',
    });
    this.socket.write(text, 'latin1');
    this.#finish();
  }

  #report(): void {
    this.exchange.requestBytes = this.#framing.payloadBytes;
    this.#context.finished(this.exchange);
  }

  #finish(): void {
    const { wheel, limits } = this.#context;
    const bodyDone = this.#framing.done;
    this.#report();
    this.#pausedForServer = false;
    if (this.closes || !bodyDone || this.#context.stopping || this.#inputEnded) {
      this.#linger();
      return;
    }
    this.#framing.start('none', 0);
    if (writableIsBlocked(this.socket)) {
      this.#state = BLOCKED;
      wheel.set(this, this.clock.now() + limits.idleTimeoutMs);
      return;
    }
    this.#next();
  }

  #next(): void {
    const { wheel, limits } = this.#context;
    this.#state = IDLE;
    wheel.set(this, this.clock.now() + limits.idleTimeoutMs);
    if (this.#held.length > 0) this.#runHeld();
    else this.#resume();
  }

  /** Ends the connection so that the client gets all that was written. */
  #linger(): void {
    this.#state = LINGER;
    this.#held.clear();
    const now = this.clock.now();
    this.#lingerUntil = now + this.#context.limits.idleTimeoutMs;
    this.#context.wheel.set(this, now + lingerMs);
    this.socket.end();
    if (this.#inputEnded && this.socket.writableLength === 0) {
      this.destroy();
      return;
    }
    this.#resume();
  }

  /** Bounds the wait for the next piece of a request's body, while it is read at all. */
  #awaitBody(): void {
    if (this.#state !== BUSY) return;
    const waits = !this.#framing.done && !this.#paused && !this.#attempts.isTunnel;
    this.#context.wheel.set(this, waits ? this.clock.now() + this.#context.limits.bodyTimeoutMs : never);
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    if (start >= end || this.#state === LINGER || this.#state === CLOSED) return;
    this.#held.add(bytes, start, end);
    if (this.#held.length >= heldBytes && this.#state !== HEAD) this.#pause();
  }

  #pause(): void {
    if (this.#paused || this.#state === CLOSED) return;
    this.#paused = true;
    this.socket.pause();
  }

  #resume(): void {
    if (!this.#paused || this.#state === CLOSED) return;
    this.#paused = false;
    this.socket.resume();
  }

  #drained(): void {
    if (this.#state === BUSY) {
      this.#awaitBody();
      this.#attempts.clientDrained();
    } else if (this.#state === BLOCKED) this.#next();
    else if (this.#state === LINGER && this.#inputEnded) this.destroy();
  }

  /** The client sends no more. In the middle of a request that means it has gone (as nginx and Node take it). */
  #ended(): void {
    this.#inputEnded = true;
    switch (this.#state) {
      case BUSY:
        if (this.#attempts.isTunnel) {
          this.#attempts.clientEnded();
          return;
        }
        this.destroy();
        return;
      case LINGER:
      case BLOCKED:
        if (this.socket.writableLength > 0) return;
        this.destroy();
        return;
      default:
        if (this.socket.writableLength > 0) {
          this.#linger();
          return;
        }
        this.destroy();
    }
  }

  /** The socket is closed, or is to be. */
  #gone(): void {
    if (this.#state === CLOSED) return;
    const wasBusy = this.#state === BUSY;
    this.#state = CLOSED;
    this.#context.wheel.remove(this);
    this.#held.clear();
    this.#buffer.drop();
    if (wasBusy && this.#attempts.isActive) {
      const detail = 'the client closed its connection before the response was complete';
      this.#attempts.abort(detail);
      this.exchange.error ??= detail;
      this.#report();
    }
    this.socket.destroy();
    this.#context.closed(this);
  }

  /** The Host's text; the same as last time on most connections. */
  #noteHost(bytes: Buffer): void {
    this.#host = head.hostStart < 0 ? '' : bytes.toString('latin1', head.hostStart, head.hostEnd);
  }
}

function hasLineEnd(bytes: Buffer, length: number): boolean {
  const at = bytes.indexOf(LF);
  return at >= 0 && at < length;
}

function tooLong(bytes: Buffer, start: number, headBytes: number): Refusal {
  const lineEnd = bytes.indexOf(LF, start);
  return refusals[lineEnd < 0 || lineEnd - start > headBytes ? LINE_TOO_LONG : HEAD_TOO_LARGE];
}

/** The commonest method without making a string. */
function methodText(bytes: Buffer, start: number, end: number): string {
  const isGet =
    end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54;
  return isGet ? 'GET' : bytes.toString('latin1', start, end);
}
