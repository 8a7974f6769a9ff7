import { connect, type Socket } from 'node:net';
import type { AttemptOutcome } from '@shared/contract/values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import { BodyFraming } from '../http1/body-framing.ts';
import { HeldBytes } from '../http1/held-bytes.ts';
import { isStable, ReadBuffer } from '../http1/read-buffers.ts';
import { HEAD_TOO_LARGE, refusalOf, refusals } from '../http1/refusal.ts';
import { ResponseHead } from '../http1/response-head.ts';
import { send, writableIsBlocked } from '../http1/send.ts';
import { onreadOf, type ReadPath, readByEvents, type SocketReader } from '../http1/socket-reader.ts';
import { Timed, type TimerWheel } from '../http1/timer-wheel.ts';
import { unsentMeasure } from '../http1/write-progress.ts';
import type { ConnectionOwner, ServerUser } from './server-user.ts';
import { socketErrorText } from './socket-errors.ts';

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const TUNNEL = 4;
const CLOSED = 5;

/** What a closing connection may still take to write what waits. */
const lingerMs = 5_000;
const never = Number.POSITIVE_INFINITY;
/** Scanning ends before the callback returns, so one scanner serves all. */
const head = new ResponseHead();

/** One connection to a server: carries one request at a time, and reads its response strictly. */
export class ServerConnection extends Timed implements SocketReader {
  readonly socket: Socket;
  readonly framing = new BodyFraming();
  user: ServerUser | null = null;
  /** It carried a request before this one, so the server may have closed it meanwhile. */
  reused = false;
  /** A byte of the present response has come. */
  sawResponse = false;
  /** Nothing of the present request can have reached the server: its one write was refused by the system. */
  unsent = false;
  /** Clock's `now()`. */
  idleSince = 0;
  /** How long the server said it keeps an idle connection; Infinity where it did not say. */
  promisedIdleMs = never;

  readonly #owner: ConnectionOwner;
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #buffer = new ReadBuffer();
  readonly #held = new HeldBytes();
  #state = CONNECTING;
  #connectMs: number;
  #writes = 0;
  #paused = false;
  #persists = false;
  #leftover = false;
  #lastPieceWaits = false;
  #interims = 0;
  /** What the server had not taken when the present wait for it began, see `unsentMeasure`. */
  #unsent = 0;

