import { describe, expect, it } from 'vitest';
import { outgoingResponse } from '../../../main/engine/http1/outgoing-response.ts';
import { ResponseHead } from '../../../main/engine/http1/response-head.ts';

const head = new ResponseHead();

function scan(text: string): { result: number; bytes: Buffer } {
  const bytes = Buffer.from(`xx${text}yy`, 'latin1');
  const result = head.scan(bytes, 2, 2 + text.length, 128);
  return { result: result > 0 ? result - 2 : result, bytes };
}

function passed(text: string, traits: Partial<Parameters<typeof outgoingResponse>[2]> = {}): string {
  const { result, bytes } = scan(text);
  expect(result).toBe(text.length);
  return outgoingResponse(bytes, head, {
    closes: false,
    keepsAlive10: false,
    decodes: false,
    ownFields: '',
    ...traits,
  });
}

describe('a response head', () => {
  it.each([
    [
      'both Content-Length and chunked',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    ['differing Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nX: y\r\n\r\n'],
    ['a bare LF at its end', 'HTTP/1.1 200 OK\r\nX: y\r\n\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nX : y\r\n\r\n'],
    ['a control byte', 'HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n'],
    ['no version', '200 OK\r\n\r\n'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a short status', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a long status', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x16'],
  ])('with %s is refused, and never taken for a good one at any earlier byte', (_what, text) => {
    expect(scan(text).result).toBeLessThan(0);
    for (let length = 0; length < text.length; length++)
      expect(scan(text.slice(0, length)).result).toBeLessThanOrEqual(0);
  });

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

describe('the head that goes to the client', () => {
  it('has no fields of the hop behind, and none that only Ballast may say', () => {
    expect(
      passed(
        'HTTP/1.1 200 OK\r\nConnection: keep-alive, x-hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-Ballast-Server: evil\r\nx-ballast-attempts: 9\r\nx-ballast-request: z\r\nContent-Length: 0\r\nTransfer-X: y\r\n\r\n',
        { ownFields: 'x-ballast-server: a\r\n' },
      ),
    ).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-X: y\r\nx-ballast-server: a\r\n\r\n');
  });

  it('speaks HTTP/1.1 whatever the server speaks', () => {
    expect(passed('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', { closes: true })).toBe(
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
  });

  it('claims no body where there can be none', () => {
    expect(passed('HTTP/1.1 204 No Content\r\nX: y\r\nContent-Length: 5\r\nZ: z\r\n\r\n')).toBe(
      'HTTP/1.1 204 No Content\r\nX: y\r\nZ: z\r\n\r\n',
    );
    expect(passed('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n')).toContain('Content-Length: 5');
  });

  it('hides the chunks from a client that cannot read them', () => {
    expect(
      passed(
        'HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\nConnection: x\r\nX: y\r\nC: d\r\n\r\n',
        {
          decodes: true,
          closes: true,
        },
      ),
    ).toBe('HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nConnection: close\r\n\r\n');
  });
});
