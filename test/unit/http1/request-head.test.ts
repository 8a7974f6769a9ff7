import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../../main/engine/http1/refusal.ts';
import { RequestHead } from '../../../main/engine/http1/request-head.ts';
import { allCases, titleOf } from '../../corpus/all-cases.ts';

const head = new RequestHead();
/** The corpus's heads that are refused: title, bytes, number of the refusal. */
const refusedHeads = allCases
  .filter(({ refusal }) => refusal > 0)
  .map((each) => [titleOf(each), each.steps[0]!.client!, each.refusal] as const);
/** Those that pass, as far as their empty line. */
const goodHeads = allCases
  .filter(({ refusal, steps }) => refusal === 0 && steps[0]!.client!.includes(' HTTP/1.'))
  .map((each) => {
    const text = each.steps[0]!.client!;
    return [titleOf(each), text.slice(0, text.indexOf('\r\n\r\n', 2) + 4)] as const;
  });

/** Scans the text as it stands in the middle of a larger buffer: offsets must not be taken from zero. */
function scan(text: string, { fields = 128 } = {}): { result: number; bytes: Buffer } {
  const before = 'GET /other HTTP/1.1\r\n\r\n';
  const bytes = Buffer.from(`${before}${text}trailing garbage`, 'latin1');
  const result = head.scan(bytes, before.length, before.length + Buffer.byteLength(text, 'latin1'), fields);
  return { result: result > 0 ? result - before.length : result, bytes };
}

const plain = 'GET / HTTP/1.1\r\nHost: a\r\n';
describe('a request head', () => {
  it.each(refusedHeads)('refused by %s, for that very reason', (_title, text, refusal) => {
    expect(-scan(text).result).toBe(refusal);
  });

  it.each(refusedHeads)('refused by %s is never taken for a good one at any earlier byte', (_title, text) => {
    for (let length = 0; length < text.length; length++) {
      expect(scan(text.slice(0, length)).result, JSON.stringify(text.slice(0, length))).toBeLessThanOrEqual(
        0,
      );
    }
  });

  it.each(goodHeads)('of %s wants more at every byte but its last', (_title, text) => {
    const bytes = Buffer.from(text, 'latin1');
    for (let length = 0; length < text.length; length++) {
      const result = head.scan(bytes, 0, length, 128);
      if (result !== 0) throw new Error(`${result} at ${length}`);
    }
    expect(scan(text).result).toBe(text.length);
  });

  it('ends at its empty line, whatever follows', () => {
    expect(scan(`${plain}\r\nGET /next`).result).toBe(plain.length + 2);
  });

  it('may have as many fields as the limit says, and no more', () => {
    const fields = (count: number): string => 'X: y\r\n'.repeat(count);
    expect(scan(`${plain}${fields(9)}\r\n`, { fields: 10 }).result).toBeGreaterThan(0);
    expect(refusalOf(scan(`${plain}${fields(10)}\r\n`, { fields: 10 }).result).status).toBe(431);
  });

  it('tells how the body is framed', () => {
    scan('POST / HTTP/1.1\r\nHost: a\r\ncOnTeNt-LeNgTh:   42  \r\n\r\n');
    expect([head.contentLength, head.chunked]).toEqual([42, false]);
    scan('POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING:Chunked\r\n\r\n');
    expect([head.contentLength, head.chunked]).toEqual([-1, true]);
    scan(`${plain}\r\n`);
    expect([head.contentLength, head.chunked]).toEqual([-1, false]);
  });

  it('tells what the connection is to do', () => {
    scan(`${plain}Connection: foo ,, CLOSE\r\n\r\n`);
    expect([head.closes, head.keepsAlive]).toEqual([true, false]);
    scan('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
    expect([head.minor, head.closes, head.keepsAlive]).toEqual([0, false, true]);
  });

  it('asks for another protocol only where Connection says so, and never for h2c', () => {
    scan(`${plain}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    expect(head.upgrades).toBe(true);
    scan(`${plain}Upgrade: websocket\r\n\r\n`);
    expect(head.upgrades).toBe(false);
    scan(
      `${plain}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, H2C\r\nHTTP2-Settings: x\r\n\r\n`,
    );
    expect(head.upgrades).toBe(false);
    scan('GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    expect(head.upgrades).toBe(false);
  });
});