  constructor(
    owner: ConnectionOwner,
    user: ServerUser,
    clock: Clock,
    wheel: TimerWheel,
    connectMs: number,
    path: ReadPath,
  ) {
    super();
    this.#owner = owner;
    this.#clock = clock;
    this.#wheel = wheel;
    this.#connectMs = connectMs;
    this.user = user;
    const { host, port } = owner.address;
    const options = { host, port, noDelay: true, allowHalfOpen: true };
    this.socket = connect(path === 'buffer' ? { ...options, onread: onreadOf(this) } : options);
    if (path === 'events') readByEvents(this.socket, this);
    this.socket.on('connect', () => this.#connected());
    this.socket.on('end', () => this.#ended());
    this.socket.on('drain', () => this.#drained());
    this.socket.on('error', (error) => this.#erred(error));
    this.socket.on('close', () => this.#erred(null));
    wheel.set(this, clock.now() + connectMs);
  }

  get isConnected(): boolean {
    return this.#state !== CONNECTING && this.#state !== CLOSED;
  }

  get isIdle(): boolean {
    return this.#state === IDLE;
  }

  /** Takes an idle connection for the next request. */
  reuse(user: ServerUser): void {
    this.user = user;
    this.reused = true;
    this.#begin();
  }

  /** Writes the beginning of a request: its head and what there is of its body. */
  send(text: string, bytes: Buffer, start: number, end: number, stable: boolean): void {
    this.#writes++;
    send(this.socket, text, bytes, start, end, stable);
    this.#awaitProgress();
  }

  /** Writes more of the body, or whatever the client sends after a switch of protocols. */
  sendMore(bytes: Buffer, start: number, end: number, stable: boolean): void {
    this.#writes++;
    send(this.socket, '', bytes, start, end, stable);
    this.#awaitProgress();
  }

  /** The server does not take what is sent to it: read no more of it from the client until `drained`. */
  get isBlocked(): boolean {
    return writableIsBlocked(this.socket);
  }

  /** Reads no more until `resume`: the client does not take what comes. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
    this.#wheel.set(this, never);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
    this.#awaitProgress();
  }

  /** Ends the writing half, after a switch of protocols. */
  endWriting(): void {
    this.socket.end();
  }

  /** Both sides of a switched protocol have ended: what waits is still written, then it closes. */
  retireTunnel(): void {
    this.user = null;
    if (this.socket.writableLength === 0) {
      this.destroy();
      return;
    }
    this.socket.end(() => this.destroy());
    this.#wheel.set(this, this.#clock.now() + lingerMs);
  }

  /** The user has no more use for the response: kept when it is complete, closed otherwise. */
  abandon(): void {
    const sent = this.user?.requestSent ?? false;
    this.user = null;
    if (this.#state === BODY && this.framing.done && !this.#leftover && sent) this.#recycle();
    else this.destroy();
  }

  destroy(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.user = null;
    this.#wheel.remove(this);
    this.#held.clear();
    this.socket.destroy();
    this.#owner.closed(this);
  }

  nextBuffer(): Buffer {
    return this.#buffer.next(
      this.#state === BODY || this.#state === TUNNEL ? this.framing : null,
      this.#lastPieceWaits,
    );
  }

  bytesRead(bytes: Buffer, length: number): void {
    this.#buffer.filled = length === bytes.length;
    this.sawResponse = true;
    switch (this.#state) {
      case HEAD:
        this.#awaitProgress();
        this.#readHead(bytes, length);
        return;
      case BODY:
        this.#awaitProgress();
        this.#readBody(bytes, length);
        return;
      case TUNNEL:
        this.framing.consume(bytes, 0, length);
        this.user?.responseBody(bytes, 0, length, isStable(bytes));
        return;
      default:
        // Bytes that nobody asked for would be taken for the next response.
        this.destroy();
    }
  }

  override onDeadline(): void {
    const user = this.user;
    if (this.#state === CONNECTING) {
      user?.limitReached('connect-timeout');
      this.#fail('connect-failed', `no connection within ${formatDuration(this.#connectMs)}`);
    } else if (this.#state === IDLE || !user) this.destroy();
    else if (this.isBlocked && unsentMeasure(this.socket) < this.#unsent) this.#awaitProgress();
    else {
      user.limitReached('response-timeout');
      const ms = formatDuration(user.responseMs);
      if (this.#state === BODY || this.#state === TUNNEL)
        this.#fail('failed-mid-response', `no more of the response for ${ms}`);
      else
        this.#fail(
          'timed-out',
          user.requestSent ? `no response within ${ms}` : `took no more of the request for ${ms}`,
        );
    }
  }

  /** Kept for the next request, for at most so long. */
  rest(now: number, idleMs: number): void {
    this.idleSince = now;
    this.#wheel.set(this, now + Math.min(idleMs, this.promisedIdleMs));
  }

  #begin(): void {
    this.#state = HEAD;
    this.#writes = 0;
    this.unsent = false;
    this.sawResponse = false;
    this.#interims = 0;
    this.#wheel.set(this, never);
  }

  #connected(): void {
    if (this.#state !== CONNECTING) return;
    this.#begin();
    this.user?.connected();
  }

  /** Bounds the wait for the server: for its response, for the rest of it, for it to take what waits to be written. */
  #awaitProgress(): void {
    const user = this.user;
    if (!user || this.#state === TUNNEL) return;
    const blocked = this.isBlocked;
    if (blocked) this.#unsent = unsentMeasure(this.socket);
    const waits = user.requestSent || this.#state === BODY || blocked;
    this.#wheel.set(this, waits && !this.#paused ? this.#clock.now() + user.responseMs : never);
  }

  #drained(): void {
    if (this.#state === CLOSED) return;
    this.#awaitProgress();
    this.user?.drained();
  }

  #readHead(bytes: Buffer, length: number): void {
    const held = this.#held;
    if (held.length === 0) {
      const at = this.#scanHeads(bytes, 0, length, isStable(bytes));
      if (this.#state === HEAD && at >= 0) held.add(bytes, at, length);
    } else {
      held.add(bytes, 0, length);
      const at = this.#scanHeads(held.bytes, held.start, held.end, false);
      if (at < 0 || this.#state !== HEAD) held.clear();
      else held.consumeTo(at);
    }
    if (this.#state === HEAD && held.length > (this.user?.headBytes ?? 0))
      this.#fail('failed-mid-response', `the response cannot be read: ${refusals[HEAD_TOO_LARGE].text}`);
  }

  /** Deals with heads until one that is not interim. Where an incomplete head begins, or -1 where all is dealt with. */
  #scanHeads(bytes: Buffer, start: number, end: number, stable: boolean): number {
    for (let at = start; at < end; ) {
      const user = this.user;
      if (!user) return -1;
      const result = head.scan(bytes, at, end, user.headFields);
      if (result === 0) return at;
      if (result < 0 || result - at > user.headBytes) {
        const { text } = result < 0 ? refusalOf(result) : refusals[HEAD_TOO_LARGE];
        this.#fail('failed-mid-response', `the response cannot be read: ${text}`);
        return -1;
      }
      if (head.status >= 200 || head.status === 101) {
        this.#startResponse(user, bytes, result, end, stable);
        return -1;
      }
      if (++this.#interims > user.interimResponses) {
        user.limitReached('interim-responses');
        this.#fail('failed-mid-response', 'it sent too many 1xx responses (limits.interimResponses)');
        return -1;
      }
      user.interim(bytes, head);
      if (this.user !== user) return -1;
      at = result;
    }
    return end;
  }

  #startResponse(user: ServerUser, bytes: Buffer, start: number, end: number, stable: boolean): void {
    const { status } = head;
    if (status === 101) {
      if (!user.asksUpgrade || !user.requestSent) {
        this.#fail('failed-mid-response', 'it switched protocols, which the request did not ask for');
        return;
      }
      this.#state = TUNNEL;
      this.#wheel.set(this, never);
      this.framing.start('until-close', 0);
      this.framing.consume(bytes, start, end);
      user.response(bytes, head, start, end, stable);
      return;
    }
    this.#state = BODY;
    const framing = this.framing;
    if (user.isHead || status === 204 || status === 304) framing.start('none', 0);
    else if (head.chunked) framing.start('chunked', 0);
    else if (head.contentLength >= 0) framing.start('length', head.contentLength);
    else framing.start('until-close', 0);
    if (framing.kind === 'chunked') {
      framing.chunked.collects = user.decodesChunked;
      framing.chunked.lineLimit = user.trailerBytes;
    }
    this.#persists = head.persists && framing.kind !== 'until-close';
    if (head.keepAliveSeconds >= 0) this.promisedIdleMs = head.usableIdleMs;
    const bodyEnd = framing.consume(bytes, start, end);
    this.#leftover = bodyEnd < end;
    if (framing.broken) {
      this.#brokenChunk();
      return;
    }
    user.response(bytes, head, start, bodyEnd, stable);
    this.#lastPieceWaits = user.clientWaits;
    // The user may have given this response up for another attempt, even for one on this very connection.
    if (this.user === user && this.#state === BODY && framing.done) this.#complete(user);
  }

  #readBody(bytes: Buffer, length: number): void {
    const user = this.user;
    if (!user) {
      this.destroy();
      return;
    }
    const end = this.framing.consume(bytes, 0, length);
    this.#leftover = end < length;
    if (this.framing.broken) {
      this.#brokenChunk();
      return;
    }
    user.responseBody(bytes, 0, end, isStable(bytes));
    this.#lastPieceWaits = user.clientWaits;
    if (this.user === user && this.#state === BODY && this.framing.done) this.#complete(user);
  }

  #brokenChunk(): void {
    if (this.framing.chunked.tooLarge) this.user?.limitReached('trailer-bytes');
    this.#fail(
      'failed-mid-response',
      this.framing.chunked.tooLarge
        ? 'the chunk extensions or trailers of the response are too large (limits.trailerBytes)'
        : 'a chunk of the response is malformed',
    );
  }

  #complete(user: ServerUser): void {
    const { payloadBytes } = this.framing;
    const reusable = user.requestSent && !this.#leftover;
    this.user = null;
    // First the connection, then the user: the client's next request may want it at once.
    if (reusable) this.#recycle();
    else this.destroy();
    user.responseEnded(payloadBytes);
  }

  #recycle(): void {
    if (!this.#persists || this.socket.writableLength > 0) {
      this.destroy();
      return;
    }
    this.#state = IDLE;
    if (this.#paused) {
      this.#paused = false;
      this.socket.resume();
    }
    this.#owner.released(this);
  }

  /** The server sends no more. */
  #ended(): void {
    switch (this.#state) {
      case HEAD:
        this.#fail(
          'closed-before-response',
          this.sawResponse ? 'closed in the middle of the response head' : 'closed without a response',
        );
        return;
      case BODY:
        if (this.framing.kind === 'until-close' && this.user) {
          this.#complete(this.user);
          return;
        }
        this.#fail('failed-mid-response', 'closed before the response was complete');
        return;
      case TUNNEL:
        this.user?.serverEnded();
        return;
      default:
        this.destroy();
    }
  }

  #erred(error: NodeJS.ErrnoException | null): void {
    if (this.#state === CLOSED) return;
    const detail = error ? socketErrorText(error) : 'connection closed';
    this.unsent = error?.syscall === 'write' && this.#writes === 1;
    switch (this.#state) {
      case CONNECTING:
        this.#fail('connect-failed', detail);
        return;
      case HEAD:
        this.#fail('closed-before-response', detail);
        return;
      case BODY:
      case TUNNEL:
        this.#fail('failed-mid-response', detail);
        return;
      default:
        this.destroy();
    }
  }

  #fail(outcome: AttemptOutcome, detail: string): void {
    const user = this.user;
    this.destroy();
    user?.failed(outcome, detail, this);
  }
}
