import { Exchange, type RequestFacts } from '../exchange.ts';
import { BodyFraming } from '../http1/body-framing.ts';
import { headerValue } from '../http1/head-lookup.ts';
import { rememberingText } from '../http1/latin1-text.ts';
import { originForm, outgoingRequest } from '../http1/outgoing-request.ts';
import {
  BODY_RATE,
  BODY_TIMEOUT,
  CHUNK,
  HEAD_TIMEOUT,
  LINE_TOO_LONG,
  type Refusal,
  refusalOf,
  refusals,
  TRAILER_TOO_LARGE,
} from '../http1/refusal.ts';
import { RequestHead } from '../http1/request-head.ts';
import type { Server } from '../pool/server.ts';
import { Attempts } from '../proxy/attempts.ts';
import type { AttemptsClient } from '../proxy/attempts-client.ts';
import { isStable } from '../sockets/read-buffers.ts';
import { writableIsBlocked } from '../sockets/send.ts';
import type { ClientContext } from './client-context.ts';
import { ClientSocket, clientLeft } from './client-socket.ts';
import { noPoolText, noRoomResponse, ownFieldLines, ownResponse, prefersJson } from './own-response.ts';
import { hasLineEnd, isEmptyLine, methodText, noteRefused, resetExchange, tooLong } from './request-start.ts';

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
/** Kept for connections to come; for clients that come for one request each. */
const mostSpare = 256;
/** Scanning ends before the callback returns, so one scanner serves all. */
const head = new RequestHead();
const hostText = rememberingText();

/** One client: reads its requests strictly, one after the other, and carries each to a server and back. */
export class ClientConnection extends ClientSocket implements AttemptsClient, RequestFacts {
  readonly exchange: Exchange;
  minor = 1;
  isHead = false;
  asksUpgrade = false;
  expectsContinue = false;
  closes = false;

  readonly #attempts: Attempts;
  readonly #framing = new BodyFraming();
  #state = IDLE;
  #running = false;
  /** The client said that this is its last request. */
  #isLast = false;
  #pausedForServer = false;
  /** Clock's `now()` when the body's pace is looked at next; Infinity while it is not. */
  #paceAt = never;
  /** Bytes of the body there were when that was set. */
  #paceFrom = 0;
  /** The rewritten head: also what affinity and strategies look into. */
  #outgoing = '';
  #host = '';

  constructor(context: ClientContext) {
    super(context);
    this.#attempts = context.spareAttempts.pop() ?? new Attempts(new Exchange());
    this.exchange = this.#attempts.exchange;
    this.exchange.facts = this;
    this.#attempts.adoptedBy(this);
  }

  /** Between requests, with nothing on its way. */
  get isIdle(): boolean {
    return this.#state === IDLE && this.held.length === 0;
  }

  /** How long it has been idle; for one that is. */
  idleMs(now: number): number {
    return now - (this.deadline - this.limits.idleTimeoutMs);
  }

  /** It was told that there is no room for it. */
  isRefused = false;

  /** There is no room for this client: says why, and closes. */
  refuse(why: string): void {
    this.isRefused = true;
    this.socket.write(noRoomResponse(why), 'latin1');
    this.#linger();
  }

  get isBusy(): boolean {
    return this.#state === BUSY;
  }

  /** What is kept of requests in memory: not yet read, or in case it has to be sent again. */
  get keptBytes(): number {
    return this.held.length + this.#attempts.keptBytes;
  }

