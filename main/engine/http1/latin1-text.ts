import { latin1 } from '../latin1.ts';

/** The same text in one piece: what is put together of parts stays parts, which every write would have to walk through. */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Makes text of bytes. */
export type TextOf = (bytes: Buffer, start: number, end: number) => string;

/**
 * Makes text of bytes without making a string where it is the same as the last time: for values that come again and again. Each has a
 * memory of its own, so have one for each kind of value.
 */
export function rememberingText(): TextOf {
  let last = '';
  return (bytes, start, end) => {
    if (!isText(bytes, start, end, last)) last = latin1(bytes, start, end);
    return last;
  };
}

function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
