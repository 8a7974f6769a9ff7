import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../main/engine/http1/head-lookup.ts';

const head =
  'GET /cookie: no HTTP/1.1\r\nHost: a\r\nCOOKIE: a=b\r\nX-Cookie: x\r\nCookie2: y\r\ncookie:  c=d \r\nAccept: one\r\naccept:two\r\nEmpty:\r\n\r\nCookie: body=1\r\n';

describe('a field looked up in a head', () => {
  it.each([
    ['host', 'a'],
    ['cookie', 'a=b; c=d'],
    ['accept', 'one, two'],
    ['empty', ''],
    ['x-cookie', 'x'],
    ['get /cookie', null],
    ['missing', null],
  ])('%s is %j', (name, value) => {
    expect(headerValue(head, name)).toBe(value);
  });

  it('is missing where there is no head yet', () => {
    expect(headerValue('', 'host')).toBeNull();
  });
});
