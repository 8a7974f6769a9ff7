import { COLON, CR, hexValue, isFieldByte, isToken, LF } from './byte-classes.ts';

const SIZE = 0;
/** Behind the `;` of an extension: its name begins. */
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
const EXTENSION_NAME = 13;
const EXTENSION_VALUE = 14;
const EXTENSION_TOKEN = 15;
const EXTENSION_QUOTED = 16;
const EXTENSION_ESCAPED = 17;
const EXTENSION_UNQUOTED = 18;

const digitLimit = 13;
const semicolon = 0x3b;
const equals = 0x3d;
const quote = 0x22;
const backslash = 0x5c;

/**
 * Trailers that would change the message they end, who sent it, or how it is passed on, for a recipient that takes them for
 * fields of the head (RFC 9110 section 6.5.1; much the same list as Go's).
 */
const forbiddenTrailers = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
  'x-ballast-attempts',
  'x-ballast-request',
  'x-ballast-server',
  'x-real-ip',
]);
const forbiddenBeginning = /^(if|x-forwarded)-/;

/** @param name spelled with `_` some servers read the same one */
function isForbiddenTrailer(name: string): boolean {
  const plain = name.toLowerCase().replaceAll('_', '-');
  return forbiddenTrailers.has(plain) || forbiddenBeginning.test(plain);
}

/**
 * Follows the framing of a chunked body without decoding it (RFC 9112 section 7.1): says where the body ends and whether
 * it is well-formed, and counts what it carries. Extensions and trailers pass; bare CR or LF, spaces about the size or
 * within extensions but for quotes, and overlong numbers do not. Reused for every body.
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
      case EXTENSION_NAME:
      case EXTENSION_VALUE:
      case EXTENSION_TOKEN:
      case EXTENSION_QUOTED:
      case EXTENSION_ESCAPED:
      case EXTENSION_UNQUOTED:
        return this.#extensionByte(state, byte);
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
        if (!this.#lineByte()) return BROKEN;
        if (byte === CR) return END_LF;
        this.#name = '';
        return this.#nameByte(byte);
      case TRAILER_NAME:
        if (!this.#lineByte()) return BROKEN;
        if (byte !== COLON) return this.#nameByte(byte);
        return isForbiddenTrailer(this.#name) ? BROKEN : TRAILER_VALUE;
      case TRAILER_VALUE:
        if (!this.#lineByte()) return BROKEN;
        if (byte === CR) return TRAILER_LF;
        return isFieldByte[byte] === 1 ? TRAILER_VALUE : BROKEN;
      case TRAILER_LF:
        return byte === LF && this.#lineByte() ? TRAILER_START : BROKEN;
      case END_LF:
        return byte === LF ? DONE : BROKEN;
      default:
        return BROKEN;
    }
  }

  /** Section 7.1.1, without the white space that it calls bad: parsers disagree about it. */
  #extensionByte(state: number, byte: number): number {
    if (state === EXTENSION_QUOTED || state === EXTENSION_ESCAPED) {
      if (!this.#lineByte() || isFieldByte[byte] !== 1) return BROKEN;
      if (state === EXTENSION_ESCAPED) return EXTENSION_QUOTED;
      if (byte === quote) return EXTENSION_UNQUOTED;
      return byte === backslash ? EXTENSION_ESCAPED : EXTENSION_QUOTED;
    }
    if (isToken[byte] === 1 && state !== EXTENSION_UNQUOTED) {
      if (!this.#lineByte()) return BROKEN;
      if (state === EXTENSION) return EXTENSION_NAME;
      return state === EXTENSION_VALUE ? EXTENSION_TOKEN : state;
    }
    if (state === EXTENSION_VALUE) return byte === quote && this.#lineByte() ? EXTENSION_QUOTED : BROKEN;
    if (state === EXTENSION) return BROKEN;
    if (byte === CR) return SIZE_LF;
    if (byte === semicolon) return this.#lineByte() ? EXTENSION : BROKEN;
    return byte === equals && state === EXTENSION_NAME && this.#lineByte() ? EXTENSION_VALUE : BROKEN;
  }

  #nameByte(byte: number): number {
    if (isToken[byte] !== 1) return BROKEN;
    this.#name += String.fromCharCode(byte);
    return TRAILER_NAME;
  }

  #lineByte(): boolean {
    if (++this.#lineBytes <= this.lineLimit) return true;
    this.tooLarge = true;
    return false;
  }
}
