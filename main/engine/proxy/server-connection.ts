import type { LookupOptions } from 'node:dns';
import { connect } from 'node:net';
import type { AttemptOutcome } from '@shared/contract/values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import { isOwnFault } from '../descriptors.ts';
import { BodyFraming } from '../http1/body-framing.ts';
import { HEAD_TOO_LARGE, refusalOf, refusals } from '../http1/refusal.ts';
import { ResponseHead } from '../http1/response-head.ts';
import { ownByEvents } from '../sockets/event-socket.ts';
import { HandleSocket } from '../sockets/handle-socket.ts';
import { HeldBytes } from '../sockets/held-bytes.ts';
import type { LaneSocket, ReadPath, SocketOwner } from '../sockets/lane-socket.ts';
import { isStable, ReadBuffer } from '../sockets/read-buffers.ts';
import { send, writableIsBlocked } from '../sockets/send.ts';
import { socketErrorText } from '../sockets/socket-errors.ts';
import { Timed, type TimerWheel } from '../sockets/timer-wheel.ts';
import { unsentMeasure } from '../sockets/write-progress.ts';
import type { Batch } from './batch.ts';
import type { ConnectionOwner, ServerUser } from './server-user.ts';

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const TUNNEL = 4;
const CLOSED = 5;

/** What a closing connection may still take to write what waits. */
const lingerMs = 5_000;
/** Bytes that come so soon behind the answers of a batch belong to them. */
const soonMs = 1_000;
const never = Number.POSITIVE_INFINITY;
/** Scanning ends before the callback returns, so one scanner serves all. */
const head = new ResponseHead();

function noLookup(
  _name: string,
  _options: LookupOptions,
  done: (error: NodeJS.ErrnoException, address: string) => void,
): void {
  done(Object.assign(new Error('the name does not resolve'), { code: 'ENOTFOUND' }), '');
}

/**
 * One connection to a server: carries one request at a time, or a batch whose responses come in turn, and reads strictly
 * what comes.
 */
export class ServerConnection extends Timed implements SocketOwner {
  readonly socket: LaneSocket;
  readonly framing = new BodyFraming();
  /** Whose response is due. */
  user: ServerUser | null = null;
  /** The requests that share the connection just now, the user's first; null for a single one. */
  batch: Batch | null = null;
  /** The present request was sent together with others. */
  isShared = false;
  /** It carried a request before this one, so the server may have closed it meanwhile. */
  reused = false;
  /** A byte of the present response has come. */
  sawResponse = false;
  /** Nobody listens there: known at once, and nothing was delivered. */
  refused = false;
  /** It was not made because this machine had no room for it. */
  ownFault = false;
  /** Nothing of the present request can have reached the server: its one write was refused by the system. */
  unsent = false;
  /** IP address it goes to. */
  readonly host: string;
  /** Clock's `now()` of the switch of protocols; Infinity where there was none. */
  tunnelSince = never;
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
    const { address, host } = owner.endpoint;
    this.host = host ?? address.host;
    // Names are looked up apart from requests: one that means nothing yet fails at once.
    this.socket =
      path === 'handle' && host !== undefined
        ? HandleSocket.connect(host, address.port, this)
        : ownByEvents(
            connect({
              host: this.host,
              port: address.port,
              lookup: noLookup,
              noDelay: true,
              allowHalfOpen: true,
            }),
            this,
          );
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

  /** Carries the requests of a batch, of which the present user is the first. Written at once, or when it is connected. */
  share(batch: Batch): void {
    this.batch = batch;
    this.isShared = true;
    if (this.isConnected) this.#sendBatch(batch);
  }

  /** Writes the beginning of a request: its head and what there is of its body. */
  send(text: string, bytes: Buffer, start: number, end: number, stable: boolean): void {
    this.#writes++;
    send(this.socket, text, bytes, start, end, stable);
    this.#awaitProgress();
  }

