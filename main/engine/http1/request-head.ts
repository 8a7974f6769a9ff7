import { CR, isTargetByte, isToken, LF, SP } from './byte-classes.ts';
import { equalsExactly, equalsLower, HeadFields } from './head-fields.ts';
import { authorityEnd } from './host-form.ts';
import {
  CODING_IN_HTTP_10,
  CONNECT,
  EXPECTATION,
  FRAMING_NAME,
  HOST_COUNT,
  HOST_FORM,
  MAX_FORWARDS,
  REQUEST_LINE,
  TARGET_FORM,
  VERSION,
} from './refusal.ts';

const methodLimit = 32;
const slash = 0x2f;
const star = 0x2a;
const one = 0x31;
const zero = 0x30;
const underscore = 0x5f;
const letterX = 0x78;

/** `HTTP/1.x CRLF`; 0 stands for any digit. */
const versionForm = Uint8Array.from([0x48, 0x54, 0x54, 0x50, slash, zero, 0x2e, zero, CR, LF]);

/**
 * Scans a request's head, strictly: what two parsers could read differently is refused (RFC 9112 sections 3, 5, 6 and 11.2).
 * Fields that concern one hop only are cut, and so is what the client claims about where it came from, unless trusted.
 */
export class RequestHead extends HeadFields {
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** Of HTTP/1.x: 0 or 1. */
  minor = 1;
  /** Value of Host, or the authority of an absolute target, which outranks it; start -1 where there is none. */
  hostStart = -1;
  hostEnd = -1;
  /** The Host field's line, for a target that replaces it; -1 where there is none. */
  hostLineStart = -1;
  hostLineEnd = -1;
  /** Where the path begins within an absolute target; `targetEnd` where it has none. -1 for the ordinary form. */
  pathStart = -1;
  expectsContinue = false;
  /** `Upgrade: h2c`, which would carry requests past every rule of this listener: not passed on. */
  upgradesToH2c = false;
  /** Keep what the client says in X-Forwarded-* and Forwarded. */
  trustsForwarded = false;
  /** Pairs of offsets: the values of X-Forwarded-For, when trusted. */
  readonly forwardedFor: number[] = [];
  /** Pairs of offsets: the values of Forwarded, when trusted. */
  readonly forwarded: number[] = [];
  /** The client sent Forwarded, so ours takes its place or follows it. */
  hasForwarded = false;
  hasForwardedProto = false;
  hasForwardedHost = false;
  /** What Max-Forwards of OPTIONS and TRACE says (RFC 9110 section 7.6.2); -1 where it says nothing. */
  maxForwards = -1;
  maxForwardsLineStart = -1;
  maxForwardsLineEnd = -1;
  #maxForwards = -1;
  #hostCount = 0;

  /**
   * Scans from `start`. Returns the offset behind the head, 0 where bytes are missing, or the negative number of a refusal;
   * the beginning of a head never returns something else than 0 or a refusal.
   */
  scan(bytes: Uint8Array, start: number, end: number, fieldLimit: number): number {
    let i = start;
    // One empty line before a request is forgiven (RFC 9112 section 2.2): some clients end a body with it.
    if (i < end && bytes[i] === CR) {
      if (i + 1 >= end) return 0;
      if (bytes[i + 1] !== LF) return -REQUEST_LINE;
      i += 2;
    }
    this.methodStart = i;
    while (i < end && isToken[bytes[i]!] === 1) i++;
    if (i - this.methodStart > methodLimit) return -REQUEST_LINE;
    if (i >= end) return 0;
    if (bytes[i] !== SP || i === this.methodStart) return -REQUEST_LINE;
    this.methodEnd = i++;
    this.targetStart = i;
    while (i < end && isTargetByte[bytes[i]!] === 1) i++;
    if (i >= end) return 0;
    if (bytes[i] !== SP || i === this.targetStart) return -REQUEST_LINE;
    this.targetEnd = i++;
    for (let k = 0; k < versionForm.length; k++) {
      if (i + k >= end) return 0;
      const byte = bytes[i + k]!;
      const wanted = versionForm[k]!;
      if (wanted === zero ? byte < zero || byte > 0x39 : byte !== wanted) return -REQUEST_LINE;
    }
    const minor = bytes[i + 7]! - zero;
    if (bytes[i + 5] !== one || minor > 1) return -VERSION;
    this.minor = minor;
    this.#reset();
    const result = this.scanFields(bytes, i + versionForm.length, end, fieldLimit);
    return result > 0 ? this.#check(bytes) : result;
  }

