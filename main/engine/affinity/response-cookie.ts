/** What a response says of one cookie. */
export interface ResponseCookie {
  readonly value: string;
  /** The client is to forget it: its value is empty, or its time has run out already. */
  readonly isOver: boolean;
}

/**
 * What a response's head says of a cookie; null where it says nothing. The last of several counts, as with browsers (RFC 6265
 * section 5.3).
 *
 * @param head accepted by the scanner
 * @param epochMs now
 */
export function findSetCookie(head: string, name: string, epochMs: number): ResponseCookie | null {
  let found: ResponseCookie | null = null;
  let line = head.indexOf('\r\n') + 2;
  while (line >= 2 && line < head.length) {
    const lineEnd = head.indexOf('\r\n', line);
    if (lineEnd <= line) break;
    if (
      head.charCodeAt(line + field.length - 1) === 0x3a &&
      head.slice(line, line + field.length).toLowerCase() === field
    )
      found = readSetCookie(head.slice(line + field.length, lineEnd), name, epochMs) ?? found;
    line = lineEnd + 2;
  }
  return found;
}

const field = 'set-cookie:';

function readSetCookie(text: string, name: string, epochMs: number): ResponseCookie | null {
  const [pair = '', ...attributes] = text.split(';');
  const equals = pair.indexOf('=');
  if (equals === -1 || pair.slice(0, equals).trim() !== name) return null;
  const value = pair.slice(equals + 1).trim();
  return { value, isOver: value === '' || hasRunOut(attributes, epochMs) };
}

/** Max-Age goes before Expires. */
function hasRunOut(attributes: readonly string[], epochMs: number): boolean {
  const of = (name: string): string | undefined => {
    const found = attributes.findLast((each) => each.trim().toLowerCase().startsWith(`${name}=`));
    return found?.slice(found.indexOf('=') + 1).trim();
  };
  const maxAge = of('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  const expires = of('expires');
  return expires !== undefined && Date.parse(expires) <= epochMs;
}
