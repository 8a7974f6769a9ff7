import { describe, expect, it } from 'vitest';
import { ChunkedReader } from '../../../main/engine/http1/chunked.ts';
import { titleOf } from '../../corpus/all-cases.ts';
import { requestFraming } from '../../corpus/request-framing.ts';

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

/** The corpus's bodies that are refused. */
const brokenBodies = requestFraming
  .filter(({ refusal, clientAfter }) => refusal === 0 && clientAfter === 'closed')
  .map((each) => {
    const text = each.steps[0]!.client!;
    return [titleOf(each), text.slice(text.indexOf('\r\n\r\n') + 4)] as const;
  });

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

  it.each(brokenBodies)('refused by %s is broken, at every split', (_title, text) => {
    // The longest are about a limit in bytes: there every place is like the next.
    const step = Math.max(1, Math.floor(text.length / 100));
    for (let i = 0; i <= text.length; i += step) expect(read(text, [i]).reader.broken).toBe(true);
  });
});
