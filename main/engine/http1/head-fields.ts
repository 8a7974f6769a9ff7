import { latin1 } from '../latin1.ts';
import { COLON, COMMA, CR, isToken, LF, SP, TAB } from './byte-classes.ts';
import { fieldBytesEnd } from './field-bytes.ts';
import {
  CODING,
  FIELD_NAME,
  FIELD_VALUE,
  LENGTH_AND_CODING,
  LENGTH_FORM,
  LENGTH_TWICE,
  TOO_MANY_FIELDS,
} from './refusal.ts';

/** More fields than any configuration allows (limits.headFields), so the table of cuts never overflows. */
const mostFields = 1_000;

/**
 * One pass over the fields of a head: what frames the message goes into numbers and flags, what must not travel on into a
 * table of byte ranges to cut. Nothing is copied; every offset is into the buffer that was scanned and is good for as long
 * as that is. A scanner is reused for every message.
 */
export abstract class HeadFields {
  /** Offset just past the empty line. */
  end = 0;
  /** Offset of the first field line. */
  fieldsStart = 0;
  /** -1 where the field is missing. */
  contentLength = -1;
  chunked = false;
  /** What `Connection` names. */
  closes = false;
  keepsAlive = false;
  namesUpgrade = false;
  upgradeStart = -1;
  upgradeEnd = -1;
  /** Pairs of offsets, ascending, whole lines with their CRLF. */
  readonly cuts = new Int32Array(2 * (mostFields + 2));
  cutCount = 0;

  protected nameStart = 0;
  protected nameEnd = 0;
  protected valueStart = 0;
  protected valueEnd = 0;
  /** Further fields that `Connection` names, in lower case. */
  #named: string[] = [];

  protected resetFields(): void {
    this.contentLength = -1;
    this.chunked = false;
    this.closes = false;
    this.keepsAlive = false;
    this.namesUpgrade = false;
    this.upgradeStart = -1;
    this.upgradeEnd = -1;
    this.cutCount = 0;
    if (this.#named.length > 0) this.#named = [];
  }

  /** A field, by its name in lower case, does not travel on because `Connection` names it. */
  protected abstract dropped(name: string): void;

  /** Notes one field; a refusal's negative number where it cannot be. The line runs to `lineEnd`. */
  protected abstract field(bytes: Uint8Array, lineEnd: number): number;

  /** Scans field lines from `at` to the empty line. Offset behind it, 0 for more bytes, or a refusal's negative number. */
  protected scanFields(bytes: Uint8Array, at: number, end: number, fieldLimit: number): number {
    this.fieldsStart = at;
    let i = at;
    for (let count = 0; ; count++) {
      if (i >= end) return 0;
      const lineStart = i;
      if (bytes[i] === CR) {
        if (i + 1 >= end) return 0;
        if (bytes[i + 1] !== LF) return -FIELD_NAME;
        this.end = i + 2;
        if (this.#named.length > 0) this.#cutNamed(bytes);
        return this.end;
      }
      if (count >= fieldLimit) return -TOO_MANY_FIELDS;
      while (i < end && isToken[bytes[i]!] === 1) i++;
      if (i >= end) return 0;
      if (bytes[i] !== COLON || i === lineStart) return -FIELD_NAME;
      this.nameStart = lineStart;
      this.nameEnd = i++;
      while (i < end && (bytes[i] === SP || bytes[i] === TAB)) i++;
      this.valueStart = i;
      i = fieldBytesEnd(bytes, i, end);
      if (i >= end) return 0;
      if (bytes[i] !== CR) return -FIELD_VALUE;
      if (i + 1 >= end) return 0;
      if (bytes[i + 1] !== LF) return -FIELD_VALUE;
      let valueEnd = i;
      while (valueEnd > this.valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === TAB))
        valueEnd--;
      this.valueEnd = valueEnd;
      i += 2;
      const result = this.field(bytes, i);
      if (result < 0) return result;
    }
  }

  /** True where the present field's name, of known length, is `name` (lower case). */
  protected nameIs(bytes: Uint8Array, name: string): boolean {
    return equalsLower(bytes, this.nameStart, name);
  }

  /** The same, with `_` for `-`: to CGI, WSGI and what follows them both spell one name. */
  protected nameReads(bytes: Uint8Array, name: string): boolean {
    return readsLower(bytes, this.nameStart, name);
  }

  protected valueIs(bytes: Uint8Array, value: string): boolean {
    return this.valueEnd - this.valueStart === value.length && equalsLower(bytes, this.valueStart, value);
  }

  /** Leaves the present line out of what travels on. */
  protected cutLine(lineEnd: number): number {
    return this.#cut(this.nameStart, lineEnd);
  }

  #cut(start: number, end: number): number {
    const last = this.cutCount * 2 - 1;
    if (this.cutCount > 0 && this.cuts[last] === start) {
      this.cuts[last] = end;
    } else {
      this.cuts[last + 1] = start;
      this.cuts[last + 2] = end;
      this.cutCount++;
    }
    return 0;
  }

