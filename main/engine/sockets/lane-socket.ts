/**
 * How the lane handles its sockets. `handle`: straight on the system's stream, without an object of streams and events for
 * each, see `handle-socket.ts`. `events`: an ordinary `net.Socket`, a third dearer, where the other cannot be had.
 */
export type ReadPath = 'handle' | 'events';

/** What happens on a socket, told to whom it belongs. */
export interface SocketOwner {
  /** What to read into next. Asked once before and then after every read. */
  nextBuffer(): Buffer;
  /** Deals with the bytes, or copies them, before it returns. */
  bytesRead(bytes: Buffer, length: number): void;
  /** A socket that was to connect is connected. */
  connected(): void;
  /**
   * The peer takes no more: whether to read what it had sent by then, until its end. `closed` tells of the failure after that,
   * and meanwhile what is written goes nowhere. Where it is missing, the failure ends the connection at once.
   */
  hearsOut?(): boolean;
  /** The peer sends no more. */
  ended(): void;
  /** Everything that waited to be written is written. */
  drained(): void;
  /** The socket is closed: by this error, or because both sides had ended. Not told of what the owner destroyed itself. */
  closed(error: NodeJS.ErrnoException | null): void;
}

/** A TCP connection as the lane uses it; a `net.Socket` is one. */
export interface LaneSocket {
  /** Bytes that wait to be written; 0 where the system has taken all. */
  readonly writableLength: number;
  /** A `drained` is sure to come. */
  readonly writableNeedDrain: boolean;
  /** A piece of this size that has to wait always brings a `drained`. */
  readonly writableHighWaterMark: number;
  /** `end` was called. */
  readonly writableEnded: boolean;
  /** Nothing written reaches the peer any more, though what it sent before may still be read; missing where nobody can tell. */
  readonly writeFailed?: boolean;
  /** Undefined once the connection is gone. */
  readonly remoteAddress?: string | undefined;
  /** Text is latin1. Bytes must stay as they are until they are written. */
  write(data: string | Uint8Array, encoding?: 'latin1'): boolean;
  /** Sends no more once everything is written, and then calls back. */
  end(done?: () => void): void;
  destroy(): void;
  /** Closes so that the peer sees a failure, not an end. */
  resetAndDestroy(): void;
  pause(): void;
  resume(): void;
}
