import { describe, expect, it } from 'vitest';
import { ResponseHead } from '../../../main/engine/http1/response-head.ts';
import { titleOf } from '../../corpus/all-cases.ts';
import { responses } from '../../corpus/responses.ts';

const head = new ResponseHead();
/** The corpus's heads that cannot be read. */
const refusedHeads = responses
  .filter(({ steps }) => steps[1]!.atClient!.includes('the response cannot be read'))
  .map((each) => [titleOf(each), each.steps[1]!.server!] as const);

function scan(text: string): { result: number; bytes: Buffer } {
  const bytes = Buffer.from(`xx${text}yy`, 'latin1');
  const result = head.scan(bytes, 2, 2 + text.length, 128);
  return { result: result > 0 ? result - 2 : result, bytes };
}

describe('a response head', () => {
  it.each(refusedHeads)(
    'refused by %s, and never taken for a good one at any earlier byte',
    (_what, text) => {
      expect(scan(text).result).toBeLessThan(0);
      for (let length = 0; length < text.length; length++)
        expect(scan(text.slice(0, length)).result).toBeLessThanOrEqual(0);
    },
  );

  it.each([
    ['with a reason', 'HTTP/1.1 200 Quite OK\r\nContent-Length: 0\r\n\r\n'],
    ['without one', 'HTTP/1.1 200 \r\n\r\n'],
    ['without even its space', 'HTTP/1.1 200\r\n\r\n'],
    ['of HTTP/1.0', 'HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\n\r\n'],
  ])('%s wants more at every byte but its last', (_what, text) => {
    for (let length = 0; length < text.length; length++) expect(scan(text.slice(0, length)).result).toBe(0);
    expect(scan(text).result).toBe(text.length);
  });

  it('tells whether and how long the connection stays', () => {
    scan('HTTP/1.1 200 OK\r\nKeep-Alive: max=10, timeout=5\r\n\r\n');
    expect([head.persists, head.keepAliveSeconds]).toEqual([true, 5]);
    scan('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
    expect([head.persists, head.keepAliveSeconds]).toEqual([false, -1]);
    scan('HTTP/1.0 200 OK\r\n\r\n');
    expect(head.persists).toBe(false);
    scan('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n');
    expect(head.persists).toBe(true);
  });
});
