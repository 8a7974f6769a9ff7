import { largestText } from './check.ts';
import { parseDocument, unreadableDocument, type WorkspaceDocument } from './document.ts';
import { placeOf } from './place.ts';

/** Reads a file's bytes as a document. What is no UTF-8 text, or far too large, becomes a document with that problem. */
export function decodeDocument(bytes: Buffer): WorkspaceDocument {
  if (bytes.length > 4 * largestText) {
    return problem(
      `the file has ${bytes.length} bytes, more than ${4 * largestText}; is it a ballast.yaml?`,
      '',
      0,
    );
  }
  if (bytes.length >= 2 && (bytes.readUInt16BE(0) === 0xfffe || bytes.readUInt16BE(0) === 0xfeff))
    return problem('this is UTF-16 text; save the file as UTF-8', '', 0);
  const at = firstInvalid(bytes);
  if (at < 0) return parseDocument(bytes.toString('utf8'));
  const byte = bytes[at]!.toString(16).padStart(2, '0');
  // Up to here every byte was good, so the place can be told in characters.
  return problem(
    `this is not UTF-8 text (byte 0x${byte}); save the file as UTF-8`,
    bytes.toString('utf8'),
    bytes.toString('utf8', 0, at).length,
  );
}

function problem(message: string, text: string, offset: number): WorkspaceDocument {
  return unreadableDocument({ path: [], message, ...placeOf(text, offset) });
}

/** Where the first byte stands that cannot be UTF-8; -1 where all can. */
function firstInvalid(bytes: Buffer): number {
  if (decodes(bytes, false)) return -1;
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodes(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  // A character that was begun and not finished decodes as far as it goes: its first byte is the one to point at.
  while (!decodes(bytes.subarray(0, good), false)) good--;
  return good;
}

function decodes(bytes: Buffer, isMoreToCome: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isMoreToCome });
    return true;
  } catch {
    return false;
  }
}
