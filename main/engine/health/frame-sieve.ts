import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Length, type, flags, stream: RFC 9113, section 4.1. */
const headBytes = 9;
const lengthBytes = 3;
const typeAt = 3;
/** CONTINUATION. What is above was added by extensions, and whoever does not know it has to ignore it: section 5.5. */
const lastOwnType = 0x09;

/**
 * Takes out of a connection's bytes the frames that HTTP/2 itself does not know (ALTSVC and ORIGIN above all). A message needs none of them, and
 * nghttp2 before 1.68 (Node 20 has 1.61) ends the whole process by a failed assertion when one of these two is malformed and comes behind
 * the end of a stream (https://github.com/nghttp2/nghttp2/pull/2509): no server that is probed may do that to its prober.
 */
export class FrameSieve {
  readonly #head = Buffer.alloc(headBytes);
  #headSeen = 0;
  #payloadLeft = 0;
  #passes = true;
  #isFirst = true;

  /** What is left of a piece, in pieces of its own. */
  take(chunk: Buffer): Buffer[] {
    const left: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#payloadLeft > 0) {
        const bytes = Math.min(this.#payloadLeft, chunk.length - at);
        if (this.#passes) left.push(chunk.subarray(at, at + bytes));
        this.#payloadLeft -= bytes;
        at += bytes;
        continue;
      }
      const bytes = Math.min(headBytes - this.#headSeen, chunk.length - at);
      chunk.copy(this.#head, this.#headSeen, at, at + bytes);
      this.#headSeen += bytes;
      at += bytes;
      if (this.#headSeen === headBytes) left.push(...this.#begin());
    }
    return left;
  }

  #begin(): Buffer[] {
    this.#headSeen = 0;
    this.#payloadLeft = this.#head.readUIntBE(0, lengthBytes);
    // Whatever comes first shows whether the answer is HTTP/2 at all.
    this.#passes = this.#isFirst || this.#head[typeAt]! <= lastOwnType;
    this.#isFirst = false;
    return this.#passes ? [Buffer.from(this.#head)] : [];
  }
}

/** A connection behind a sieve, as `node:http2` takes it for `createConnection`. */
export class SievedConnection extends Duplex {
  readonly #socket: Socket;

  /** @param most bytes that may come; told once by `tooMany` when there were more */
  constructor(socket: Socket, most: number, tooMany: () => void) {
    super();
    this.#socket = socket;
    const sieve = new FrameSieve();
    let seen = 0;
    socket.on('data', (chunk: Buffer) => {
      const isOver = seen > most;
      seen += chunk.length;
      if (seen > most) {
        if (!isOver) tooMany();
        return;
      }
      for (const piece of sieve.take(chunk)) if (!this.push(piece)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#socket.write(chunk, written);
  }

  override _final(ended: (error?: Error | null) => void): void {
    this.#socket.end(ended);
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#socket.destroy();
    destroyed(error);
  }
}
