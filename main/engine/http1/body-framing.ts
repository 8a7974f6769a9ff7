import { ChunkedReader } from './chunked.ts';

export type BodyKind = 'none' | 'length' | 'chunked' | 'until-close';

/** Where one message's body ends (RFC 9112 section 6.3). Reused for every message of a connection. */
export class BodyFraming {
  kind: BodyKind = 'none';
  /** The body's last byte has been seen. Never for `until-close`: its end is the connection's. */
  done = true;
  broken = false;
  /** Bytes still to come, for `length`. */
  remaining = 0;
  #counted = 0;
  #chunked: ChunkedReader | null = null;

  /** Made when first needed: most connections never see a chunk. */
  get chunked(): ChunkedReader {
    this.#chunked ??= new ChunkedReader();
    return this.#chunked;
  }

  start(kind: BodyKind, length: number): void {
    this.kind = kind;
    this.remaining = length;
    this.broken = false;
    this.#counted = 0;
    if (kind === 'chunked') this.chunked.start();
    this.done = kind === 'none' || (kind === 'length' && length === 0);
  }

  /** Takes what belongs to the body; returns the offset behind it. Look at `broken` after it. */
  consume(bytes: Uint8Array, start: number, end: number): number {
    if (this.done) return start;
    switch (this.kind) {
      case 'length': {
        const take = Math.min(this.remaining, end - start);
        this.remaining -= take;
        this.#counted += take;
        this.done = this.remaining === 0;
        return start + take;
      }
      case 'chunked': {
        const at = this.chunked.consume(bytes, start, end);
        this.broken = this.chunked.broken;
        this.done = this.chunked.done;
        return at;
      }
      case 'until-close':
        this.#counted += end - start;
        return end;
      default:
        return start;
    }
  }

  /** Bytes of the body so far, without framing. */
  get payloadBytes(): number {
    return this.kind === 'chunked' ? this.chunked.payloadBytes : this.#counted;
  }

  /** So much is still to come that a large buffer of one's own pays. `filled`: the last read filled its buffer. */
  isLarge(filled: boolean): boolean {
    if (this.done || this.kind === 'none') return false;
    return this.kind === 'length' ? this.remaining > 65_536 : filled;
  }
}
