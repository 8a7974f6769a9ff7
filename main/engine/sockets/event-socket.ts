import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { constants } from 'node:os';
import type { LaneSocket, SocketOwner } from './lane-socket.ts';

/** What a write gets to hear once the peer has reset the connection. */
const resets: readonly (number | undefined)[] = [-constants.errno.EPIPE, -constants.errno.ECONNRESET];

/** Leads what happens on an ordinary socket to its owner. */
export function ownByEvents(socket: Socket, owner: SocketOwner): LaneSocket {
  socket.on('data', (bytes: Buffer) => owner.bytesRead(bytes, bytes.length));
  socket.on('connect', () => owner.connected());
  socket.on('end', () => owner.ended());
  socket.on('drain', () => owner.drained());
  socket.on('error', (error) => owner.closed(error));
  socket.on('close', () => owner.closed(null));
  return socket;
}

/** Connects by an ordinary socket. @param host an IP address; a name fails as one that does not resolve */
export function connectByEvents(host: string, port: number, owner: SocketOwner): LaneSocket {
  const socket = new HearingSocket(owner);
  ownByEvents(socket, owner);
  socket.setNoDelay(true);
  socket.connect({
    host,
    port,
    lookup: (_name, _options, done) =>
      done(Object.assign(new Error('the name does not resolve'), { code: 'ENOTFOUND' }), ''),
  });
  return socket;
}

/**
 * An ordinary socket, but for one thing: when a write fails because the peer has reset the connection, what the peer had sent
 * by then is read first, where the owner wants that (`hearsOut`). A stream would destroy itself at once, and with it an answer
 * that waits in the system. It is read past the stream (`onread`), which delivers no more once a write has failed.
 */
class HearingSocket extends Socket {
  readonly #owner: SocketOwner;
  /** Of a write, while what the peer had sent before is still read. */
  #writeError: NodeJS.ErrnoException | null = null;

  constructor(owner: SocketOwner) {
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      allowHalfOpen: true,
      onread: {
        buffer: () => owner.nextBuffer(),
        callback(length, bytes) {
          owner.bytesRead(bytes as Buffer, length);
          return true;
        },
      },
    };
    super(options);
    this.#owner = owner;
  }

  get writeFailed(): boolean {
    return this.#writeError !== null;
  }

  /** By this a stream ends itself where a write has failed. */
  override destroy(error?: NodeJS.ErrnoException): this {
    if (error?.syscall !== 'write' || !resets.includes(error.errno)) return super.destroy(error);
    if (this.#writeError !== null) return this;
    if (this.readableEnded || this.#owner.hearsOut?.() !== true) return super.destroy(error);
    this.#writeError = error;
    this.#owner.drained();
    this.#hearOut();
    return this;
  }

  override resume(): this {
    super.resume();
    if (this.#writeError !== null) this.#hearOut();
    return this;
  }

  /** Of a peer that is gone nothing is on its way: what there is, every turn of the event loop brings a piece of. */
  #hearOut(): void {
    const before = this.bytesRead;
    // The first of them may come before the next look at the system, the second does not.
    setImmediate(() =>
      setImmediate(() => {
        if (this.destroyed || this.isPaused()) return;
        if (this.bytesRead > before) this.#hearOut();
        else super.destroy(this.#writeError!);
      }),
    );
  }
}