  header(name: string): string | null {
    return headerValue(this.#outgoing, name);
  }

  /** The listener stops: now if nothing runs, otherwise after the running request. */
  closeWhenIdle(): void {
    if (this.#state === BUSY || this.#state === LINGER) this.closes = true;
    else if (this.socket.writableLength > 0) this.#linger();
    else this.gone(clientLeft);
  }

  /** Closes at once, for the reason given. A running request ends as aborted. */
  destroy(detail: string): void {
    this.gone(detail);
  }

  nextBuffer(): Buffer {
    return this.buffer.next(this.#state === BUSY ? this.#framing : null, true);
  }

  bytesRead(bytes: Buffer, length: number): void {
    this.buffer.filled = length === bytes.length;
    const held = this.held;
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
    switch (this.#state) {
      case HEAD:
        if (isEmptyLine(this.held)) {
          // An answer to it would be taken for that to the next request.
          this.context.limitReached('idle-timeout');
          this.gone(clientLeft);
          return;
        }
        this.#beginExchange();
        noteRefused(this.exchange, this.held.bytes, this.held.start, this.held.end);
        this.#refuse(refusals[HEAD_TIMEOUT]);
        return;
      case BUSY:
        this.#lateWhileBusy(now);
        return;
      case LINGER:
        if (this.lingersOn(now)) return;
        this.context.limitReached(this.socket.writableLength > 0 ? 'send-timeout' : 'linger-timeout');
        this.gone(clientLeft);
        return;
      case BLOCKED:
        if (this.goesOnTaking()) return;
        this.context.limitReached('send-timeout');
        this.gone(clientLeft);
        return;
      case IDLE:
        this.context.limitReached('idle-timeout');
        this.gone(clientLeft);
        return;
      default:
        break;
    }
  }

  #lateWhileBusy(now: number): void {
    const responding = this.#attempts.isTunnel || this.#attempts.isResponding;
    if (responding && writableIsBlocked(this.socket)) {
      if (this.goesOnTaking()) return;
      this.context.limitReached('send-timeout');
      const detail = 'the client took no more of the response in time (limits.sendTimeout)';
      this.#attempts.abort(detail);
      this.cut(detail);
      return;
    }
    const refusal = this.#tooSlow(now, responding);
    if (!refusal) {
      this.#awaitBody();
      return;
    }
    this.#attempts.abort(refusal.text);
    if (!responding) {
      this.#refuse(refusal);
      return;
    }
    if (refusal.limit) this.context.limitReached(refusal.limit);
    this.cut(refusal.text);
  }

  /** What is wrong with the pace of the request's body; null where a new stretch of it begins. */
  #tooSlow(now: number, responding: boolean): Refusal | null {
    const bytes = this.#framing.payloadBytes - this.#paceFrom;
    if (now < this.#paceAt || bytes === 0) return refusals[BODY_TIMEOUT];
    const { bodyBytesPerSecond, bodyTimeoutMs } = this.limits;
    // Once the response has begun, both sides talk at their own pace.
    if (!responding && bytes * 1_000 < bodyBytesPerSecond * bodyTimeoutMs) return refusals[BODY_RATE];
    this.#watchPace(now);
    return null;
  }

  /** Begins to measure how fast the request's body comes. */
  #watchPace(now: number): void {
    this.#paceFrom = this.#framing.payloadBytes;
    this.#paceAt = this.limits.bodyBytesPerSecond > 0 ? now + this.limits.bodyTimeoutMs : never;
  }

  // What the attempts ask for

  ownFields(server: Server): string {
    const { setCookie } = this.exchange;
    const cookie = setCookie === null ? '' : `Set-Cookie: ${setCookie}\r\n`;
    return this.context.responseFields() ? cookie + ownFieldLines(this.exchange, server) : cookie;
  }

  closeAfter(): void {
    this.closes = true;
  }

  pauseRequest(): void {
    this.#pausedForServer = true;
    this.pause();
    if (this.#state === BUSY && !this.#attempts.isResponding) this.deadlineIn(never);
  }

  queued(): void {
    this.deadlineIn(never);
  }

  freeDescriptors(): boolean {
    return this.context.freeDescriptors(this.exchange.pool?.name ?? null);
  }

  get descriptorAdvice(): string {
    return this.context.descriptorAdvice;
  }

  resumeRequest(): void {
    if (this.#framing.done && !this.#pausedForServer) return;
    if (this.#pausedForServer) {
      this.#pausedForServer = false;
      this.resume();
    }
    this.#watchPace(this.clock.now());
    this.#awaitBody();
  }

  wrote(): void {
    if (writableIsBlocked(this.socket)) this.awaitTaking();
    else this.#awaitBody();
  }

  tunnelled(): void {
    const held = this.held;
    this.#framing.start('until-close', 0);
    this.deadlineIn(never);
    this.resume();
    if (held.length > 0) {
      const { bytes, start, end } = held;
      this.#framing.consume(bytes, start, end);
      this.#attempts.requestBody(bytes, start, end, false, false);
      held.clear();
    }
    if (this.inputEnded) this.#attempts.clientEnded();
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
    this.gone(error);
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
    const held = this.held;
    const at = this.#readRequests(held.bytes, held.start, held.end);
    if (this.#state !== CLOSED) held.consumeTo(at);
    if (held.length < this.limits.pipelineBytes && !this.#pausedForServer) this.resume();
  }

  #readRequest(bytes: Buffer, start: number, end: number): number {
    const { limits } = this.context;
    head.trustsForwarded = this.context.trustsForwarded;
    const result = head.scan(bytes, start, end, limits.headFields);
    if (result === 0) {
      if (!this.#checkSize(bytes, start, end)) return end;
      if (this.#state === IDLE) {
        this.#state = HEAD;
        this.deadlineIn(this.limits.headTimeoutMs);
      }
      return start;
    }
    this.#beginExchange();
    if (result < 0 || result - start > limits.headBytes) {
      noteRefused(this.exchange, bytes, start, end);
      this.#refuse(result < 0 ? refusalOf(result) : tooLong(bytes, start, limits.headBytes));
      return end;
    }
    if (head.targetEnd - head.targetStart > limits.targetBytes) {
      noteRefused(this.exchange, bytes, start, end);
      this.#refuse(refusals[LINE_TOO_LONG]);
      return end;
    }
    return this.#begin(bytes, result, end);
  }

  #begin(bytes: Buffer, bodyStart: number, end: number): number {
    const { exchange } = this;
    const context = this.context;
    this.minor = head.minor;
    this.#isLast = head.closes || (head.minor === 0 && !head.keepsAlive);
    this.closes = context.stopping || this.#isLast;
    exchange.method = methodText(bytes, head.methodStart, head.methodEnd);
    exchange.target = originForm(bytes, head, exchange.method);
    this.isHead = exchange.method === 'HEAD';
    this.asksUpgrade = head.upgrades;
    this.expectsContinue = head.expectsContinue;
    this.#host = head.hostStart < 0 ? '' : hostText(bytes, head.hostStart, head.hostEnd);
    const framing = this.#framing;
    if (head.chunked) {
      framing.start('chunked', 0);
      framing.chunked.lineLimit = context.limits.trailerBytes;
    } else if (head.contentLength > 0) framing.start('length', head.contentLength);
    else framing.start('none', 0);
    this.#outgoing = outgoingRequest(bytes, head, this.clientAddress, this.#host, context.authority);
    const bodyEnd = framing.consume(bytes, bodyStart, end);
    if (framing.broken) {
      this.#refuse(this.#brokenChunk());
      return end;
    }
    if (head.maxForwards === 0) {
      // TRACE would reflect what the client sent; nobody here needs that, and scripts have abused it.
      const status = exchange.method === 'TRACE' ? 405 : 200;
      this.#answer(status, 'Max-Forwards is 0, so this request ends here and not at a server');
      return bodyEnd;
    }
    const poolName = context.router.find(this.#host, exchange.target);
    const pool = poolName === null ? undefined : context.findPool(poolName);
    if (!pool) {
      this.#answer(404, noPoolText(context.name, poolName, this.#host, exchange.target));
      return bodyEnd;
    }
    exchange.pool = pool;
    if (!framing.done) this.#watchPace(exchange.startedAt);
    this.#awaitBody();
    this.#attempts.begin(pool, this.#outgoing, bytes, bodyStart, bodyEnd, framing.done);
    return bodyEnd;
  }

  #readBody(bytes: Buffer, start: number, end: number, stable: boolean): number {
    const framing = this.#framing;
    const bodyEnd = framing.consume(bytes, start, end);
    if (framing.broken) {
      const refusal = this.#brokenChunk();
      const responding = this.#attempts.isResponding;
      this.#attempts.abort(refusal.text);
      if (responding) this.cut(refusal.text);
      else this.#refuse(refusal);
      return end;
    }
    this.#awaitBody();
    this.#attempts.requestBody(bytes, start, bodyEnd, stable, framing.done);
    return bodyEnd;
  }

  #brokenChunk(): Refusal {
    return refusals[this.#framing.chunked.tooLarge ? TRAILER_TOO_LARGE : CHUNK];
  }

  #beginExchange(): void {
    const { exchange } = this;
    this.#state = BUSY;
    this.#framing.start('none', 0);
    this.#outgoing = '';
    resetExchange(exchange, this.clock, this.context.name);
    this.isHead = false;
    this.asksUpgrade = false;
    this.#isLast = false;
    this.deadlineIn(never);
    this.context.nextRequestId(exchange);
  }

  /** False where the incomplete head is too large already, and was refused. */
  #checkSize(bytes: Buffer, start: number, end: number): boolean {
    const { headBytes } = this.limits;
    if (end - start <= headBytes) return true;
    this.#beginExchange();
    noteRefused(this.exchange, bytes, start, end);
    this.#refuse(tooLong(bytes, start, headBytes));
    this.held.clear();
    return false;
  }

  #refuse({ status, text, limit }: Refusal): void {
    this.closes = true;
    if (limit) this.context.limitReached(limit);
    this.exchange.error = text;
    this.#answer(status, text);
  }

  #answer(status: number, message: string): void {
    const { exchange } = this;
    // Its rest would be taken for the next request.
    if (!this.#framing.done || this.#framing.broken) this.closes = true;
    exchange.status = status;
    if (status >= 400) exchange.error ??= message;
    const text = ownResponse(exchange, {
      status,
      message,
      asJson: prefersJson(this.#outgoing === '' ? null : this.header('accept')),
      isHead: this.isHead,
      epochMs: this.clock.epoch(),
      closes: this.closes,
      keepsAlive10: this.minor === 0 && !this.closes,
      ownFields: this.context.responseFields() ? ownFieldLines(exchange, null) : '',
    });
    exchange.responseBytes = text.length - text.indexOf('\r\n\r\n') - 4;
    this.socket.write(text, 'latin1');
    this.#finish();
  }

  #report(): void {
    this.exchange.requestBytes = this.#framing.payloadBytes;
    this.context.finished(this.exchange);
    this.#attempts.forget();
  }

  #finish(): void {
    const bodyDone = this.#framing.done;
    this.#report();
    this.#pausedForServer = false;
    if (this.closes || !bodyDone || this.context.stopping || this.inputEnded) {
      if (this.#isLast && bodyDone && this.held.length === 0 && this.socket.writableLength === 0)
        // Whoever said so sends nothing more, so nothing can destroy the response on its way (as nginx closes).
        this.gone(clientLeft);
      else this.#linger();
      return;
    }
    this.#framing.start('none', 0);
    if (writableIsBlocked(this.socket)) {
      this.#state = BLOCKED;
      this.awaitTaking();
      return;
    }
    this.#next();
  }

  #next(): void {
    this.#state = IDLE;
    this.deadlineIn(this.limits.idleTimeoutMs);
    if (this.held.length > 0) this.#runHeld();
    else this.resume();
  }

