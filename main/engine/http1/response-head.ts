import { CR, isFieldByte, LF, SP } from './byte-classes.ts';
import { equalsLower, HeadFields } from './head-fields.ts';
import { CODING_IN_HTTP_10, FRAMING_NAME, STATUS_LINE } from './refusal.ts';

const zero = 0x30;
/** `HTTP/1.x SP`; 0 stands for 0 or 1. */
const lineForm = Uint8Array.from([0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e, zero, SP]);

/** Scans a response's head as strictly as a request's: a server that confuses framing is not believed. */
export class ResponseHead extends HeadFields {
  status = 0;
  /** Offset of the status code: what follows `HTTP/1.1 `. */
  statusStart = 0;
  minor = 1;
  /** Seconds that `Keep-Alive: timeout=` promises; -1 where it says nothing. */
  keepAliveSeconds = -1;
  hasDate = false;
  /** The client gets no trailers, so it is not to hear of any. */
  hidesTrailer = false;
  /** Line of Transfer-Encoding, for a client that must not see it; -1 where missing. */
  codingLineStart = -1;
  codingLineEnd = -1;
  /** Line of Content-Length; -1 where missing. */
  lengthLineStart = -1;
  lengthLineEnd = -1;

  /** As `RequestHead.scan`. */
  scan(bytes: Uint8Array, start: number, end: number, fieldLimit: number): number {
    let i = start;
    for (let k = 0; k < lineForm.length; k++) {
      if (i + k >= end) return 0;
      const byte = bytes[i + k]!;
      const wanted = lineForm[k]!;
      if (wanted === zero ? byte !== zero && byte !== 0x31 : byte !== wanted) return -STATUS_LINE;
    }
    this.minor = bytes[i + 7]! - zero;
    i += lineForm.length;
    this.statusStart = i;
    let status = 0;
    for (let k = 0; k < 3; k++, i++) {
      if (i >= end) return 0;
      const digit = bytes[i]! - zero;
      if (digit < 0 || digit > 9) return -STATUS_LINE;
      status = status * 10 + digit;
    }
    if (status < 100) return -STATUS_LINE;
    this.status = status;
    if (i >= end) return 0;
    // The reason may be missing with its space: several servers write it so.
    if (bytes[i] !== SP && bytes[i] !== CR) return -STATUS_LINE;
    while (i < end && isFieldByte[bytes[i]!] === 1) i++;
    if (i >= end) return 0;
    if (bytes[i] !== CR) return -STATUS_LINE;
    if (i + 1 >= end) return 0;
    if (bytes[i + 1] !== LF) return -STATUS_LINE;
    this.resetFields();
    this.keepAliveSeconds = -1;
    this.hasDate = false;
    this.codingLineStart = -1;
    this.lengthLineStart = -1;
    const result = this.scanFields(bytes, i + 2, end, fieldLimit);
    return result > 0 && this.chunked && this.minor === 0 ? -CODING_IN_HTTP_10 : result;
  }

  /** Whether the server keeps its connection open after this response. */
  get persists(): boolean {
    return !this.closes && (this.minor === 1 || this.keepsAlive);
  }

  /** So long an idle connection may be used: closing a little before the server does spares requests the race against it. */
  get usableIdleMs(): number {
    const seconds = this.keepAliveSeconds;
    return seconds > 1 ? (seconds - 1) * 1_000 : seconds * 500;
  }

  protected override field(bytes: Uint8Array, lineEnd: number): number {
    switch (this.nameEnd - this.nameStart) {
      case 4:
        if (this.nameIs(bytes, 'date')) this.hasDate = true;
        return 0;
      case 7:
        if (this.hidesTrailer && this.nameIs(bytes, 'trailer')) return this.cutLine(lineEnd);
        if (!this.nameIs(bytes, 'upgrade')) return 0;
        this.upgradeStart = this.valueStart;
        this.upgradeEnd = this.valueEnd;
        return this.cutLine(lineEnd);
      case 10:
        if (this.nameIs(bytes, 'connection')) return this.noteConnection(bytes, lineEnd);
        return this.nameIs(bytes, 'keep-alive') ? this.#noteKeepAlive(bytes, lineEnd) : 0;
      case 14:
        if (!this.nameIs(bytes, 'content-length'))
          return this.nameReads(bytes, 'content-length') ? -FRAMING_NAME : 0;
        if (this.lengthLineStart < 0) {
          this.lengthLineStart = this.nameStart;
          this.lengthLineEnd = lineEnd;
        }
        return this.noteContentLength(bytes, lineEnd);
      case 16:
        return this.nameIs(bytes, 'proxy-connection') || this.nameIs(bytes, 'x-ballast-server')
          ? this.cutLine(lineEnd)
          : 0;
      case 17:
        if (this.nameIs(bytes, 'x-ballast-request')) return this.cutLine(lineEnd);
        if (!this.nameIs(bytes, 'transfer-encoding'))
          return this.nameReads(bytes, 'transfer-encoding') ? -FRAMING_NAME : 0;
        this.codingLineStart = this.nameStart;
        this.codingLineEnd = lineEnd;
        return this.noteTransferEncoding(bytes, lineEnd);
      case 18:
        return this.nameIs(bytes, 'x-ballast-attempts') ? this.cutLine(lineEnd) : 0;
      default:
        return 0;
    }
  }

  protected override dropped(name: string): void {
    if (name === 'date') this.hasDate = false;
  }

  #noteKeepAlive(bytes: Uint8Array, lineEnd: number): number {
    const word = 'timeout=';
    for (let i = this.valueStart; i + word.length < this.valueEnd; i++) {
      if (!equalsLower(bytes, i, word)) continue;
      let seconds = 0;
      for (let k = i + word.length; k < this.valueEnd && k < i + word.length + 6; k++) {
        const digit = bytes[k]! - zero;
        if (digit < 0 || digit > 9) break;
        seconds = seconds * 10 + digit;
      }
      this.keepAliveSeconds = seconds;
      break;
    }
    return this.cutLine(lineEnd);
  }
}