  /** Writes more of the body, or whatever the client sends after a switch of protocols. */
  sendMore(bytes: Buffer, start: number, end: number, stable: boolean): void {
    if (this.socket.writeFailed) return;
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
    this.#setDeadline(never);
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
    this.#awaitTunnel();
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
    if (this.user && this.batch?.hasFollowers) {
      this.leave(this.user);
      return;
    }
    const sent = this.user?.requestSent ?? false;
    this.user = null;
    if (this.#state === BODY && this.framing.done && !this.#leftover && sent) this.#recycle();
    else this.destroy();
  }

  /** The user wants no response any more, be it due or yet to come. Others who share the connection lose nothing by it. */
  leave(user: ServerUser): void {
    const others = this.batch?.leave(user, this) ?? null;
    if (others === null) {
      this.destroy();
      return;
    }
    if (this.user === user) this.user = others;
    this.resume();
  }

  /** Nobody waits for the rest of what comes; who is behind it goes again apart. */
  breakOff(why: string): void {
    const { batch } = this;
    this.destroy();
    batch?.shed(why);
  }

  destroy(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.user = null;
    this.batch = null;
    this.#wheel.remove(this);
    this.#held.clear();
    this.#buffer.close();
    this.socket.destroy();
    this.#owner.closed(this);
  }

  nextBuffer(): Buffer {
    return this.#buffer.next(
      this.#state === BODY || this.#state === TUNNEL ? this.framing : null,
      this.#lastPieceWaits,
    );
  }

  /** An answer may have come before the reset, to a request that was still on its way (RFC 9112 section 9.5). */
  hearsOut(): boolean {
    return this.#state === HEAD || this.#state === BODY;
  }

