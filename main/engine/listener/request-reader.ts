import { Exchange, type RequestFacts } from '../exchange.ts';
import { BodyFraming } from '../http1/body-framing.ts';
import { headerValue } from '../http1/head-lookup.ts';
import { rememberingText } from '../http1/latin1-text.ts';
import { originForm, outgoingRequest } from '../http1/outgoing-request.ts';
import {
  BODY_RATE,
  BODY_TIMEOUT,
  CHUNK,
  LINE_TOO_LONG,
  type Refusal,
  refusalOf,
  refusals,
  TRAILER_TOO_LARGE,
} from '../http1/refusal.ts';
import { RequestHead } from '../http1/request-head.ts';
import { Attempts } from '../proxy/attempts.ts';
import { isStable } from '../sockets/read-buffers.ts';
import type { ClientContext } from './client-context.ts';
import { ClientSocket } from './client-socket.ts';
import { noPoolText } from './own-response.ts';
import { hasLineEnd, methodText, noteRefused, resetExchange, tooLong } from './request-start.ts';

/** Between requests. */
export const IDLE = 0;
/** Part of a head has come. */
export const HEAD = 1;
export const BUSY = 2;
/** The response is written, but the client has not taken it: nothing further is begun. */
export const BLOCKED = 3;
/** The last response is written; what still comes is thrown away, so that closing does not destroy the response. */
export const LINGER = 4;
export const CLOSED = 5;

const never = Number.POSITIVE_INFINITY;
/** Scanning ends before the callback returns, so one scanner serves all. */
const head = new RequestHead();
const hostText = rememberingText();

/** Reads a client's requests, strictly and one after the other, and begins with each what is to be done. */
export abstract class RequestReader extends ClientSocket implements RequestFacts {
  readonly exchange: Exchange;
  minor = 1;
  isHead = false;
  asksUpgrade = false;
  expectsContinue = false;
  closes = false;

  protected readonly attempts: Attempts;
  protected readonly framing = new BodyFraming();
  protected state = IDLE;
  /** The client said that this is its last request. */
  protected isLast = false;
  protected pausedForServer = false;
  /** Its last request was answered, its next has not begun: counted in `context.resting`. */
  protected rests = false;
  /** The rewritten head: also what affinity and strategies look into. */
  protected outgoing = '';
  #running = false;
  /** Clock's `now()` when the body's pace is looked at next; Infinity while it is not. */
  #paceAt = never;
  /** Bytes of the body there were when that was set. */
  #paceFrom = 0;
  #host = '';

  constructor(context: ClientContext) {
    super(context);
    this.attempts = context.spareAttempts.pop() ?? new Attempts(new Exchange());
    this.exchange = this.attempts.exchange;
    this.exchange.facts = this;
  }

  /** Gives the request an answer of ours. */
  protected abstract answer(status: number, message: string): void;
  /** The same for a request that breaks the rules or a limit; it is the connection's last. */
  protected abstract refuse(refusal: Refusal): void;
  /** The response broke off: the client must not take it for complete. */
  abstract cut(error: string): void;

  /** Between requests, with nothing on its way. */
  get isIdle(): boolean {
    return this.state === IDLE && this.held.length === 0;
  }

  get target(): string {
    return this.exchange.target;
  }

  header(name: string): string | null {
    return headerValue(this.outgoing, name);
  }

  nextBuffer(): Buffer {
    const passing = this.state === BUSY ? this.framing : null;
    return this.buffer.next(passing, this.attempts.serverWaits);
  }

