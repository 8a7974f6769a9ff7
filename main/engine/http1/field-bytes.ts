import { isFieldByte } from './byte-classes.ts';

const noWords = new Int32Array(0);
/** The bytes that were looked at last: nearly always the one buffer that all sockets are read into. */
let viewed: Uint8Array | null = null;
/** The same, four at a time. */
let words: Int32Array = noWords;

/**
 * Offset behind the bytes of a field's value that begin at `start`: of the first byte that may not stand in one, see `isFieldByte`, or `end`.
 * Values are the better part of most heads, so four bytes are looked at at once while all of them are usual.
 */
export function fieldBytesEnd(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  if (end - i >= 16) {
    if (bytes !== viewed) view(bytes);
    while ((i & 3) !== 0) {
      if (isFieldByte[bytes[i]!] !== 1) return i;
      i++;
    }
    const last = Math.min(end >> 2, words.length);
    let at = i >> 2;
    while (at < last && isUsual(words[at]!)) at++;
    i = at << 2;
  }
  while (i < end && isFieldByte[bytes[i]!] === 1) i++;
  return i;
}

/**
 * None of the four bytes is a control byte. The two ways to see that are those by which a byte below a number, and one that is zero,
 * is found in a word: the highest bit of a byte is set where subtracting borrows from it, unless it was set before.
 */
function isUsual(word: number): boolean {
  const flipped = word ^ 0x7f7f7f7f;
  return ((((word - 0x20202020) & ~word) | ((flipped - 0x01010101) & ~flipped)) & 0x80808080) === 0;
}

function view(bytes: Uint8Array): void {
  viewed = bytes;
  words =
    (bytes.byteOffset & 3) === 0
      ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2)
      : noWords;
}
