import type { ListenerLimits } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import { HeldBytes } from '../sockets/held-bytes.ts';
import type { LaneSocket, ReadPath, SocketOwner } from '../sockets/lane-socket.ts';
import { ReadBuffer } from '../sockets/read-buffers.ts';
import { Timed } from '../sockets/timer-wheel.ts';
import { unsentMeasure } from '../sockets/write-progress.ts';
import type { ClientContext } from './client-context.ts';

/** Why a request ended that was still running when its client's socket closed, or when it ended in the middle of its body. */
export const clientLeft = 'the client closed its connection before the response was complete';

/** The socket of a client and what is known of it, apart from requests. */
export abstract class ClientSocket extends Timed implements SocketOwner {
  readonly clock: Clock;
  readonly path: ReadPath;
  protected readonly context: ClientContext;
  protected readonly buffer = new ReadBuffer();
  /** What came and could not be dealt with yet. */
  protected readonly held = new HeldBytes();
  protected isPaused = false;
  /** The client sends no more. Whether it still reads, only a write can tell. */
  protected inputEnded = false;
  #socket: LaneSocket | null = null;
  #clientAddress = '';
  /** What the client had not taken when that was last looked at, see `unsentMeasure`. */
  #unsent = 0;
  /** Clock's `now()`: until then it must have taken some of it. */
  #takesUntil = 0;

  constructor(context: ClientContext) {
    super();
    this.context = context;
    this.clock = context.clock;
    this.path = context.path;
  }

  abstract nextBuffer(): Buffer;
  abstract bytesRead(bytes: Buffer, length: number): void;
  abstract drained(): void;
  /** The client sends no more. */
  protected abstract inputDone(): void;
  /** The socket is closed, or is to be, for the reason given. */
  protected abstract gone(detail: string): void;

  /** Takes charge of an accepted socket, once. */
  attach(socket: LaneSocket): void {
    this.#socket = socket;
    this.deadlineIn(this.limits.idleTimeoutMs);
  }

  connected(): void {}

  ended(): void {
    this.inputEnded = true;
    this.inputDone();
  }

  closed(): void {
    this.gone(clientLeft);
  }

  get socket(): LaneSocket {
    return this.#socket!;
  }

  get limits(): ListenerLimits {
    return this.context.limits;
  }

  /** Without a port; IPv4 in its own notation, also on a socket for both families. */
  get clientAddress(): string {
    if (this.#clientAddress === '') {
      const address = this.#socket?.remoteAddress ?? 'unknown';
      this.#clientAddress = address.startsWith('::ffff:') ? address.slice(7) : address;
    }
    return this.#clientAddress;
  }

  /** @param ms Infinity for no deadline */
  protected deadlineIn(ms: number): void {
    this.context.wheel.set(
      this,
      ms === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : this.clock.now() + ms,
    );
  }

  protected pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.socket.pause();
  }

  protected resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.socket.resume();
  }

  /** Ends the connection so that the client gets all that was written; what it still sends is thrown away. */
  protected endGently(): void {
    this.held.clear();
    this.socket.end();
    this.awaitTaking();
    this.deadlineIn(this.limits.lingerTimeoutMs);
    this.resume();
  }

  /** The client has something to take: bounds how long it may take nothing of it. */
  protected awaitTaking(): void {
    const { sendTimeoutMs } = this.limits;
    this.#unsent = unsentMeasure(this.socket);
    this.#takesUntil = this.clock.now() + sendTimeoutMs;
    this.deadlineIn(sendTimeoutMs);
  }

  /** At the deadline: whether the client took anything since `awaitTaking`. Then it has another while. */
  protected goesOnTaking(): boolean {
    if (unsentMeasure(this.socket) >= this.#unsent) return false;
    this.awaitTaking();
    return true;
  }

  /** True where what was written is still on its way, and the wait for it goes on. */
  protected lingersOn(now: number): boolean {
    if (this.socket.writableLength === 0) return false;
    if (!this.goesOnTaking() && now >= this.#takesUntil) return false;
    this.deadlineIn(this.limits.lingerTimeoutMs);
    return true;
  }
}
