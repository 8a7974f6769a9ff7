import { isIPv6 } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { holdTime, releaseTime } from '../clock.ts';
import type { LaneSocket, SocketOwner } from './lane-socket.ts';
import { type StreamHandle, type StreamRequest, streamInternals } from './stream-handles.ts';

/** libuv's number for the end of what the peer sends. */
const endOfFile = -4095;
const notConnected = -constants.errno.ENOTCONN;
/** What a write gets to hear once the peer has reset the connection. */
const resets: readonly number[] = [-constants.errno.EPIPE, -constants.errno.ECONNRESET];

const internals = streamInternals!;
/** The request of the next write. Node touches it only where a write has to wait, so one serves until that happens. */
let spare: StreamRequest | null = null;
/** Filled by every `getpeername`: an object that has its fields already is filled in half the time. */
const peerName: { address?: string } = {};
let lastAddress = '';

/**
 * A TCP connection straight on Node's handle, as `net.Socket` is itself, but without its two streams, its events and what
 * those do for every read and write. What is left is one object, a read without allocation and a write that is a system call;
 * state that only few connections need is made when they need it. Errors are never told from within a call of the owner's.
 */
export class HandleSocket implements LaneSocket {
  writableLength = 0;
  readonly #handle: StreamHandle;
  readonly #owner: SocketOwner;
  #buffer: Buffer;
  #reading = false;
  #isConnecting = false;
  #inputEnded = false;
  #isEnding = false;
  #outputEnded = false;
  #isClosed = false;
  /** Of a write, while what the peer had sent before is still read; 0 for none. */
  #writeError = 0;
  #whenEnded: (() => void) | null = null;

