import { COLON, hexValue, isHostNameByte } from './byte-classes.ts';

const percent = 0x25;
const dot = 0x2e;
const open = 0x5b;
const close = 0x5d;

/**
 * Offset behind `uri-host [ ":" port ]` (RFC 9110 section 4.2.3, RFC 3986 section 3.2.2) that begins at `start`, or -1 where
 * none does. What follows is the caller's business. Names are not looked up, so any registered name will do; an empty one
 * will not, nor one with an escape of an ASCII character that may not stand there as it is: whoever decodes it would see another
 * host, a user, a path or a line end.
 */
export function authorityEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  if (i < end && bytes[i] === open) {
    i = literalEnd(bytes, i + 1, end);
    if (i < 0) return -1;
  } else {
    for (;;) {
      while (i < end && isHostNameByte[bytes[i]!] === 1) i++;
      if (i >= end || bytes[i] !== percent) break;
      if (i + 2 >= end) return -1;
      const [high, low] = [hexValue[bytes[i + 1]!]!, hexValue[bytes[i + 2]!]!];
      if (high === 255 || low === 255) return -1;
      if (high < 8 && isHostNameByte[high * 16 + low] !== 1) return -1;
      i += 3;
    }
    if (i === start) return -1;
  }
  if (i < end && bytes[i] === COLON) {
    i++;
    while (i < end && bytes[i]! >= 0x30 && bytes[i]! <= 0x39) i++;
  }
  return i;
}

/** Offset behind the bracket that closes an IPv6 address, or -1. */
function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  let colons = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === close) return colons >= 2 ? i + 1 : -1;
    if (byte === COLON) colons++;
    else if (byte !== dot && hexValue[byte] === 255) return -1;
  }
  return -1;
}
