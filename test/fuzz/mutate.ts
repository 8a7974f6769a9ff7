const tokens = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  ':',
  ';',
  ',',
  '"',
  '\\',
  '=',
  '0',
  '1',
  'f',
  'F',
  '00',
  '-1',
  '+1',
  '0x1',
  '_',
  'ffffffffffffffff',
  '18446744073709551616',
  '9007199254740993',
  '4294967296',
  'GET ',
  'POST ',
  'HEAD ',
  'OPTIONS * ',
  'CONNECT a:1 ',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '/',
  '*',
  'http://b',
  'http://b/',
  '#',
  '%',
  '?',
  ' HTTP/1.1',
  ' HTTP/1.0',
  ' HTTP/0.9',
  ' HTTP/2.0',
  'HTTP/1.1 ',
  '200',
  '100',
  '101',
  '204',
  '304',
  '999',
  'Host: a\r\n',
  'Host:\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'content-length:',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding:',
  'chunked',
  'gzip',
  'identity',
  ', chunked',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Connection: upgrade\r\n',
  'Upgrade: x\r\n',
  'Expect: 100-continue\r\n',
  'X: y\r\n',
  'X : y\r\n',
  ' folded\r\n',
  'Trailer: x\r\n',
  'Keep-Alive: timeout=5\r\n',
  '5\r\nhello\r\n',
  '0\r\n\r\n',
  '0\r\nX: y\r\n\r\n',
  '3;a=b\r\nabc\r\n',
  ';a="b"',
  ';a',
  '1\r\n',
  '0;',
  'A\r\n',
  'GET /x HTTP/1.1\r\nHost: b\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
  'HTTP/1.1 100 Continue\r\n\r\n',
];

/** Changes bytes (latin1 text) in one to four ways. `others`: further texts to splice with. */
export function mutate(text: string, others: readonly string[], random: () => number): string {
  const below = (limit: number): number => Math.floor(random() * limit);
  let bytes = text;
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + below(random() < 0.7 ? 3 : 24));
    const [before, part, after] = [bytes.slice(0, at), bytes.slice(at, end), bytes.slice(end)];
    switch (below(9)) {
      case 0:
        bytes = before + String.fromCharCode(below(256)) + after;
        break;
      case 1:
        bytes =
          before + String.fromCharCode((part.charCodeAt(0) || 0) ^ (1 << below(8))) + bytes.slice(at + 1);
        break;
      case 2:
        bytes = before + after;
        break;
      case 3:
        bytes = before + part + part + after;
        break;
      case 4:
      case 5:
        bytes = before + tokens[below(tokens.length)]! + part + after;
        break;
      case 6:
        bytes = before + tokens[below(tokens.length)]! + after;
        break;
      case 7: {
        // Whole lines are what smuggling is made of.
        const lines = bytes.split('\r\n');
        const line = lines[below(lines.length)]!;
        lines.splice(below(lines.length + 1), 0, line);
        bytes = lines.join('\r\n');
        break;
      }
      default: {
        const other = others[below(others.length)]!;
        bytes = before + other.slice(below(other.length));
      }
    }
  }
  return bytes.slice(0, 4_096);
}
