import { HEAD_TIMEOUT, type Refusal, refusals } from '../http1/refusal.ts';
import type { Server } from '../pool/server.ts';
import type { AttemptsClient } from '../proxy/attempts-client.ts';
import type { Listed } from '../sockets/connection-list.ts';
import { writableIsBlocked } from '../sockets/send.ts';
import type { ClientContext } from './client-context.ts';
import { clientLeft } from './client-socket.ts';
import { noRoomResponse, ownFieldLines, ownResponse, prefersJson } from './own-response.ts';
import { BLOCKED, BUSY, CLOSED, HEAD, IDLE, LINGER, RequestReader } from './request-reader.ts';
import { isEmptyLine, noteRefused } from './request-start.ts';

const never = Number.POSITIVE_INFINITY;
/** Kept for connections to come; for clients that come for one request each. */
const mostSpare = 256;

/** One client: carries each of its requests to a server and back, answers where none can, and ends. */
export class ClientConnection extends RequestReader implements AttemptsClient, Listed {
  /** It was told that there is no room for it. */
  isTurnedAway = false;
  place = -1;

  constructor(context: ClientContext) {
    super(context);
    this.attempts.adoptedBy(this);
  }

  /** Clock's `now()`; for one that is idle. */
  get idleSince(): number {
    return this.deadline - this.limits.idleTimeoutMs;
  }

  /** There is no room for this client: says why, unless silently, and closes. */
  turnAway(why: string, silently: boolean): void {
    this.isTurnedAway = true;
    if (silently) {
      this.gone(why);
      return;
    }
    this.socket.write(noRoomResponse(why), 'latin1');
    this.#linger();
  }

  get isBusy(): boolean {
    return this.state === BUSY;
  }

  /** What is kept of requests in memory: not yet read, or in case it has to be sent again. */
  get keptBytes(): number {
    return this.held.length + this.attempts.keptBytes;
  }

  /** The listener stops: now if nothing runs, otherwise after the running request. */
  closeWhenIdle(): void {
    if (this.state === BUSY || this.state === LINGER) this.closes = true;
    else if (this.socket.writableLength > 0) this.#linger();
    else this.gone(clientLeft);
  }

  /**
   * The listener leaves, and others take over: whoever sends its next request is told with the response, and so is whoever waits for
   * one. Nobody who may be sending just now is shut out.
   *
   * @param shorterMs by which an idle connection now has less time
   */
  retire(shorterMs: number): void {
    this.shortenIdle(shorterMs);
    if (this.state === BUSY && !this.attempts.isResponding) this.closes = true;
  }

  /** `idleTimeout` is another now, and holds for who is idle already. @param shorterMs by so much; below zero where it is longer */
  shortenIdle(shorterMs: number): void {
    if (this.state === IDLE) this.context.wheel.set(this, this.deadline - shorterMs);
  }

  /** Closes at once, for the reason given. A running request ends as aborted. */
  destroy(detail: string): void {
    this.gone(detail);
  }

  override onDeadline(now: number): void {
    switch (this.state) {
      case HEAD:
        if (isEmptyLine(this.held)) {
          // An answer to it would be taken for that to the next request.
          this.context.limitReached('idle-timeout');
          this.gone(clientLeft);
          return;
        }
        this.beginExchange();
        noteRefused(this.exchange, this.held.bytes, this.held.start, this.held.end);
        this.refuse(refusals[HEAD_TIMEOUT]);
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
        if (this.context.stopping) {
          // A request that crosses this finds an end, and no reset.
          this.#linger();
          return;
        }
        this.context.limitReached('idle-timeout');
        this.gone(clientLeft);
        return;
      default:
        break;
    }
  }