  private constructor(handle: StreamHandle, owner: SocketOwner) {
    this.#handle = handle;
    this.#owner = owner;
    this.#buffer = owner.nextBuffer();
    handle.laneSocket = this;
    handle.onread = readDone;
    // biome-ignore lint/correctness/useHookAtTopLevel: Node's method, no hook of React's
    handle.useUserBuffer(this.#buffer);
  }

  /** Takes charge of a connection that was accepted, and reads it. @param hasNoDelay small writes leave at once already */
  static accepted(handle: StreamHandle, owner: SocketOwner, hasNoDelay: boolean): HandleSocket {
    const socket = new HandleSocket(handle, owner);
    if (!hasNoDelay) handle.setNoDelay(true);
    socket.resume();
    return socket;
  }

  /** Connects; `owner.connected()` or `owner.closed(error)` follows, not before this returns. @param host an IP address */
  static connect(host: string, port: number, owner: SocketOwner): HandleSocket {
    const handle = new internals.Handle(internals.clientKind);
    const socket = new HandleSocket(handle, owner);
    const request = new internals.ConnectRequest();
    request.laneSocket = socket;
    request.oncomplete = connectDone;
    socket.#isConnecting = true;
    const error = isIPv6(host) ? handle.connect6(request, host, port) : handle.connect(request, host, port);
    if (error !== 0) socket.#failLater(error, 'connect');
    else handle.setNoDelay(true);
    return socket;
  }

  get writableNeedDrain(): boolean {
    return this.writableLength > 0;
  }

  get writableHighWaterMark(): number {
    return 0;
  }

  get writableEnded(): boolean {
    return this.#isEnding;
  }

  get remoteAddress(): string | undefined {
    if (this.#isClosed) return undefined;
    if (this.#handle.getpeername(peerName) !== 0) return undefined;
    const address = peerName.address!;
    // The journal keeps it: many clients with one address should keep one text.
    if (address !== lastAddress) lastAddress = address;
    return lastAddress;
  }

  get writeFailed(): boolean {
    return this.#writeError !== 0;
  }

  /** What was written and the system has not taken: shrinks while one large write is on its way. */
  get unsentBytes(): number {
    return this.#isClosed ? 0 : this.writableLength + (this.#handle.writeQueueSize ?? 0);
  }

  write(data: string | Uint8Array): boolean {
    if (this.#isClosed || this.#isEnding) return false;
    if (this.#writeError !== 0) return true;
    spare ??= new internals.WriteRequest();
    const request = spare;
    const error =
      typeof data === 'string'
        ? this.#handle.writeLatin1String(request, data)
        : this.#handle.writeBuffer(request, data);
    if (error !== 0) {
      this.#failLater(error, 'write');
      return false;
    }
    if (internals.state[internals.asyncAt] === 0) return true;
    spare = null;
    request.laneSocket = this;
    request.oncomplete = writeDone;
    request.byteLength = data.length;
    if (typeof data !== 'string') request.buffer = data;
    this.writableLength += data.length;
    return false;
  }

  end(done?: () => void): void {
    if (done) this.#whenEnded = done;
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    if (this.writableLength === 0) this.#shutDown();
  }

  /** Not before all is written: behind it the system refuses to reset the connection. */
  #shutDown(): void {
    const request = new internals.ShutdownRequest();
    request.laneSocket = this;
    request.oncomplete = shutdownDone;
    const error = this.#handle.shutdown(request);
    if (error !== 0) process.nextTick(shutdownFailed, this, error);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#whenEnded = null;
    this.#handle.close();
  }

  resetAndDestroy(): void {
    if (this.#isClosed) return;
    // The system may refuse that, e.g. while an end is on its way.
    if (this.#handle.reset() !== 0) this.#handle.close();
    this.#isClosed = true;
    this.#whenEnded = null;
  }

  pause(): void {
    if (!this.#reading || this.#isClosed) return;
    this.#reading = false;
    this.#handle.readStop();
  }

  resume(): void {
    if (this.#reading || this.#isClosed || this.#isConnecting || this.#inputEnded) return;
    this.#reading = true;
    const error = this.#handle.readStart();
    if (error !== 0) this.#failLater(error, 'read');
  }

  /** Of the last read. @param length below zero for an error or the end */
  read(length: number): Buffer | undefined {
    if (length > 0) {
      if (this.#isClosed) return undefined;
      const buffer = this.#buffer;
      this.#owner.bytesRead(buffer, length);
      if (this.#isClosed) return undefined;
      const next = this.#owner.nextBuffer();
      if (next === buffer) return undefined;
      this.#buffer = next;
      return next;
    }
    if (length === 0 || this.#isClosed) return undefined;
    if (length !== endOfFile) {
      this.#fail(length, 'read');
      return undefined;
    }
    if (this.#writeError !== 0) {
      this.#fail(this.#writeError, 'write');
      return undefined;
    }
    this.#inputEnded = true;
    this.pause();
    this.#owner.ended();
    this.#closeIfEnded();
    return undefined;
  }

  wrote(length: number, status: number): void {
    if (this.#isClosed || this.#writeError !== 0) return;
    this.writableLength -= length;
    if (status < 0) this.fail(status, 'write');
    else if (this.writableLength === 0) {
      if (this.#isEnding) this.#shutDown();
      this.#owner.drained();
    }
  }

  shutDown(status: number): void {
    if (this.#isClosed) return;
    if (status < 0 && status !== notConnected) {
      this.#fail(status, 'shutdown');
      return;
    }
    this.#outputEnded = true;
    const whenEnded = this.#whenEnded;
    this.#whenEnded = null;
    whenEnded?.();
    this.#closeIfEnded();
  }

  hasConnected(status: number): void {
    if (this.#isClosed) return;
    if (status < 0) {
      this.#fail(status, 'connect');
      return;
    }
    this.#isConnecting = false;
    this.resume();
    this.#owner.connected();
  }

  /** The system refused something just now: the owner is in the middle of it, and hears of it afterwards. */
  #failLater(status: number, syscall: string): void {
    process.nextTick(failNow, this, status, syscall);
  }

  fail(status: number, syscall: string): void {
    if (this.#isClosed || this.#writeError !== 0) return;
    // A peer that resets may have answered before: that is still in the system's buffer, and so is the end behind it.
    const mayHear = syscall === 'write' && resets.includes(status) && !this.#inputEnded;
    if (!mayHear || this.#owner.hearsOut?.() !== true) {
      this.#fail(status, syscall);
      return;
    }
    this.#writeError = status;
    this.writableLength = 0;
    this.#owner.drained();
  }

  #fail(status: number, syscall: string): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#owner.closed(systemError(status, syscall));
  }

  #closeIfEnded(): void {
    if (this.#isClosed || !this.#inputEnded || !this.#outputEnded) return;
    this.destroy();
    this.#owner.closed(null);
  }
}

function readDone(this: StreamHandle): Uint8Array | undefined {
  const length = internals.state[internals.readAt]!;
  holdTime();
  try {
    return (this.laneSocket as HandleSocket).read(length);
  } finally {
    releaseTime();
  }
}

function writeDone(this: StreamRequest, status: number): void {
  this.buffer = null;
  (this.laneSocket as HandleSocket).wrote(this.byteLength, status);
}

function shutdownDone(this: StreamRequest, status: number): void {
  (this.laneSocket as HandleSocket).shutDown(status);
}

function shutdownFailed(socket: HandleSocket, status: number): void {
  socket.shutDown(status);
}

function connectDone(this: StreamRequest, status: number): void {
  (this.laneSocket as HandleSocket).hasConnected(status);
}

function failNow(socket: HandleSocket, status: number, syscall: string): void {
  socket.fail(status, syscall);
}

function systemError(status: number, syscall: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno: status, syscall });
}
