import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import { isOwnFault } from '../descriptors.ts';
import { BodyFraming } from '../http1/body-framing.ts';
import { connectByEvents } from '../sockets/event-socket.ts';
import { HandleSocket } from '../sockets/handle-socket.ts';
import type { LaneSocket, ReadPath, SocketOwner } from '../sockets/lane-socket.ts';
import { ReadBuffer } from '../sockets/read-buffers.ts';
import { send, writableIsBlocked } from '../sockets/send.ts';
import { socketErrorText } from '../sockets/socket-errors.ts';
import { Timed, type TimerWheel } from '../sockets/timer-wheel.ts';
import { unsentMeasure } from '../sockets/write-progress.ts';
import type { ConnectionOwner, ServerUser } from './server-user.ts';

/** What a connection to a server is doing. */
export const CONNECTING = 0;
export const IDLE = 1;
/** A response is due, or part of its head has come. */
export const HEAD = 2;
export const BODY = 3;
export const TUNNEL = 4;
export const CLOSED = 5;

/** What a closing connection may still take to write what waits. */
const lingerMs = 5_000;
const never = Number.POSITIVE_INFINITY;

/**
 * The socket of a connection to a server, apart from what is read from it: connecting, writing, and how long is waited for
 * what. The lowest of three layers; `ServerConnection` is the whole.
 */
export abstract class ServerSocket extends Timed implements SocketOwner {
  readonly socket: LaneSocket;
  readonly framing = new BodyFraming();
  /** Whose response is due. */
  user: ServerUser | null = null;
  /** It carried a request before this one, so the server may have closed it meanwhile. */
  reused = false;
  /** Nobody listens there: known at once, and nothing was delivered. */
  refused = false;
  /** It was not made because this machine had no room for it. */
  ownFault = false;
  /** Nothing of the present request can have reached the server: its one write was refused by the system. */
  unsent = false;
  /** A byte of the present response has come. */
  sawResponse = false;
  /** IP address it goes to. */
  readonly host: string;
  /** Clock's `now()` of the switch of protocols; Infinity where there was none. */
  tunnelSince = never;
  /** Clock's `now()`. */
  idleSince = 0;
  /** How long the server said it keeps an idle connection; Infinity where it did not say. */
  promisedIdleMs = never;