  bytesRead(bytes: Buffer, length: number): void {
    this.buffer.filled = length === bytes.length;
    const held = this.held;
    switch (this.state) {
      case IDLE:
      case HEAD: {
        if (held.length === 0) {
          const at = this.#readRequests(bytes, 0, length);
          this.#hold(bytes, at, length);
          return;
        }
        held.add(bytes, 0, length);
        // An incomplete head can only become complete, or wrong, with the end of a line.
        if (hasLineEnd(bytes, length)) this.runHeld();
        else this.#checkSize(held.bytes, held.start, held.end);
        return;
      }
      case BUSY:
        if (this.framing.done) this.#hold(bytes, 0, length);
        else this.#hold(bytes, this.#readBody(bytes, 0, length, isStable(bytes)), length);
        return;
      case BLOCKED:
        this.#hold(bytes, 0, length);
        return;
      default:
    }
  }

  /** The held bytes, once a request has been dealt with or more has come. */
  protected runHeld(): void {
    if (this.#running) return;
    const held = this.held;
    const at = this.#readRequests(held.bytes, held.start, held.end);
    if (this.state !== CLOSED) held.consumeTo(at);
    if (held.length < this.limits.pipelineBytes && !this.pausedForServer) this.resume();
    if (this.inputEnded && this.state !== CLOSED) this.inputDone();
  }

  #readRequests(bytes: Buffer, start: number, end: number): number {
    this.#running = true;
    let at = start;
    while (at < end && (this.state === IDLE || this.state === HEAD)) {
      const next = this.#readRequest(bytes, at, end);
      if (next === at) break;
      at = next;
    }
    this.#running = false;
    return at;
  }

  #readRequest(bytes: Buffer, start: number, end: number): number {
    const { limits } = this.context;
    head.trustsForwarded = this.context.trustsForwarded;
    const result = head.scan(bytes, start, end, limits.headFields);
    if (result === 0) {
      if (!this.#checkSize(bytes, start, end)) return end;
      if (this.state === IDLE) {
        this.state = HEAD;
        this.restsNoMore();
        this.deadlineIn(this.limits.headTimeoutMs);
      }
      return start;
    }
    this.beginExchange();
    if (result < 0 || result - start > limits.headBytes) {
      noteRefused(this.exchange, bytes, start, end);
      this.refuse(result < 0 ? refusalOf(result) : tooLong(bytes, start, limits.headBytes));
      return end;
    }
    if (head.targetEnd - head.targetStart > limits.targetBytes) {
      noteRefused(this.exchange, bytes, start, end);
      this.refuse(refusals[LINE_TOO_LONG]);
      return end;
    }
    return this.#begin(bytes, result, end);
  }

