/**
 * The value of a field in a head that was accepted, as text; null where it is missing. Several fields of one name are
 * joined by `, ` (RFC 9110 section 5.3), cookies by `; `. Meant for the few fields that somebody asks for.
 *
 * @param name in lower case
 */
export function headerValue(head: string, name: string): string | null {
  let found: string | null = null;
  let line = head.indexOf('\r\n') + 2;
  while (line >= 2 && line < head.length) {
    const lineEnd = head.indexOf('\r\n', line);
    if (lineEnd <= line) break;
    if (head.charCodeAt(line + name.length) === 0x3a && matches(head, line, name)) {
      const value = head.slice(line + name.length + 1, lineEnd).trim();
      found = found === null ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
    line = lineEnd + 2;
  }
  return found;
}

function matches(head: string, at: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    const code = head.charCodeAt(at + i);
    if ((code >= 0x41 && code <= 0x5a ? code | 0x20 : code) !== lower.charCodeAt(i)) return false;
  }
  return true;
}
