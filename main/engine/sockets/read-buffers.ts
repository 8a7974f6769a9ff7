/**
 * Somewhat over 64 KiB, because that is the piece in which most programs send what is large: with the head in front of it, it
 * still comes in one read and leaves in one write.
 */
const sharedBytes = 81_920;
export const leaseBytes = 262_144;
const mostSpare = 64;

/** A body that passes, as far as reading it is concerned. */
export interface PassingBody {
  /** So much is still to come that a large buffer of one's own pays. @param filled the last read filled its buffer */
  isLarge(filled: boolean): boolean;
}

/**
 * One buffer for every socket of the thread: what it holds is dealt with, or copied, before the callback that brought it
 * returns, so no two sockets ever need it at once, and reading allocates nothing.
 */
const shared = Buffer.allocUnsafeSlow(sharedBytes);
const spare: Buffer[] = [];
let leased = 0;

/** Large buffers that are lent to sockets of this thread just now. */
export function leasedReadBuffers(): number {
  return leased;
}

/** A buffer of `leaseBytes`, until it is given back. */
export function leaseBuffer(): Buffer {
  leased += 1;
  return spare.pop() ?? Buffer.allocUnsafeSlow(leaseBytes);
}

/** @param buffer the buffer that was lent; null where something may still be written from it, so that it cannot serve again */
export function giveBackLease(buffer: Buffer | null): void {
  leased -= 1;
  if (buffer !== null && spare.length < mostSpare) spare.push(buffer);
}

/** True for bytes that stay as they are until they are written: everything but the shared buffer's. */
export function isStable(bytes: Uint8Array): boolean {
  return bytes !== shared;
}

/**
 * The buffer a socket reads into next: the shared one, or while a large body passes a large one of its own, whose bytes
 * can be written on without a copy. The owner must not read on while such a write waits, see `writableIsBlocked`.
 */
export class ReadBuffer {
  #lease: Buffer | null = null;
  #closed = false;
  /** The last read filled the buffer: more waits. */
  filled = false;

  /** What to read into, given the body that is passing. `waits`: a write of the leased buffer may not be finished. */
  next(passing: PassingBody | null, waits: boolean): Buffer {
    // Node asks once more after the read in which the socket was closed.
    if (this.#closed) return shared;
    if (passing?.isLarge(this.filled || this.#lease !== null)) {
      if (this.#lease === null) {
        this.#lease = leaseBuffer();
      }
      return this.#lease;
    }
    if (this.#lease) {
      giveBackLease(waits ? null : this.#lease);
      this.#lease = null;
    }
    return shared;
  }

  /** Nothing reads into the leased buffer any more; it may still be written. */
  drop(): void {
    if (this.#lease !== null) giveBackLease(null);
    this.#lease = null;
  }

  /** The same for good, when the socket is closed. */
  close(): void {
    this.#closed = true;
    this.drop();
  }
}
