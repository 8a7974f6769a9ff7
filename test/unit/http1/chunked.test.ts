import { describe, expect, it } from 'vitest';
import { ChunkedReader } from '../../../main/engine/http1/chunked.ts';

function read(
  text: string,
  pieces: readonly number[] = [],
): { reader: ChunkedReader; end: number; data: string } {
  const reader = new ChunkedReader();
  reader.start();
  reader.collects = true;
  const bytes = Buffer.from(text, 'latin1');
  let end = 0;
  let data = '';
  for (const stop of [...pieces, bytes.length]) {
    const at = reader.consume(bytes, end, stop);
    for (let i = 0; i < reader.ranges.length; i += 2)
      data += bytes.toString('latin1', reader.ranges[i], reader.ranges[i + 1]);
    end = at;
    if (reader.done || reader.broken) break;
  }
  return { reader, end, data };
}

const good: readonly (readonly [string, string, string])[] = [
  ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['nothing', '0\r\n\r\n', ''],
  ['many', '1\r\na\r\n2\r\nbc\r\nA\r\n0123456789\r\n000\r\n\r\n', 'abc0123456789'],
  ['CRLF within data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
  ['extensions', '3;a=b;c="d e"\r\nabc\r\n0;last\r\n\r\n', 'abc'],
  ['trailers', '3\r\nabc\r\n0\r\nX-Sum: 1\r\nY: \xff\r\n\r\n', 'abc'],
];

describe('a chunked body', () => {
  it.each(good)('of %s ends where it ends, at every split', (_what, text, data) => {
    const followed = `${text}GET /next`;
    for (let i = 0; i <= text.length; i++) {
      for (let j = i; j <= text.length; j++) {
        const result = read(followed, [i, j]);
        expect(result.reader.done, `split at ${i} and ${j}`).toBe(true);
        expect([result.end, result.data, result.reader.payloadBytes]).toEqual([
          text.length,
          data,
          data.length,
        ]);
      }
    }
  });

  it.each([
    ['no size', '\r\nabc\r\n0\r\n\r\n'],
    ['no number', 'xyz\r\n'],
    ['a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a sign', '+3\r\nabc\r\n0\r\n\r\n'],
    ['a space before', ' 3\r\nabc\r\n0\r\n\r\n'],
    ['a space behind', '3 \r\nabc\r\n0\r\n\r\n'],
    ['a bare LF behind the size', '3\nabc\r\n0\r\n\r\n'],
    ['a bare CR behind the size', '3\rabc\r\n0\r\n\r\n'],
    ['a bare LF behind the data', '3\r\nabc\n0\r\n\r\n'],
    ['more data than stated', '3\r\nabcd\r\n0\r\n\r\n'],
    ['less data than stated', '4\r\nabc\r\n0\r\n\r\n'],
    ['an overflowing size', 'FFFFFFFFFFFFFFFF1\r\nabc'],
    ['leading zeros without end', `${'0'.repeat(30)}3\r\nabc`],
    ['a bare LF in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
    ['a control byte in an extension', '3;a\0b\r\nabc\r\n0\r\n\r\n'],
    ['a bare LF at the end', '0\r\n\n'],
    ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
    ['a trailer without a name', '0\r\n: y\r\n\r\n'],
    ['a space in the trailer name', '0\r\nX : y\r\n\r\n'],
    ['a trailer that frames', '0\r\nContent-Length: 5\r\n\r\n'],
    ['a trailer that names a host', '0\r\nhost: b\r\n\r\n'],
    ['extensions without end', `3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`],
  ])('with %s is broken, at every split', (_what, text) => {
    const step = Math.max(1, Math.floor(text.length / 50));
    for (let i = 0; i <= text.length; i += step) expect(read(text, [i]).reader.broken).toBe(true);
  });
});