  protected readonly owner: ConnectionOwner;
  protected readonly clock: Clock;
  protected readonly wheel: TimerWheel;
  /** The socket asks for a buffer before the layers above have their fields, so what `nextBuffer` looks at stands here. */
  protected readonly buffer = new ReadBuffer();
  protected state = CONNECTING;
  /** The last piece of a response may still be on its way to the client. */
  protected lastPieceWaits = false;
  /** Of the present request, or batch. */
  protected writes = 0;
  #connectMs: number;
  #paused = false;
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
    this.owner = owner;
    this.clock = clock;
    this.wheel = wheel;
    this.#connectMs = connectMs;
    this.user = user;
    const { address, host } = owner.endpoint;
    this.host = host ?? address.host;
    // Names are looked up apart from requests: one that means nothing yet fails at once.
    this.socket =
      path === 'handle' && host !== undefined
        ? HandleSocket.connect(host, address.port, this)
        : connectByEvents(this.host, address.port, this);
    wheel.set(this, clock.now() + connectMs);
  }

  abstract bytesRead(bytes: Buffer, length: number): void;
  abstract connected(): void;
  abstract ended(): void;
  /** The server has closed the connection while it was idle. */
  protected abstract gaveUp(): void;
  /** The connection is over, and with it what was under way on it. */
  protected abstract fail(outcome: AttemptOutcome, detail: string): void;

  get isConnected(): boolean {
    return this.state !== CONNECTING && this.state !== CLOSED;
  }

  get isIdle(): boolean {
    return this.state === IDLE;
  }

  /** Writes the beginning of a request: its head and what there is of its body. */
  send(text: string, bytes: Buffer, start: number, end: number, stable: boolean): void {
    this.writes++;
    send(this.socket, text, bytes, start, end, stable);
    this.awaitProgress();
  }

  /** Writes the beginning of a request in one piece. True where the system has taken all of it, so that its bytes are free. */
  sendWhole(bytes: Buffer): boolean {
    this.writes++;
    this.socket.write(bytes);
    this.awaitProgress();
    return this.socket.writableLength === 0;
  }

  /** Writes more of the body, or whatever the client sends after a switch of protocols. */
  sendMore(bytes: Buffer, start: number, end: number, stable: boolean): void {
    if (this.socket.writeFailed) return;
    this.writes++;
    send(this.socket, '', bytes, start, end, stable);
    this.awaitProgress();
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
    this.setDeadline(never);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
    this.awaitProgress();
  }

  /** Ends the writing half, after a switch of protocols. */
  endWriting(): void {
    this.socket.end();
    this.awaitTunnel();
  }

  /** Both sides of a switched protocol have ended: what waits is still written, then it closes. */
  retireTunnel(): void {
    this.user = null;
    if (this.socket.writableLength === 0) {
      this.destroy();
      return;
    }
    this.socket.end(() => this.destroy());
    this.wheel.set(this, this.clock.now() + lingerMs);
  }

  /** Kept for the next request, for at most so long. */
  rest(now: number, idleMs: number): void {
    this.idleSince = now;
    this.wheel.set(this, now + Math.min(idleMs, this.promisedIdleMs));
  }

  nextBuffer(): Buffer {
    return this.buffer.next(
      this.state === BODY || this.state === TUNNEL ? this.framing : null,
      this.lastPieceWaits,
    );
  }

  /** An answer may have come before the reset, to a request that was still on its way (RFC 9112 section 9.5). */
  hearsOut(): boolean {
    return this.state === HEAD || this.state === BODY;
  }

  destroy(): void {
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    this.user = null;
    this.wheel.remove(this);
    this.buffer.close();
    this.socket.destroy();
  }

  override onDeadline(now: number): void {
    const user = this.user;
    if (this.state === CONNECTING) {
      user?.limitReached('connect-timeout');
      this.fail('connect-failed', `no connection within ${formatDuration(this.#connectMs)}`);
    } else if (this.state === IDLE || !user) {
      // Before that it is not `timeouts.idle` that ends it, but what the server has promised.
      if (this.state === IDLE && now - this.idleSince < this.promisedIdleMs) this.owner.unused();
      this.destroy();
    } else if (this.state === TUNNEL) user.tunnelIdle();
    else if (this.isBlocked && unsentMeasure(this.socket) < this.#unsent) this.awaitProgress();
    else {
      user.limitReached('response-timeout');
      const ms = formatDuration(user.responseMs);
      if (this.state === BODY) this.fail('failed-mid-response', `no more of the response for ${ms}`);
      else
        this.fail(
          'timed-out',
          user.requestSent
            ? `no ${this.sawResponse ? 'whole response head' : 'response'} within ${ms}`
            : `took no more of the request for ${ms}`,
        );
    }
  }

  drained(): void {
    if (this.state === CLOSED) return;
    this.awaitProgress();
    this.user?.drained();
  }

  closed(error: NodeJS.ErrnoException | null): void {
    if (this.state === CLOSED) return;
    const detail = error ? socketErrorText(error) : 'connection closed';
    this.unsent = error?.syscall === 'write' && this.writes === 1;
    switch (this.state) {
      case CONNECTING:
        this.refused = error?.code === 'ECONNREFUSED';
        this.ownFault = isOwnFault(error?.code);
        this.fail('connect-failed', detail);
        return;
      case HEAD:
        this.fail('closed-before-response', detail);
        return;
      case BODY:
      case TUNNEL:
        this.fail('failed-mid-response', detail);
        return;
      default:
        this.gaveUp();
    }
  }

  /** Bounds the wait for the server: for its response, for the rest of it, for it to take what waits to be written. */
  protected awaitProgress(): void {
    const user = this.user;
    if (!user) return;
    if (this.state === TUNNEL) {
      this.awaitTunnel();
      return;
    }
    const blocked = this.isBlocked;
    if (blocked) this.#unsent = unsentMeasure(this.socket);
    const waits = user.requestSent || this.state === BODY || blocked;
    this.setDeadline(waits && !this.#paused ? this.clock.now() + user.responseMs : never);
  }

  /** Something moved: bounds how long nothing may. */
  protected awaitTunnel(): void {
    if (this.user && !this.#paused) this.wheel.set(this, this.clock.now() + this.user.tunnelIdleMs);
  }

  /** @param deadline clock's `now()`; Infinity for none */
  protected setDeadline(deadline: number): void {
    this.wheel.set(this, deadline);
  }
}