  bytesRead(bytes: Buffer, length: number): void {
    this.#buffer.filled = length === bytes.length;
    this.sawResponse = true;
    switch (this.#state) {
      case HEAD:
        this.#awaitProgress();
        this.#readHead(bytes, 0, length);
        return;
      case BODY:
        this.#awaitProgress();
        this.#readBody(bytes, length);
        return;
      case TUNNEL:
        this.framing.consume(bytes, 0, length);
        this.#awaitTunnel();
        this.user?.responseBody(bytes, 0, length, isStable(bytes));
        return;
      default:
        // Bytes that nobody asked for would be taken for the next response.
        if (this.isShared && this.#clock.now() - this.idleSince < soonMs) this.#owner.gotSurplus();
        this.destroy();
    }
  }

  override onDeadline(now: number): void {
    const user = this.user;
    const { batch } = this;
    if (batch?.isOverdue(now)) {
      if (batch.ownDeadline > now && batch.mayHaveCome(now)) {
        this.#setDeadline(batch.ownDeadline);
        return;
      }
      // The one whose turn it is has the connection for itself from now on, and as much time as it would have had.
      batch.shedOverdue();
      if (this.#state === CLOSED) return;
      this.#setDeadline(batch.ownDeadline);
      if (batch.ownDeadline > now) return;
    }
    if (this.#state === CONNECTING) {
      user?.limitReached('connect-timeout');
      this.#fail('connect-failed', `no connection within ${formatDuration(this.#connectMs)}`);
    } else if (this.#state === IDLE || !user) this.destroy();
    else if (this.#state === TUNNEL) user.tunnelIdle();
    else if (this.isBlocked && unsentMeasure(this.socket) < this.#unsent) this.#awaitProgress();
    else {
      user.limitReached('response-timeout');
      const ms = formatDuration(user.responseMs);
      if (this.#state === BODY) this.#fail('failed-mid-response', `no more of the response for ${ms}`);
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
    this.isShared = false;
    this.unsent = false;
    this.sawResponse = false;
    this.#interims = 0;
    this.#wheel.set(this, never);
  }

  connected(): void {
    if (this.#state !== CONNECTING) return;
    this.#owner.endpoint.reached(this.host);
    if (this.batch) {
      this.#begin();
      this.share(this.batch);
      return;
    }
    this.#begin();
    this.user?.connected();
  }

  #sendBatch(batch: Batch): void {
    this.#writes++;
    this.socket.write(batch.takeText(this.#clock.now()), 'latin1');
    this.#awaitProgress();
  }

  /** Bounds the wait for the server: for its response, for the rest of it, for it to take what waits to be written. */
  #awaitProgress(): void {
    const user = this.user;
    if (!user) return;
    if (this.#state === TUNNEL) {
      this.#awaitTunnel();
      return;
    }
    const blocked = this.isBlocked;
    if (blocked) this.#unsent = unsentMeasure(this.socket);
    const waits = user.requestSent || this.#state === BODY || blocked;
    this.#setDeadline(waits && !this.#paused ? this.#clock.now() + user.responseMs : never);
  }

  /** Something moved: bounds how long nothing may. */
  #awaitTunnel(): void {
    if (this.user && !this.#paused) this.#wheel.set(this, this.#clock.now() + this.user.tunnelIdleMs);
  }

  #setDeadline(deadline: number): void {
    this.#wheel.set(this, this.batch === null ? deadline : this.batch.boundDeadline(deadline));
  }

  drained(): void {
    if (this.#state === CLOSED) return;
    this.#awaitProgress();
    this.user?.drained();
  }

  #readHead(bytes: Buffer, start: number, length: number): void {
    const held = this.#held;
    if (held.length === 0) {
      const at = this.#scanHeads(bytes, start, length, isStable(bytes));
      if (this.#state === HEAD && at >= 0) held.add(bytes, at, length);
    } else {
      held.add(bytes, start, length);
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
        at = this.#startResponse(user, bytes, result, end, stable);
        // Behind a response of a batch the next one follows.
        if (this.#state !== HEAD) return -1;
        continue;
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

  /** Where the response ends, as far as it has come. */
  #startResponse(user: ServerUser, bytes: Buffer, start: number, end: number, stable: boolean): number {
    const { status } = head;
    if (status === 101) {
      if (!user.asksUpgrade || !user.requestSent) {
        this.#fail('failed-mid-response', 'it switched protocols, which the request did not ask for');
        return end;
      }
      if (head.upgradeStart < 0) {
        this.#fail('failed-mid-response', 'it switched protocols without saying to which');
        return end;
      }
      this.#state = TUNNEL;
      this.tunnelSince = this.#clock.now();
      this.#awaitTunnel();
      this.framing.start('until-close', 0);
      this.framing.consume(bytes, start, end);
      user.response(bytes, head, start, end, stable);
      return end;
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
      return end;
    }
    user.response(bytes, head, start, bodyEnd, stable);
    this.#lastPieceWaits = user.clientWaits;
    if (this.#state !== BODY) return bodyEnd;
    if (this.batch !== null && !this.#persists) this.batch.closesBehind();
    // The user may have given this response up for another attempt, even for one on this very connection.
    if (this.user !== null && this.#state === BODY && framing.done) this.#complete(this.user);
    return bodyEnd;
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
    if (this.user !== user || this.#state !== BODY || !this.framing.done) return;
    if (this.#complete(user) && end < length) this.#readHead(bytes, end, length);
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

  /** True where the response of the next in a batch is due. */
  #complete(user: ServerUser): boolean {
    const { payloadBytes } = this.framing;
    const { batch } = this;
    if (batch !== null) {
      batch.answered(this.#clock.now(), this.#leftover);
      if (batch.hasFollowers) {
        this.#turnTo(batch.next());
        user.responseEnded(payloadBytes);
        return this.#state === HEAD;
      }
    }
    const reusable = user.requestSent && !this.#leftover;
    this.user = null;
    // First the connection, then the user: the client's next request may want it at once.
    if (reusable) this.#recycle();
    else this.destroy();
    user.responseEnded(payloadBytes);
    return false;
  }

  /** The response of the next in the batch is due. */
  #turnTo(next: ServerUser): void {
    this.user = next;
    this.#state = HEAD;
    this.sawResponse = this.#leftover;
    this.#interims = 0;
    // The bytes of the response before may still be on their way out of this buffer, and nothing holds the reading up.
    if (this.#lastPieceWaits) this.#buffer.drop();
    this.resume();
    this.#awaitProgress();
  }

  #recycle(): void {
    // Responses to requests that have left for other connections are still to come.
    const hasOwing = this.batch?.isBroken ?? false;
    if (!this.#persists || hasOwing || this.socket.writableLength > 0 || this.socket.writeFailed) {
      this.destroy();
      return;
    }
    this.#state = IDLE;
    this.batch = null;
    if (this.#paused) {
      this.#paused = false;
      this.socket.resume();
    }
    this.#owner.released(this);
  }

  /** The server sends no more. */
  ended(): void {
    // libuv tells a reset that comes together with the last bytes as an end; but then there is no other side any more, as
    // otherwise only when both sides have ended.
    if (this.socket.remoteAddress === undefined && !this.socket.writableEnded) {
      this.closed({ name: 'Error', message: 'connection reset', code: 'ECONNRESET', syscall: 'read' });
      return;
    }
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
        this.#awaitTunnel();
        return;
      default:
        this.destroy();
    }
  }

  closed(error: NodeJS.ErrnoException | null): void {
    if (this.#state === CLOSED) return;
    const detail = error ? socketErrorText(error) : 'connection closed';
    this.unsent = error?.syscall === 'write' && this.#writes === 1;
    switch (this.#state) {
      case CONNECTING:
        this.refused = error?.code === 'ECONNREFUSED';
        this.ownFault = isOwnFault(error?.code);
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
    const { user, batch } = this;
    const isDue = this.#state === HEAD;
    this.destroy();
    if (batch) batch.failed(outcome, detail, this, isDue);
    else user?.failed(outcome, detail, this);
  }
}