  /**
   * A tab stands about the value. That is allowed (RFC 9110 section 5.6.3); but some parsers take it for a part of the value,
   * and then know neither the length nor the coding, and the body would be the next message (RFC 9112 section 11.2).
   */
  #hasTab(bytes: Uint8Array, lineEnd: number): boolean {
    for (let i = this.nameEnd + 1; i < this.valueStart; i++) if (bytes[i] === TAB) return true;
    for (let i = this.valueEnd; i < lineEnd - 2; i++) if (bytes[i] === TAB) return true;
    return false;
  }

  protected noteContentLength(bytes: Uint8Array, lineEnd: number): number {
    const digits = this.valueEnd - this.valueStart;
    if (digits < 1 || digits > 15 || this.#hasTab(bytes, lineEnd)) return -LENGTH_FORM;
    let value = 0;
    for (let i = this.valueStart; i < this.valueEnd; i++) {
      const digit = bytes[i]! - 0x30;
      if (digit < 0 || digit > 9) return -LENGTH_FORM;
      value = value * 10 + digit;
    }
    if (this.chunked) return -LENGTH_AND_CODING;
    // Twice the same would be one length too; but nobody means it, and nginx and Node refuse it as well.
    if (this.contentLength >= 0) return -LENGTH_TWICE;
    this.contentLength = value;
    let digit = this.valueStart;
    while (digit < this.valueEnd - 1 && bytes[digit] === 0x30) digit++;
    this.#trimBefore();
    // Leading zeros are allowed, and somebody behind might read them as octal.
    if (digit > this.valueStart) this.#cut(this.valueStart, digit);
    return this.#trimAfter(bytes);
  }

  protected noteTransferEncoding(bytes: Uint8Array, lineEnd: number): number {
    if (this.chunked || !this.valueIs(bytes, 'chunked') || this.#hasTab(bytes, lineEnd)) return -CODING;
    if (this.contentLength >= 0) return -LENGTH_AND_CODING;
    this.chunked = true;
    this.#trimBefore();
    return this.#trimAfter(bytes);
  }

  /** Spaces about what frames a message go no further, but for the usual one: some take them for a part of the value. */
  #trimBefore(): void {
    const space = this.nameEnd + 1;
    if (this.valueStart - space > 1) this.#cut(space, this.valueStart);
  }

  #trimAfter(bytes: Uint8Array): number {
    let end = this.valueEnd;
    while (bytes[end] === SP) end++;
    return end === this.valueEnd ? 0 : this.#cut(this.valueEnd, end);
  }

  /** Reads the options of a `Connection` field and cuts it. */
  protected noteConnection(bytes: Uint8Array, lineEnd: number): number {
    let i = this.valueStart;
    while (i < this.valueEnd) {
      while (i < this.valueEnd && (bytes[i] === SP || bytes[i] === TAB || bytes[i] === COMMA)) i++;
      const start = i;
      while (i < this.valueEnd && bytes[i] !== COMMA) i++;
      let stop = i;
      while (stop > start && (bytes[stop - 1] === SP || bytes[stop - 1] === TAB)) stop--;
      const length = stop - start;
      if (length === 0) continue;
      if (length === 5 && equalsLower(bytes, start, 'close')) this.closes = true;
      else if (length === 10 && equalsLower(bytes, start, 'keep-alive')) this.keepsAlive = true;
      else if (length === 7 && equalsLower(bytes, start, 'upgrade')) this.namesUpgrade = true;
      else this.#named.push(textOf(bytes, start, stop).toLowerCase());
    }
    return this.cutLine(lineEnd);
  }

  /** Cuts the lines of fields that `Connection` named: rare, so it walks the head a second time. */
  #cutNamed(bytes: Uint8Array): void {
    const ranges: [number, number][] = [];
    for (let c = 0; c < this.cutCount; c++) ranges.push([this.cuts[2 * c]!, this.cuts[2 * c + 1]!]);
    const last = this.end - 2;
    for (let line = this.fieldsStart; line < last; ) {
      let lineEnd = line;
      while (bytes[lineEnd] !== LF) lineEnd++;
      lineEnd++;
      const colon = bytes.indexOf(COLON, line);
      const name = textOf(bytes, line, colon).toLowerCase();
      const isCut = ranges.some(([from, to]) => line >= from && line < to);
      if (this.#named.includes(name) && !framing.has(name)) {
        this.dropped(name);
        if (!isCut) ranges.push([line, lineEnd]);
      }
      line = lineEnd;
    }
    ranges.sort(([a], [b]) => a - b);
    this.cutCount = ranges.length;
    for (const [index, [from, to]] of ranges.entries()) {
      this.cuts[2 * index] = from;
      this.cuts[2 * index + 1] = to;
    }
  }

  /** Cuts one more line after the scan: what this client or this status must not see. */
  cutRange(start: number, end: number): void {
    let c = this.cutCount++;
    for (; c > 0 && this.cuts[2 * (c - 1)]! > start; c--) {
      this.cuts[2 * c] = this.cuts[2 * (c - 1)]!;
      this.cuts[2 * c + 1] = this.cuts[2 * (c - 1) + 1]!;
    }
    this.cuts[2 * c] = start;
    this.cuts[2 * c + 1] = end;
  }

  /** The head from `from` to before its empty line, without what is cut. */
  remaining(bytes: Buffer, from: number): string {
    const whole = latin1(bytes, from, this.end - 2);
    if (this.cutCount === 0) return whole;
    // Parts of a text that is there already cost less than making a text of each from the bytes.
    let text = '';
    let at = 0;
    for (let c = 0; c < this.cutCount; c++) {
      const start = this.cuts[2 * c]! - from;
      if (start > at) text += whole.slice(at, start);
      // A cut may lie within another: the zeros before a length in a line that goes as a whole.
      at = Math.max(at, this.cuts[2 * c + 1]! - from);
    }
    return at < whole.length ? text + whole.slice(at) : text;
  }
}

/** What says where a message ends and whom it is for is never stripped because `Connection` names it. */
const framing = new Set(['host', 'content-length', 'transfer-encoding']);

/** Compares text of ASCII; the caller has compared the lengths. */
export function equalsExactly(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Compares with lower-case ASCII; the caller has compared the lengths. */
export function equalsLower(bytes: Uint8Array, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[at + i]!;
    const folded = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (folded !== lower.charCodeAt(i)) return false;
  }
  return true;
}

function readsLower(bytes: Uint8Array, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[at + i]!;
    const folded = byte === 0x5f ? 0x2d : byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (folded !== lower.charCodeAt(i)) return false;
  }
  return true;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
