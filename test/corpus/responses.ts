import {
  CODING,
  CODING_IN_HTTP_10,
  FIELD_NAME,
  FIELD_VALUE,
  FRAMING_NAME,
  LENGTH_AND_CODING,
  LENGTH_FORM,
  LENGTH_TWICE,
  STATUS_LINE,
} from '../../main/engine/http1/refusal.ts';
import { type Case, date, get, got, ok, response, unreadable } from './case.ts';

const line = 'HTTP/1.1 200 OK\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n';
/** A server's answer with these fields. */
const answer = (fields: string, body = ''): string => `${line}${date}${fields}\r\n${body}`;
const head = { ask: get.replace('GET', 'HEAD'), asked: got.replace('GET', 'HEAD') };
const split = `${line}Content-Length: 6\r\n\r\npoison`;
const closed = { serverAfter: 'closed' } as const;
const badChunk = 'a chunk of the response is malformed';

const same = (
  section: string,
  name: string,
  server: string,
  more: Parameters<typeof response>[4] = {},
): Case => response(section, name, server, server, more);
const unread = (
  section: string,
  rows: readonly (readonly [name: string, server: string, refusal: number | string])[],
): Case[] => rows.map(([name, server, refusal]) => unreadable(section, name, server, refusal));

/** What servers answer: RFC 9112 sections 4 to 7, RFC 9110 sections 6 and 15. */
export const responses: readonly Case[] = [
  same(
    'RFC 9112 section 4',
    'a response passes as it came',
    answer('X-A:\t b \r\nx-a:c\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n', 'ok'),
  ),
  same(
    'RFC 9112 section 4',
    'a reason of several words',
    `HTTP/1.1 404 Not (quite) Found \xe4\r\n${date}Content-Length: 0\r\n\r\n`,
  ),
  same('RFC 9112 section 4', 'no reason', `HTTP/1.1 200 \r\n${date}Content-Length: 0\r\n\r\n`),
  same(
    'RFC 9112 section 4',
    'not even the space before it, as some servers write',
    `HTTP/1.1 200\r\n${date}Content-Length: 0\r\n\r\n`,
  ),
  same(
    'RFC 9110 section 15',
    'a status that nobody knows',
    `HTTP/1.1 599 Odd\r\n${date}Content-Length: 0\r\n\r\n`,
  ),
  ...unread('RFC 9112 section 4', [
    ['no version', '200 OK\r\n\r\n', STATUS_LINE],
    ['a body alone: HTTP/0.9', '<html>', STATUS_LINE],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n', STATUS_LINE],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', STATUS_LINE],
    ['a lower-case version', 'http/1.1 200 OK\r\n\r\n', STATUS_LINE],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n', STATUS_LINE],
    ['a tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n', STATUS_LINE],
    ['a short status', 'HTTP/1.1 20 OK\r\n\r\n', STATUS_LINE],
    ['a long status', 'HTTP/1.1 2000 OK\r\n\r\n', STATUS_LINE],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', STATUS_LINE],
    ['a status with a sign', 'HTTP/1.1 +20 OK\r\n\r\n', STATUS_LINE],
    ['a status of letters', 'HTTP/1.1 2OO OK\r\n\r\n', STATUS_LINE],
    ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', STATUS_LINE],
    ['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n', STATUS_LINE],
    ['a bare LF behind the status line', 'HTTP/1.1 200 OK\nX: y\r\n\r\n', STATUS_LINE],
    ['an empty line in front', `\r\n${ok}`, STATUS_LINE],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', STATUS_LINE],
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x16', STATUS_LINE],
    ['a request', get, STATUS_LINE],
  ]),
  ...unread('RFC 9112 section 5', [
    ['a bare LF behind a field', `${line}X: y\nZ: z\r\n\r\n`, FIELD_VALUE],
    ['a bare LF at the end of the head', `${line}X: y\r\n\n`, FIELD_NAME],
    ['a bare CR in a value: response splitting', `${line}X: y\rSet-Cookie: a=b\r\n\r\n`, FIELD_VALUE],
    ['a folded line', `${line}X: y\r\n z\r\n\r\n`, FIELD_NAME],
    ['a space before the colon', `${line}Content-Length : 2\r\n\r\nok`, FIELD_NAME],
    ['a space before the first field', `${line} X: y\r\n\r\n`, FIELD_NAME],
    ['a line without a colon', `${line}nonsense\r\n\r\n`, FIELD_NAME],
    ['an empty name', `${line}: y\r\n\r\n`, FIELD_NAME],
    ['a control byte in a value', `${line}X: \x01\r\n\r\n`, FIELD_VALUE],
    ['NUL in a value', `${line}X: a\0b\r\n\r\n`, FIELD_VALUE],
    ['DEL in a value', `${line}X: \x7f\r\n\r\n`, FIELD_VALUE],
    ['a byte above ASCII in a name', `${line}X\xe9: y\r\n\r\n`, FIELD_NAME],
  ]),
  ...unread('RFC 9112 section 6.3', [
    [
      'both Content-Length and chunked',
      `${line}Content-Length: 5\r\n${chunked}\r\n0\r\n\r\n`,
      LENGTH_AND_CODING,
    ],
    [
      'chunked, then Content-Length',
      `${line}${chunked}Content-Length: 5\r\n\r\n0\r\n\r\n`,
      LENGTH_AND_CODING,
    ],
    ['differing Content-Length', `${line}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`, LENGTH_TWICE],
    ['Content-Length said twice', `${line}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde`, LENGTH_TWICE],
    ['a list as Content-Length', `${line}Content-Length: 5, 5\r\n\r\nabcde`, LENGTH_FORM],
    ['a sign before Content-Length', `${line}Content-Length: +5\r\n\r\nabcde`, LENGTH_FORM],
    ['a negative Content-Length', `${line}Content-Length: -5\r\n\r\nabcde`, LENGTH_FORM],
    ['an empty Content-Length', `${line}Content-Length:\r\n\r\n`, LENGTH_FORM],
    [
      'a Content-Length that overflows',
      `${line}Content-Length: 18446744073709551621\r\n\r\nabcde`,
      LENGTH_FORM,
    ],
    ['another coding', `${line}Transfer-Encoding: gzip\r\n\r\n`, CODING],
    ['a coding before chunked', `${line}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, CODING],
    ['chunked twice', `${line}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, CODING],
    ['chunked in two fields', `${line}${chunked}${chunked}\r\n0\r\n\r\n`, CODING],
    [
      'a tab behind chunked, with which some do not know it',
      `${line}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n`,
      CODING,
    ],
    ['a tab behind a Content-Length', `${line}Content-Length: 2\t\r\n\r\nok`, LENGTH_FORM],
    [
      "an underscore in the coding's name",
      `${line}Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n`,
      FRAMING_NAME,
    ],
    ['an underscore in Content-Length', `${line}Content_Length: 2\r\n\r\nok`, FRAMING_NAME],
    ['identity', `${line}Transfer-Encoding: identity\r\n\r\nx`, CODING],
    ['a vertical tab before chunked', `${line}Transfer-Encoding: \x0bchunked\r\n\r\n`, FIELD_VALUE],
    ['a space before the colon of the coding', `${line}Transfer-Encoding : chunked\r\n\r\n`, FIELD_NAME],
    ['chunked from an HTTP/1.0 server', `HTTP/1.0 200 OK\r\n${chunked}\r\n0\r\n\r\n`, CODING_IN_HTTP_10],
  ]),
  same('RFC 9112 section 6.3', 'a length of 0', answer('Content-Length: 0\r\n')),
  response(
    'RFC 9110 section 8.6',
    'leading zeros of a length go no further',
    answer('Content-Length: 002\r\n', 'ok'),
    answer('Content-Length: 2\r\n', 'ok'),
  ),
  same(
    'RFC 9112 section 7.1',
    'chunks with extensions and trailers pass undecoded',
    answer(chunked, '3;a=b;c="d e"\r\nabc\r\nA;x\r\n0123456789\r\n0\r\nX-T: y\r\n\r\n'),
  ),
  same('RFC 9112 section 7.1', 'no data', answer(chunked, '0\r\n\r\n')),
  response(
    'RFC 9112 section 6.3',
    'neither length nor coding: the end of the connection ends the body',
    answer('', 'to the end'),
    answer('Connection: close\r\n', 'to the end'),
    { ends: 'fin', clientAfter: 'closed', ...closed },
  ),
  response(
    'RFC 9112 section 6.3',
    'the same from HTTP/1.0',
    `HTTP/1.0 200 OK\r\n${date}\r\nto the end`,
    answer('Connection: close\r\n', 'to the end'),
    { ends: 'fin', clientAfter: 'closed', ...closed },
  ),
  response(
    'RFC 9112 section 6.3',
    'the same without a byte of it',
    answer(''),
    answer('Connection: close\r\n'),
    { ends: 'fin', clientAfter: 'closed', ...closed },
  ),
  response(
    'RFC 9112 section 6.3',
    'close-delimited, from a server that says close',
    answer('Connection: close\r\n', 'x'),
    answer('Connection: close\r\n', 'x'),
    { ends: 'fin', clientAfter: 'closed', ...closed },
  ),

  // No body whatever the fields say.
  same('RFC 9110 section 9.3.2', 'HEAD: a length without its body', answer('Content-Length: 5\r\n'), head),
  same('RFC 9110 section 9.3.2', 'HEAD: a coding without its body', answer(chunked), head),
  same('RFC 9110 section 9.3.2', 'HEAD: neither', answer('X: y\r\n'), head),
  same(
    'RFC 9110 section 15.4.5',
    '304 with a length',
    `HTTP/1.1 304 Not Modified\r\n${date}Content-Length: 5\r\n\r\n`,
  ),
  same('RFC 9110 section 15.4.5', '304 with a coding', `HTTP/1.1 304 Not Modified\r\n${date}${chunked}\r\n`),
  same('RFC 9110 section 15.3.5', '204', `HTTP/1.1 204 No Content\r\n${date}X: y\r\n\r\n`),
  response(
    'RFC 9110 section 8.6',
    '204 with a length claims none',
    `HTTP/1.1 204 No Content\r\n${date}X: y\r\nContent-Length: 5\r\nZ: z\r\n\r\n`,
    `HTTP/1.1 204 No Content\r\n${date}X: y\r\nZ: z\r\n\r\n`,
  ),
  response(
    'RFC 9110 section 8.6',
    '204 with a length of leading zeros claims none, and leaves nothing of its line',
    `HTTP/1.1 204 No Content\r\n${date}X: y\r\nContent-Length: 005\r\nZ: z\r\n\r\n`,
    `HTTP/1.1 204 No Content\r\n${date}X: y\r\nZ: z\r\n\r\n`,
  ),
  response(
    'RFC 9110 section 8.6',
    'an interim response with a length of leading zeros leaves nothing of its line',
    `HTTP/1.1 103 Early Hints\r\nContent-Length: 007\r\nLink: l\r\n\r\n${ok}`,
    `HTTP/1.1 103 Early Hints\r\nLink: l\r\n\r\n${ok}`,
  ),
  response(
    'RFC 9112 section 6.1',
    '204 with a coding between spaces claims none, and leaves nothing of its line',
    `HTTP/1.1 204 No Content\r\n${date}Transfer-Encoding:  chunked \r\nZ: z\r\n\r\n`,
    `HTTP/1.1 204 No Content\r\n${date}Z: z\r\n\r\n`,
  ),
  response(
    'RFC 9112 section 6.1',
    '204 with a coding claims none',
    `HTTP/1.1 204 No Content\r\n${date}${chunked}\r\n`,
    `HTTP/1.1 204 No Content\r\n${date}\r\n`,
  ),
  response(
    'RFC 9112 section 6.3',
    '204 with a body all the same: it belongs to nobody',
    `HTTP/1.1 204 No Content\r\n${date}Content-Length: 5\r\n\r\nabcde`,
    `HTTP/1.1 204 No Content\r\n${date}\r\n`,
    closed,
  ),
  response(
    'RFC 9112 section 6.3',
    '304 with a body all the same',
    `HTTP/1.1 304 Not Modified\r\n${date}\r\nabcde`,
    `HTTP/1.1 304 Not Modified\r\n${date}\r\n`,
    closed,
  ),
  response(
    'RFC 9112 section 6.3',
    'HEAD with a body all the same',
    answer('Content-Length: 5\r\n', 'abcde'),
    answer('Content-Length: 5\r\n'),
    { ...head, ...closed },
  ),
  same(
    'RFC 9110 section 15.3.6',
    '205 with a length of 0',
    `HTTP/1.1 205 Reset Content\r\n${date}Content-Length: 0\r\n\r\n`,
  ),

  // Response splitting: what follows a complete response is never another.
  response(
    'RFC 9112 section 11.1',
    'bytes behind a stated length',
    answer('Content-Length: 2\r\n', `ok${split}`),
    ok,
    closed,
  ),
  response(
    'RFC 9112 section 11.1',
    'one byte behind a stated length',
    answer('Content-Length: 2\r\n', 'ok!'),
    ok,
    closed,
  ),
  response(
    'RFC 9112 section 11.1',
    'an empty line behind a stated length',
    answer('Content-Length: 2\r\n', 'ok\r\n'),
    ok,
    closed,
  ),
  response(
    'RFC 9112 section 11.1',
    'bytes behind the last chunk',
    answer(chunked, `0\r\n\r\n${split}`),
    answer(chunked, '0\r\n\r\n'),
    closed,
  ),
  response(
    'RFC 9112 section 11.1',
    'bytes behind a length of 0',
    answer('Content-Length: 0\r\n', split),
    answer('Content-Length: 0\r\n'),
    closed,
  ),

  ...unread('RFC 9112 section 7.1', [
    ['no size in the first chunk', `${line}${chunked}\r\nnonsense`, badChunk],
    ['a size with a prefix', `${line}${chunked}\r\n0x2\r\nok\r\n0\r\n\r\n`, badChunk],
    ['a space behind the size', `${line}${chunked}\r\n2 \r\nok\r\n0\r\n\r\n`, badChunk],
    ['a bare LF behind the size', `${line}${chunked}\r\n2\nok\r\n0\r\n\r\n`, badChunk],
    ['a size that overflows', `${line}${chunked}\r\nFFFFFFFFFFFFFFFFF\r\nok`, badChunk],
    ['an extension with a bare LF', `${line}${chunked}\r\n2;a\nb\r\nok\r\n0\r\n\r\n`, badChunk],
  ]).map((each): Case => ({ ...each, clientAfter: 'stays-or-reset', serverAfter: 'any', pipelines: false })),

  // Fields of the hop behind us.
  response(
    'RFC 9110 section 7.6.1',
    'fields of the hop behind go no further, nor those that Connection names',
    answer(
      'Connection: keep-alive, x-hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Connection: x\r\nContent-Length: 2\r\nX-Stays: 1\r\n',
      'ok',
    ),
    answer('Content-Length: 2\r\nX-Stays: 1\r\n', 'ok'),
  ),
  response(
    'RFC 9110 section 7.6.1',
    'Connection never takes away what frames the response',
    answer('Connection: content-length\r\nContent-Length: 2\r\n', 'ok'),
    ok,
  ),
  response(
    'RFC 9110 section 7.6.1',
    'Connection never takes away the coding of a response',
    answer(`Connection: transfer-encoding\r\n${chunked}`, '0\r\n\r\n'),
    answer(chunked, '0\r\n\r\n'),
  ),
  response(
    'RFC 9110 section 7.8',
    'an Upgrade that is only an offer goes no further',
    answer('Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n', 'ok'),
    ok,
  ),
  response(
    'RFC 9110 section 7.6.1',
    'fields that only Ballast may say are not believed',
    answer(
      'X-Ballast-Server: evil\r\nx-ballast-attempts: 9\r\nx-ballast-request: z\r\nContent-Length: 2\r\n',
      'ok',
    ),
    ok,
  ),

  response(
    'RFC 9110 section 6.6.1',
    'a response without Date gets one',
    `${line}Content-Length: 2\r\nX: y\r\n\r\nok`,
    `${line}Content-Length: 2\r\nX: y\r\n${date}\r\nok`,
  ),
  response(
    'RFC 9110 section 6.6.1',
    'a Date that Connection names is replaced by ours',
    `${line}Date: then\r\nConnection: date\r\nContent-Length: 2\r\n\r\nok`,
    `${line}Content-Length: 2\r\n${date}\r\nok`,
  ),
  same(
    'RFC 9110 section 6.6.1',
    "a server's Date stays, whatever it says",
    `${line}dAtE: yesterday\r\nContent-Length: 2\r\n\r\nok`,
  ),
];