  #begin(bytes: Buffer, bodyStart: number, end: number): number {
    const { exchange } = this;
    const context = this.context;
    this.minor = head.minor;
    this.isLast = head.closes || (head.minor === 0 && !head.keepsAlive);
    this.closes = context.stopping || this.isLast;
    exchange.method = methodText(bytes, head.methodStart, head.methodEnd);
    exchange.target = originForm(bytes, head, exchange.method);
    this.isHead = exchange.method === 'HEAD';
    this.asksUpgrade = head.upgrades;
    this.expectsContinue = head.expectsContinue;
    this.#host = head.hostStart < 0 ? '' : hostText(bytes, head.hostStart, head.hostEnd);
    const framing = this.framing;
    if (head.chunked) {
      framing.start('chunked', 0);
      framing.chunked.lineLimit = context.limits.trailerBytes;
    } else if (head.contentLength > 0) framing.start('length', head.contentLength);
    else framing.start('none', 0);
    this.outgoing = outgoingRequest(bytes, head, this.clientAddress, this.#host, context.authority);
    const bodyEnd = framing.consume(bytes, bodyStart, end);
    if (framing.broken) {
      this.refuse(this.#brokenChunk());
      return end;
    }
    if (head.maxForwards === 0) {
      // TRACE would reflect what the client sent; nobody here needs that, and scripts have abused it.
      const status = exchange.method === 'TRACE' ? 405 : 200;
      this.answer(status, 'Max-Forwards is 0, so this request ends here and not at a server');
      return bodyEnd;
    }
    const route = context.router.find(this.#host, exchange.target);
    const pool = route === null ? undefined : context.findPool(route.pool);
    if (!pool) {
      this.answer(404, noPoolText(context.name, route?.pool ?? null, this.#host, exchange.target));
      return bodyEnd;
    }
    exchange.route = route;
    exchange.pool = pool;
    if (!framing.done) this.watchPace(exchange.startedAt);
    this.awaitBody();
    this.attempts.begin(pool, this.outgoing, bytes, bodyStart, bodyEnd, framing.done);
    return bodyEnd;
  }

  #readBody(bytes: Buffer, start: number, end: number, stable: boolean): number {
    const framing = this.framing;
    const bodyEnd = framing.consume(bytes, start, end);
    if (framing.broken) {
      const refusal = this.#brokenChunk();
      const responding = this.attempts.isResponding;
      this.attempts.abort(refusal.text);
      if (responding) this.cut(refusal.text);
      else this.refuse(refusal);
      return end;
    }
    this.awaitBody();
    this.attempts.requestBody(bytes, start, bodyEnd, stable, framing.done);
    return bodyEnd;
  }

  #brokenChunk(): Refusal {
    return refusals[this.framing.chunked.tooLarge ? TRAILER_TOO_LARGE : CHUNK];
  }

  protected restsNoMore(): void {
    if (!this.rests) return;
    this.rests = false;
    this.context.resting--;
  }

  protected beginExchange(): void {
    const { exchange } = this;
    this.state = BUSY;
    this.restsNoMore();
    this.framing.start('none', 0);
    this.outgoing = '';
    resetExchange(exchange, this.clock, this.context.name);
    this.isHead = false;
    this.asksUpgrade = false;
    this.isLast = false;
    this.deadlineIn(never);
    this.context.nextRequestId(exchange);
  }

  /** False where the incomplete head is too large already, and was refused. */
  #checkSize(bytes: Buffer, start: number, end: number): boolean {
    const { headBytes } = this.limits;
    if (end - start <= headBytes) return true;
    this.beginExchange();
    noteRefused(this.exchange, bytes, start, end);
    this.refuse(tooLong(bytes, start, headBytes));
    this.held.clear();
    return false;
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    if (start >= end || this.state === LINGER || this.state === CLOSED) return;
    this.held.add(bytes, start, end);
    if (this.held.length < this.limits.pipelineBytes || this.state === HEAD || this.isPaused) return;
    this.context.limitReached('pipeline-bytes');
    this.pause();
  }

  /** Bounds the wait for the next piece of a request's body, while it is read at all. */
  protected awaitBody(): void {
    if (this.state !== BUSY) return;
    const { isTunnel, isWaiting } = this.attempts;
    const waits = !this.framing.done && !this.isPaused && !this.inputEnded && !isTunnel && !isWaiting;
    if (!waits) this.deadlineIn(never);
    else this.context.wheel.set(this, Math.min(this.clock.now() + this.limits.bodyTimeoutMs, this.#paceAt));
  }

  /** Begins to measure how fast the request's body comes. */
  protected watchPace(now: number): void {
    this.#paceFrom = this.framing.payloadBytes;
    this.#paceAt = this.limits.bodyBytesPerSecond > 0 ? now + this.limits.bodyTimeoutMs : never;
  }

  /** What is wrong with the pace of the request's body; null where a new stretch of it begins. */
  protected tooSlow(now: number, responding: boolean): Refusal | null {
    const bytes = this.framing.payloadBytes - this.#paceFrom;
    if (now < this.#paceAt || bytes === 0) return refusals[BODY_TIMEOUT];
    const { bodyBytesPerSecond, bodyTimeoutMs } = this.limits;
    // Once the response has begun, both sides talk at their own pace.
    if (!responding && bytes * 1_000 < bodyBytesPerSecond * bodyTimeoutMs) return refusals[BODY_RATE];
    this.watchPace(now);
    return null;
  }
}
