import { describe, expect, it } from 'vitest';
import { outgoingRequest } from '../../../main/engine/http1/outgoing-request.ts';
import { refusalOf } from '../../../main/engine/http1/refusal.ts';
import { RequestHead } from '../../../main/engine/http1/request-head.ts';
import { refusedHeads } from '../../support/refused-heads.ts';

const head = new RequestHead();

/** Scans the text as it stands in the middle of a larger buffer: offsets must not be taken from zero. */
function scan(text: string, { fields = 128, trusts = false } = {}): { result: number; bytes: Buffer } {
  const before = 'GET /other HTTP/1.1\r\n\r\n';
  const bytes = Buffer.from(`${before}${text}trailing garbage`, 'latin1');
  head.trustsForwarded = trusts;
  const result = head.scan(bytes, before.length, before.length + Buffer.byteLength(text, 'latin1'), fields);
  return { result: result > 0 ? result - before.length : result, bytes };
}

function rewritten(text: string, trusts = false): string {
  const { result, bytes } = scan(text, { trusts });
  expect(result).toBe(text.length);
  const host = head.hostStart < 0 ? '' : bytes.toString('latin1', head.hostStart, head.hostEnd);
  return outgoingRequest(bytes, head, '127.0.0.1', host, '127.0.0.1:8080');
}

const plain = 'GET / HTTP/1.1\r\nHost: a\r\n';
const own = (host = 'a'): string =>
  `X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ${host}\r\n\r\n`;

describe('a request head', () => {
  it.each(refusedHeads)('with %s is refused', (_what, text, status) => {
    const { result } = scan(text);
    expect(result).toBeLessThan(0);
    expect(refusalOf(result).status).toBe(status);
  });

  it.each(refusedHeads)('with %s is never taken for a good one at any earlier byte', (_what, text) => {
    for (let length = 0; length < text.length; length++) {
      expect(scan(text.slice(0, length)).result, JSON.stringify(text.slice(0, length))).toBeLessThanOrEqual(
        0,
      );
    }
  });

  it.each([
    ['plain', `${plain}\r\n`],
    ['after an empty line', `\r\n${plain}\r\n`],
    [
      'with everything',
      `PUT http://b:80/x?y HTTP/1.1\r\nHost: a\r\nConnection: close, x-one\r\nX-One: 1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`,
    ],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['with bytes above ASCII', 'GET /\xe4?\xf6 HTTP/1.1\r\nHost: a\r\nX: \xfc\r\n\r\n'],
    ['with an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ])('%s wants more at every byte but its last', (_what, text) => {
    for (let length = 0; length < text.length; length++) expect(scan(text.slice(0, length)).result).toBe(0);
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
    scan('POST / HTTP/1.1\r\nHost: a\r\ncOnTeNt-LeNgTh: \t 42 \t \r\n\r\n');
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

describe('the head that goes to the server', () => {
  it('is the incoming one and what this hop says', () => {
    expect(rewritten(`${plain}X-A: b\r\n\r\n`)).toBe(`${plain}X-A: b\r\n${own()}`);
  });

  it('has no fields of the hop before, nor those that Connection names', () => {
    expect(
      rewritten(
        `GET / HTTP/1.1\r\nConnection: x-one, Keep-Alive,x-TWO\r\nX-One: 1\r\nKeep-Alive: 5\r\nHost: a\r\nTE: trailers\r\nX-Two: 2\r\nProxy-Connection: keep-alive\r\nX-Three: 3\r\nx-one: again\r\n\r\n`,
      ),
    ).toBe(`GET / HTTP/1.1\r\nHost: a\r\nX-Three: 3\r\n${own()}`);
  });

  it('keeps what frames the message though Connection names it', () => {
    expect(
      rewritten(
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: host, content-length, transfer-encoding\r\n\r\n',
      ),
    ).toBe(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n${own()}`);
  });

  it('says one Content-Length where the client said it twice', () => {
    expect(rewritten('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n')).toBe(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n${own()}`,
    );
  });

  it('replaces what the client says about where it came from', () => {
    const claims =
      'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\nX-Forwarded-HOST: evil\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\n';
    expect(rewritten(`${plain}${claims}\r\n`)).toBe(`${plain}${own()}`);
  });

  it('keeps it and adds to it where the listener trusts it', () => {
    const claims =
      'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: front\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\n';
    expect(rewritten(`${plain}${claims}\r\n`, true)).toBe(
      `${plain}X-Forwarded-Proto: https\r\nX-Forwarded-Host: front\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6, 7.7.7.7, 127.0.0.1\r\n\r\n`,
    );
    expect(rewritten(`${plain}\r\n`, true)).toBe(`${plain}${own()}`);
  });

  it('asks for the protocol that the client asked for', () => {
    expect(rewritten(`${plain}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n`)).toBe(
      `${plain}X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    );
    expect(
      rewritten(`${plain}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n`),
    ).toBe(`${plain}${own()}`);
  });

  it('has the path alone, and the host of an absolute target', () => {
    const absolute = (target: string): string => `GET ${target} HTTP/1.1\r\nX: y\r\nHost: old\r\n\r\n`;
    const expected = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: b:81\r\nX: y\r\n${own('b:81')}`;
    expect(rewritten(absolute('http://b:81/x?y=z'))).toBe(expected('/x?y=z'));
    expect(rewritten(absolute('HTTP://b:81'))).toBe(expected('/'));
    expect(rewritten(absolute('http://b:81?q'))).toBe(expected('/?q'));
    expect(rewritten('OPTIONS http://b:81 HTTP/1.1\r\nHost: b\r\n\r\n')).toBe(
      `OPTIONS * HTTP/1.1\r\nHost: b:81\r\n${own('b:81')}`,
    );
  });

  it('is HTTP/1.1 with a Host, also from an HTTP/1.0 client', () => {
    expect(rewritten('GET /x HTTP/1.0\r\nX: y\r\n\r\n')).toBe(
      `GET /x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX: y\r\n${own('127.0.0.1:8080')}`,
    );
    expect(rewritten('GET /x HTTP/1.0\r\nHost: a\r\n\r\n')).toBe(`GET /x HTTP/1.1\r\nHost: a\r\n${own()}`);
  });

  it('keeps bytes above ASCII as they came', () => {
    const text = 'GET /\xe4\xff HTTP/1.1\r\nHost: a\r\nX: \xfc\x80\r\n';
    expect(rewritten(`${text}\r\n`)).toBe(`${text}${own()}`);
  });
});
