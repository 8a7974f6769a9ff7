import type { OnReadOpts, Socket } from 'node:net';

/**
 * How bytes come out of a socket. `buffer`: into buffers of ours, through the `onread` option, without allocating.
 * `events`: ordinary `data` events, 15 % dearer, for sockets that cannot be had otherwise.
 */
export type ReadPath = 'buffer' | 'events';

export interface SocketReader {
  /** What to read into next. Asked once before and then after every read. */
  nextBuffer(): Buffer;
  /** Deals with the bytes, or copies them, before it returns. */
  bytesRead(bytes: Buffer, length: number): void;
}

/** The `onread` option for a socket that is about to be made. */
export function onreadOf(reader: SocketReader): OnReadOpts {
  return {
    buffer: () => reader.nextBuffer(),
    callback: (length, bytes) => {
      reader.bytesRead(bytes as Buffer, length);
      return true;
    },
  };
}

export function readByEvents(socket: Socket, reader: SocketReader): void {
  socket.on('data', (bytes: Buffer) => reader.bytesRead(bytes, bytes.length));
}