  #lateWhileBusy(now: number): void {
    const responding = this.attempts.isTunnel || this.attempts.isResponding;
    if (responding && writableIsBlocked(this.socket)) {
      if (this.goesOnTaking()) return;
      this.context.limitReached('send-timeout');
      const detail = 'the client took no more of the response in time (limits.sendTimeout)';
      this.attempts.abort(detail);
      this.cut(detail);
      return;
    }
    const refusal = this.tooSlow(now, responding);
    if (!refusal) {
      this.awaitBody();
      return;
    }
    this.attempts.abort(refusal.text);
    if (!responding) {
      this.refuse(refusal);
      return;
    }
    if (refusal.limit) this.context.limitReached(refusal.limit);
    this.cut(refusal.text);
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
    this.pausedForServer = true;
    this.pause();
    if (this.state === BUSY && !this.attempts.isResponding) this.deadlineIn(never);
  }

  queued(): void {
    this.deadlineIn(never);
    if (this.inputEnded) this.#leaveQueue();
  }

  /** Whether the client still waits nobody can tell, and no server has heard of it: others that surely wait go first. */
  #leaveQueue(): void {
    this.closes = true;
    this.attempts.leaveQueue(
      'the client ended its half of the connection while the request waited in the queue (queue), as one does that goes away',
    );
  }

  freeDescriptors(): boolean {
    return this.context.freeDescriptors(this.exchange.pool?.name ?? null);
  }

  get descriptorAdvice(): string {
    return this.context.descriptorAdvice;
  }

  resumeRequest(): void {
    if (this.framing.done && !this.pausedForServer) return;
    if (this.pausedForServer) {
      this.pausedForServer = false;
      this.resume();
    }
    this.watchPace(this.clock.now());
    this.awaitBody();
  }

  wrote(): void {
    if (writableIsBlocked(this.socket)) this.awaitTaking();
    else this.awaitBody();
  }

  tunnelled(): void {
    const held = this.held;
    this.framing.start('until-close', 0);
    this.deadlineIn(never);
    this.resume();
    if (held.length > 0) {
      const { bytes, start, end } = held;
      this.framing.consume(bytes, start, end);
      this.attempts.requestBody(bytes, start, end, false, false);
      held.clear();
    }
    if (this.inputEnded) this.attempts.clientEnded();
  }

  answered(): void {
    this.#finish();
  }

  answerFailure(status: number, error: string): void {
    this.exchange.error = error;
    this.answer(status, error);
  }

  override cut(error: string): void {
    this.exchange.error ??= error;
    this.#report();
    // Where only the end of the connection would end the response, a clean end would make it look complete.
    this.socket.resetAndDestroy();
    this.gone(error);
  }

  // Answers and ends

  protected override refuse({ status, text, limit }: Refusal): void {
    this.closes = true;
    if (limit) this.context.limitReached(limit);
    this.exchange.error = text;
    this.answer(status, text);
  }

  protected override answer(status: number, message: string): void {
    const { exchange } = this;
    // Its rest would be taken for the next request.
    if (!this.framing.done || this.framing.broken) this.closes = true;
    exchange.status = status;
    if (status >= 400) exchange.error ??= message;
    const text = ownResponse(exchange, {
      status,
      message,
      asJson: prefersJson(this.outgoing === '' ? null : this.header('accept')),
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
    this.exchange.requestBytes = this.framing.payloadBytes;
    this.context.finished(this.exchange);
    this.attempts.forget();
  }

  #finish(): void {
    const bodyDone = this.framing.done;
    this.#report();
    this.pausedForServer = false;
    if (this.closes || !bodyDone) {
      if (this.isLast && bodyDone && this.held.length === 0 && this.socket.writableLength === 0)
        // Whoever said so sends nothing more, so nothing can destroy the response on its way (as nginx closes).
        this.gone(clientLeft);
      else this.#linger();
      return;
    }
    this.framing.start('none', 0);
    if (writableIsBlocked(this.socket)) {
      this.state = BLOCKED;
      this.awaitTaking();
      return;
    }
    this.#next();
  }

  #next(): void {
    this.state = IDLE;
    this.deadlineIn(this.limits.idleTimeoutMs);
    this.rests = true;
    this.context.resting++;
    if (this.held.length > 0) this.runHeld();
    else if (this.inputEnded) this.inputDone();
    else this.resume();
  }

  /** The last response has been written. */
  #linger(): void {
    this.state = LINGER;
    this.endGently();
    if (this.inputEnded && this.socket.writableLength === 0) this.gone(clientLeft);
  }

  override drained(): void {
    if (this.state === BUSY) {
      this.awaitBody();
      this.attempts.clientDrained();
    } else if (this.state === BLOCKED) this.#next();
    else if (this.state === LINGER && this.inputEnded) this.gone(clientLeft);
  }

  /**
   * A client may end its half behind its last request and still read (RFC 9112 section 9.6): whatever it asked for in full is
   * answered, and then the connection closes. One that has gone altogether looks the same until something is written to it.
   */
  protected override inputDone(): void {
    switch (this.state) {
      case BUSY:
        if (this.attempts.isTunnel) this.attempts.clientEnded();
        else if (this.attempts.isWaiting) this.#leaveQueue();
        else if (!this.framing.done && !this.attempts.isResponding) this.gone(clientLeft);
        else if (this.held.length === 0) this.closes = true;
        return;
      case BLOCKED:
        return; // there may be requests that wait for their turn
      default:
        if (this.socket.writableLength === 0) this.gone(clientLeft);
        else if (this.state !== LINGER) this.#linger();
    }
  }

  protected override gone(detail: string): void {
    if (this.state === CLOSED) return;
    const wasBusy = this.state === BUSY;
    const { isActive, isTunnel, isResponding } = this.attempts;
    // An end would make what has passed of a response look like all of it.
    const isCutOff = this.socket.writableLength > 0 || (wasBusy && isActive && isResponding && !isTunnel);
    this.state = CLOSED;
    this.restsNoMore();
    this.context.wheel.remove(this);
    this.held.clear();
    this.buffer.close();
    if (wasBusy && isActive) {
      this.attempts.abort(detail);
      this.exchange.error ??= detail;
      this.#report();
    }
    if (isCutOff) this.socket.resetAndDestroy();
    else this.socket.destroy();
    this.attempts.retire();
    if (this.context.spareAttempts.length < mostSpare) this.context.spareAttempts.push(this.attempts);
    this.context.closed(this);
  }
}
