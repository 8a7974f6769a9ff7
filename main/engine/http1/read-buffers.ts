import type { BodyFraming } from './body-framing.ts';

const sharedBytes = 65_536;
const leasedBytes = 262_144;
const mostSpare = 64;

/**
 * One buffer for every socket of the thread: what it holds is dealt with, or copied, before the callback that brought it
 * returns, so no two sockets ever need it at once, and reading allocates nothing.
 */
const shared = Buffer.allocUnsafeSlow(sharedBytes);
const spare: Buffer[] = [];

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
  /** The last read filled the buffer: more waits. */
  filled = false;

  /** What to read into, given the body that is passing. `waits`: a write of the leased buffer may not be finished. */
  next(framing: BodyFraming | null, waits: boolean): Buffer {
    if (framing?.isLarge(this.filled || this.#lease !== null)) {
      this.#lease ??= spare.pop() ?? Buffer.allocUnsafeSlow(leasedBytes);
      return this.#lease;
    }
    if (this.#lease) {
      if (!waits && spare.length < mostSpare) spare.push(this.#lease);
      this.#lease = null;
    }
    return shared;
  }

  /** For good, when the socket is closed: nothing reads into the leased buffer any more, but it may still be written. */
  drop(): void {
    this.#lease = null;
  }
}