  get upgrades(): boolean {
    return this.namesUpgrade && this.upgradeStart >= 0 && !this.upgradesToH2c && this.minor === 1;
  }

  #reset(): void {
    this.resetFields();
    this.hostStart = -1;
    this.hostEnd = -1;
    this.hostLineStart = -1;
    this.pathStart = -1;
    this.expectsContinue = false;
    this.upgradesToH2c = false;
    // To set a length is a call into V8's runtime, even where it changes nothing.
    if (this.forwardedFor.length > 0) this.forwardedFor.length = 0;
    if (this.forwarded.length > 0) this.forwarded.length = 0;
    this.hasForwarded = false;
    this.maxForwards = -1;
    this.#maxForwards = -1;
    this.hasForwardedProto = false;
    this.hasForwardedHost = false;
    this.#hostCount = 0;
  }

  /** What concerns the head as a whole. */
  #check(bytes: Uint8Array): number {
    if (this.methodEnd - this.methodStart === 7 && equalsLower(bytes, this.methodStart, 'connect'))
      return -CONNECT;
    // Reserved, so that nobody takes a connection that begins with HTTP/2 for one of ours (RFC 9113 section 3.4).
    if (this.#methodIs(bytes, 'PRI')) return -VERSION;
    if (this.#hostCount !== 1 && (this.minor === 1 || this.#hostCount > 1)) return -HOST_COUNT;
    if (this.chunked && this.minor === 0) return -CODING_IN_HTTP_10;
    if (this.#maxForwards !== -1 && (this.#methodIs(bytes, 'OPTIONS') || this.#methodIs(bytes, 'TRACE'))) {
      if (this.#maxForwards < 0) return -MAX_FORWARDS;
      this.maxForwards = this.#maxForwards;
    }
    const first = bytes[this.targetStart]!;
    if (first === slash) return this.end;
    if (first === star && this.targetEnd - this.targetStart === 1)
      return this.#methodIs(bytes, 'OPTIONS') ? this.end : -TARGET_FORM;
    return this.#takeAbsolute(bytes);
  }

  #methodIs(bytes: Uint8Array, method: string): boolean {
    return (
      this.methodEnd - this.methodStart === method.length && equalsExactly(bytes, this.methodStart, method)
    );
  }

  /** `http://host/path`: the authority replaces Host (RFC 9112 section 3.2.2). */
  #takeAbsolute(bytes: Uint8Array): number {
    const scheme = 'http://';
    if (this.targetEnd - this.targetStart <= scheme.length) return -TARGET_FORM;
    if (!equalsLower(bytes, this.targetStart, scheme)) return -TARGET_FORM;
    const start = this.targetStart + scheme.length;
    const i = authorityEnd(bytes, start, this.targetEnd);
    if (i < 0) return -TARGET_FORM;
    if (i < this.targetEnd && bytes[i] !== slash && bytes[i] !== 0x3f) return -TARGET_FORM;
    this.hostStart = start;
    this.hostEnd = i;
    this.pathStart = i;
    return this.end;
  }

  protected override field(bytes: Uint8Array, lineEnd: number): number {
    const length = this.nameEnd - this.nameStart;
    if (length > 12 && (bytes[this.nameStart]! | 0x20) === letterX && this.nameReads(bytes, 'x-forwarded-'))
      return this.#noteForwarded(bytes, lineEnd, length);
    switch (length) {
      case 2:
        return this.nameIs(bytes, 'te') ? this.cutLine(lineEnd) : 0;
      case 4:
        return this.nameIs(bytes, 'host') ? this.#noteHost(bytes, lineEnd) : 0;
      case 6:
        if (!this.nameIs(bytes, 'expect')) return 0;
        // Clients of HTTP/1.0 expect nothing (RFC 9110 section 10.1.1): a server would wait for a body that waits for it.
        if (this.minor === 0) return this.cutLine(lineEnd);
        if (!this.valueIs(bytes, '100-continue')) return -EXPECTATION;
        this.expectsContinue = true;
        return 0;
      case 7:
        if (!this.nameIs(bytes, 'upgrade')) return 0;
        if (this.upgradeStart < 0) {
          this.upgradeStart = this.valueStart;
          this.upgradeEnd = this.valueEnd;
        } else this.upgradesToH2c = true; // several offers: none is taken
        if (includesH2c(bytes, this.valueStart, this.valueEnd)) this.upgradesToH2c = true;
        return this.cutLine(lineEnd);
      case 9:
        if (this.nameReads(bytes, 'x-real-ip'))
          return this.trustsForwarded && this.nameIs(bytes, 'x-real-ip') ? 0 : this.cutLine(lineEnd);
        if (!this.nameIs(bytes, 'forwarded')) return 0;
        this.hasForwarded = true;
        if (this.trustsForwarded && this.valueEnd > this.valueStart)
          this.forwarded.push(this.valueStart, this.valueEnd);
        return this.cutLine(lineEnd);
      case 10:
        if (this.nameIs(bytes, 'connection')) return this.noteConnection(bytes, lineEnd);
        return this.nameIs(bytes, 'keep-alive') ? this.cutLine(lineEnd) : 0;
      case 12:
        return this.nameIs(bytes, 'max-forwards') ? this.#noteMaxForwards(bytes, lineEnd) : 0;
      case 14:
        if (this.nameIs(bytes, 'content-length')) return this.noteContentLength(bytes, lineEnd);
        return this.nameReads(bytes, 'content-length') ? -FRAMING_NAME : 0;
      case 16:
        return this.nameIs(bytes, 'proxy-connection') ? this.cutLine(lineEnd) : 0;
      case 17:
        if (this.nameIs(bytes, 'transfer-encoding')) return this.noteTransferEncoding(bytes, lineEnd);
        return this.nameReads(bytes, 'transfer-encoding') ? -FRAMING_NAME : 0;
      default:
        return 0;
    }
  }

  /** `X-Forwarded-…`, of whatever kind: kept from a client that is trusted, and spells it so. */
  #noteForwarded(bytes: Uint8Array, lineEnd: number, length: number): number {
    for (let i = this.nameStart; i < this.nameEnd; i++)
      if (bytes[i] === underscore) return this.cutLine(lineEnd);
    if (!this.trustsForwarded) return this.cutLine(lineEnd);
    if (length === 15 && this.nameIs(bytes, 'x-forwarded-for')) {
      if (this.valueEnd > this.valueStart) this.forwardedFor.push(this.valueStart, this.valueEnd);
      return this.cutLine(lineEnd);
    }
    if (length === 16 && this.nameIs(bytes, 'x-forwarded-host')) this.hasForwardedHost = true;
    if (length === 17 && this.nameIs(bytes, 'x-forwarded-proto')) this.hasForwardedProto = true;
    return 0;
  }

  protected override dropped(name: string): void {
    switch (name) {
      case 'x-forwarded-for':
        this.forwardedFor.length = 0;
        break;
      case 'x-forwarded-proto':
        this.hasForwardedProto = false;
        break;
      case 'x-forwarded-host':
        this.hasForwardedHost = false;
        break;
      case 'forwarded':
        this.hasForwarded = false;
        this.forwarded.length = 0;
        break;
      case 'max-forwards':
        this.maxForwards = -1;
        this.#maxForwards = -1;
        break;
      default:
    }
  }

  /** Below -1 where it cannot be understood, which matters to two methods only. */
  #noteMaxForwards(bytes: Uint8Array, lineEnd: number): number {
    const digits = this.valueEnd - this.valueStart;
    let value = digits < 1 || digits > 9 || this.#maxForwards !== -1 ? -2 : 0;
    for (let i = this.valueStart; i < this.valueEnd && value >= 0; i++) {
      const digit = bytes[i]! - zero;
      value = digit < 0 || digit > 9 ? -2 : value * 10 + digit;
    }
    this.#maxForwards = value;
    this.maxForwardsLineStart = this.nameStart;
    this.maxForwardsLineEnd = lineEnd;
    return 0;
  }

  #noteHost(bytes: Uint8Array, lineEnd: number): number {
    this.#hostCount++;
    // An empty one is what a target without an authority has (RFC 9112 section 3.2).
    if (
      this.valueEnd > this.valueStart &&
      authorityEnd(bytes, this.valueStart, this.valueEnd) !== this.valueEnd
    )
      return -HOST_FORM;
    this.hostStart = this.valueStart;
    this.hostEnd = this.valueEnd;
    this.hostLineStart = this.nameStart;
    this.hostLineEnd = lineEnd;
    return 0;
  }
}

function includesH2c(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i + 3 <= end; i++) if (equalsLower(bytes, i, 'h2c')) return true;
  return false;
}
