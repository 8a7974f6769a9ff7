import { giveBackLease, leaseBuffer, leaseBytes } from '../sockets/read-buffers.ts';
import type { ServerConnection } from './server-connection.ts';

/**
 * A head with a large piece of its body, laid together once for the one write in which they leave at the end of the turn:
 * copied as often as if they had left at once, into memory that is lent.
 */
export class HeldMessage {
  #buffer: Buffer | null = null;
  #headBytes = 0;
  #length = 0;

  /** Takes a copy of both. False where they are too large for that. @param head latin1 */
  hold(head: string, bytes: Buffer, start: number, end: number): boolean {
    const length = head.length + end - start;
    if (length > leaseBytes) return false;
    this.release();
    const buffer = leaseBuffer();
    this.#headBytes = buffer.write(head, 0, 'latin1');
    bytes.copy(buffer, this.#headBytes, start, end);
    this.#buffer = buffer;
    this.#length = length;
    return true;
  }

  get isHolding(): boolean {
    return this.#buffer !== null;
  }

  sendOn(connection: ServerConnection): void {
    const buffer = this.#buffer!;
    this.#buffer = null;
    const isWritten = connection.sendWhole(buffer.subarray(0, this.#length));
    // What the system did not take at once is still being read from there.
    giveBackLease(isWritten ? buffer : null);
  }

  /** Hands the body on, to be kept until there is a connection. Bytes are good until it returns. */
  moveBody(to: { add(bytes: Buffer, start: number, end: number): void }): void {
    to.add(this.#buffer!, this.#headBytes, this.#length);
    this.release();
  }

  release(): void {
    if (this.#buffer !== null) giveBackLease(this.#buffer);
    this.#buffer = null;
  }
}
