/**
 * What came of a request's body and may have to be sent again: to the next server, or first of all while the connection
 * is still being made. Framed as it came. Bounded: past the limit it is dropped, and then nothing can be repeated.
 */
export class ReplayBody {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Everything received so far is here. */
  complete = true;

  reset(): void {
    if (this.#bytes > 0) this.#pieces = [];
    this.#bytes = 0;
    this.complete = true;
  }

  /** Keeps a copy. */
  add(bytes: Buffer, start: number, end: number): void {
    if (!this.complete || end <= start) return;
    this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
    this.#bytes += end - start;
  }

  /** Keeps a copy of what has been sent, if that stays within the limit. */
  addSent(bytes: Buffer, start: number, end: number, limitBytes: number): void {
    if (this.#bytes + end - start > limitBytes) this.giveUp();
    else this.add(bytes, start, end);
  }

  /** Everything kept, in one piece that stays as it is. */
  joined(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]!;
  }

  /** It has been sent: what is over the limit is not kept. */
  limit(limitBytes: number): void {
    if (this.#bytes > limitBytes) this.giveUp();
  }

  get length(): number {
    return this.#bytes;
  }

  /** It is not kept, so nothing can be repeated. */
  giveUp(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.complete = false;
  }
}
