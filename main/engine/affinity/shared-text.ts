/** Writes text, one byte a letter, with its length before it. What does not fit is cut off, what is no Latin-1 becomes `?`. */
export function writeText(bytes: Uint8Array, at: number, room: number, text: string): void {
  const length = Math.min(text.length, room - 1, 255);
  bytes[at] = length;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    bytes[at + 1 + index] = code > 255 ? 0x3f : code;
  }
}

/** Reads what `writeText` wrote. */
export function readText(bytes: Uint8Array, at: number, room: number): string {
  const length = Math.min(bytes[at]!, room - 1);
  let text = '';
  for (let index = 1; index <= length; index++) text += String.fromCharCode(bytes[at + index]!);
  return text;
}