  /** The last response has been written. */
  #linger(): void {
    this.#state = LINGER;
    this.endGently();
    if (this.inputEnded && this.socket.writableLength === 0) this.gone(clientLeft);
  }

  /** Bounds the wait for the next piece of a request's body, while it is read at all. */
  #awaitBody(): void {
    if (this.#state !== BUSY) return;
    const { isTunnel, isWaiting } = this.#attempts;
    const waits = !this.#framing.done && !this.isPaused && !isTunnel && !isWaiting;
    if (!waits) this.deadlineIn(never);
    else this.context.wheel.set(this, Math.min(this.clock.now() + this.limits.bodyTimeoutMs, this.#paceAt));
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    if (start >= end || this.#state === LINGER || this.#state === CLOSED) return;
    this.held.add(bytes, start, end);
    if (this.held.length < this.limits.pipelineBytes || this.#state === HEAD || this.isPaused) return;
    this.context.limitReached('pipeline-bytes');
    this.pause();
  }

  override drained(): void {
    if (this.#state === BUSY) {
      this.#awaitBody();
      this.#attempts.clientDrained();
    } else if (this.#state === BLOCKED) this.#next();
    else if (this.#state === LINGER && this.inputEnded) this.gone(clientLeft);
  }

  /** In the middle of a request the end of what a client sends means that it has gone (as nginx and Node take it). */
  protected override inputDone(): void {
    if (this.#state === BUSY) {
      if (this.#attempts.isTunnel) this.#attempts.clientEnded();
      else this.gone(clientLeft);
    } else if (this.socket.writableLength === 0) this.gone(clientLeft);
    else if (this.#state === IDLE || this.#state === HEAD) this.#linger();
  }

  protected override gone(detail: string): void {
    if (this.#state === CLOSED) return;
    const wasBusy = this.#state === BUSY;
    this.#state = CLOSED;
    this.context.wheel.remove(this);
    this.held.clear();
    this.buffer.close();
    if (wasBusy && this.#attempts.isActive) {
      this.#attempts.abort(detail);
      this.exchange.error ??= detail;
      this.#report();
    }
    this.socket.destroy();
    if (this.context.spareAttempts.length < mostSpare) this.context.spareAttempts.push(this.#attempts);
    this.context.closed(this);
  }
}
