import { COLON, CR, hexValue, isFieldByte, isToken, LF } from './byte-classes.ts';

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER_NAME = 7;
const TRAILER_VALUE = 8;
const TRAILER_LF = 9;
const END_LF = 10;
const DONE = 11;
const BROKEN = 12;

const digitLimit = 13;
const semicolon = 0x3b;

/** Trailers that would change the message they end (RFC 9110 section 6.5.1). */
const forbiddenTrailers = new Set(['transfer-encoding', 'content-length', 'host', 'trailer', 'connection']);

/**
 * Follows the framing of a chunked body without decoding it (RFC 9112 section 7.1): says where the body ends and whether
 * it is well-formed, and counts what it carries. Extensions and trailers pass; bare CR or LF, spaces about the size and
 * overlong numbers do not. Reused for every body.
 */
export class ChunkedReader {
  /** Bytes of data, without framing, since the start. */
  payloadBytes = 0;
  /** Pairs of offsets of the data in what was last consumed; filled only while `collects`. */
  readonly ranges: number[] = [];
  collects = false;
  /** Most bytes of extensions between two pieces of data, or of trailers (limits.trailerBytes). */
  lineLimit = 16_384;
  /** It is `broken` because `lineLimit` was passed. */
  tooLarge = false;
  #state = SIZE;
  #size = 0;
  #digits = 0;
  #lineBytes = 0;
  #name = '';

  start(): void {
    this.payloadBytes = 0;
    this.ranges.length = 0;
    this.collects = false;
    this.tooLarge = false;
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#name = '';
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  get broken(): boolean {
    return this.#state === BROKEN;
  }

  /** Follows the bytes; returns the offset behind the body's last byte, or `end`. Look at `broken` after it. */
  consume(bytes: Uint8Array, start: number, end: number): number {
    this.ranges.length = 0;
    let i = start;
    let state = this.#state;
    while (i < end) {
      if (state === DATA) {
        const take = Math.min(this.#size, end - i);
        if (this.collects) this.ranges.push(i, i + take);
        this.payloadBytes += take;
        this.#size -= take;
        i += take;
        if (this.#size > 0) break;
        state = DATA_CR;
        continue;
      }
      const byte = bytes[i++]!;
      state = this.#step(state, byte);
      if (state === DONE || state === BROKEN) break;
    }
    this.#state = state;
    return i;
  }

  #step(state: number, byte: number): number {
    switch (state) {
      case SIZE: {
        const digit = hexValue[byte]!;
        if (digit < 16) {
          if (++this.#digits > digitLimit) return BROKEN;
          this.#size = this.#size * 16 + digit;
          return SIZE;
        }
        if (this.#digits === 0) return BROKEN;
        if (byte === CR) return SIZE_LF;
        return byte === semicolon ? EXTENSION : BROKEN;
      }
      case EXTENSION:
        if (byte === CR) return SIZE_LF;
        return this.#lineByte() && isFieldByte[byte] === 1 ? EXTENSION : BROKEN;
      case SIZE_LF:
        if (byte !== LF) return BROKEN;
        this.#digits = 0;
        if (this.#size > 0) return DATA;
        this.#lineBytes = 0;
        return TRAILER_START;
      case DATA_CR:
        return byte === CR ? DATA_LF : BROKEN;
      case DATA_LF:
        this.#lineBytes = 0;
        return byte === LF ? SIZE : BROKEN;
      case TRAILER_START:
        if (byte === CR) return END_LF;
        this.#name = '';
        return this.#nameByte(byte);
      case TRAILER_NAME:
        if (byte !== COLON) return this.#nameByte(byte);
        return forbiddenTrailers.has(this.#name.toLowerCase()) ? BROKEN : TRAILER_VALUE;
      case TRAILER_VALUE:
        if (byte === CR) return TRAILER_LF;
        return this.#lineByte() && isFieldByte[byte] === 1 ? TRAILER_VALUE : BROKEN;
      case TRAILER_LF:
        return byte === LF ? TRAILER_START : BROKEN;
      case END_LF:
        return byte === LF ? DONE : BROKEN;
      default:
        return BROKEN;
    }
  }

  #nameByte(byte: number): number {
    if (isToken[byte] !== 1 || !this.#lineByte()) return BROKEN;
    this.#name += String.fromCharCode(byte);
    return TRAILER_NAME;
  }

  #lineByte(): boolean {
    if (++this.#lineBytes <= this.lineLimit) return true;
    this.tooLarge = true;
    return false;
  }
}
