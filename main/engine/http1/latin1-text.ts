/** The same text in one piece: what is put together of parts stays parts, which every write would have to walk through. */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

let last = '';

/**
 * The text of these bytes, without making a string where it is the same as the last time: for values that come again and
 * again. One module has one memory, so ask it for one kind of value only: `Host`.
 */
export function hostText(bytes: Buffer, start: number, end: number): string {
  if (!isLast(bytes, start, end)) last = bytes.toString('latin1', start, end);
  return last;
}

function isLast(bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== last.length) return false;
  for (let i = 0; i < last.length; i++) if (bytes[start + i] !== last.charCodeAt(i)) return false;
  return true;
}
