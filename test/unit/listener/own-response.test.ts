import { describe, expect, it } from 'vitest';
import { Exchange } from '../../../main/engine/exchange.ts';
import { ownResponse, prefersJson } from '../../../main/engine/listener/own-response.ts';

describe('what a client prefers', () => {
  it.each([
    [null, false],
    ['*/*', false],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', false],
    ['application/json', true],
    ['application/problem+json', true],
    ['application/json, text/plain, */*', true],
    ['text/plain, application/json', false],
    ['text/plain;q=0.5, application/json', true],
    ['application/json;q=0.1, text/plain', false],
    ['application/json;q=0', false],
    ['APPLICATION/JSON; charset=utf-8', true],
    ['garbage;;q=x,,', false],
  ])('by Accept %j is JSON: %s', (accept, json) => {
    expect(prefersJson(accept)).toBe(json);
  });
});

describe("Ballast's own answer", () => {
  const answer = (message: string, asJson: boolean): string =>
    ownResponse(new Exchange(), {
      status: 404,
      message,
      asJson,
      isHead: false,
      epochMs: 0,
      closes: false,
      keepsAlive10: false,
      ownFields: '',
    });

  it.each([true, false])('states its length in bytes, not characters (JSON: %s)', (asJson) => {
    const bytes = Buffer.from(answer('no route for "/straße → 東京"', asJson), 'latin1');
    const end = bytes.indexOf('\r\n\r\n') + 4;
    const stated = Number(/Content-Length: (\d+)/.exec(bytes.toString('latin1'))?.[1]);
    expect(bytes.length - end).toBe(stated);
    expect(bytes.subarray(end).toString('utf8')).toContain('→ 東京');
  });

  it('cannot be made to hold further fields', () => {
    const text = answer('x\r\nSet-Cookie: evil=1\r\n\r\n', false);
    expect(text.slice(0, text.indexOf('\r\n\r\n'))).not.toContain('evil');
  });
});
