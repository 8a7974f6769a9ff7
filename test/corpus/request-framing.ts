import {
  CODING,
  CODING_IN_HTTP_10,
  LENGTH_AND_CODING,
  LENGTH_FORM,
  LENGTH_TWICE,
  TRAILER_TOO_LARGE,
} from '../../main/engine/http1/refusal.ts';
import { allRefused, type Case, post, posted, refusedBody, request } from './case.ts';

const chunked = 'Transfer-Encoding: chunked\r\n';
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const coded = (value: string, body = '0\r\n\r\n'): string => post(`Transfer-Encoding:${value}\r\n`, body);
const long = (value: string): string => post(`Content-Length:${value}\r\n`, 'abcde');

/** Where a request ends: RFC 9112 sections 6 and 7. */
export const requestFraming: readonly Case[] = [
  ...allRefused('RFC 9112 section 6.1', [
    [
      'CL.TE: both Content-Length and chunked',
      post(`Content-Length: 6\r\n${chunked}`, `0\r\n\r\n${smuggled}`),
      LENGTH_AND_CODING,
    ],
    [
      'TE.CL: chunked, then Content-Length',
      post(`${chunked}Content-Length: 4\r\n`, `5c\r\n${smuggled}`),
      LENGTH_AND_CODING,
    ],
    ['chunked and a Content-Length of 0', post(`${chunked}Content-Length: 0\r\n`), LENGTH_AND_CODING],
    ['TE.TE: a coding before chunked', coded(' gzip, chunked'), CODING],
    ['TE.TE: a coding behind chunked', coded(' chunked, gzip'), CODING],
    ['TE.TE: chunked twice in a list', coded(' chunked, chunked'), CODING],
    ['TE.TE: chunked in two fields', post(chunked + chunked, '0\r\n\r\n'), CODING],
    [
      'TE.TE: chunked, then another coding in a field of its own',
      post(`${chunked}Transfer-Encoding: x\r\n`),
      CODING,
    ],
    ['TE.TE: another coding in a field of its own, then chunked', coded(` x\r\n${chunked.trim()}`), CODING],
    ['TE.TE: identity', coded(' identity'), CODING],
    ['TE.TE: identity, then chunked', coded(' identity, chunked'), CODING],
    ['TE.TE: a word that begins with chunked', coded(' chunkedx'), CODING],
    ['TE.TE: a word that ends in chunked', coded(' xchunked'), CODING],
    ['TE.TE: chunked with a parameter', coded(' chunked;q=1'), CODING],
    ['TE.TE: chunked in quotes', coded(' "chunked"'), CODING],
    ['TE.TE: chunked in single quotes', coded(" 'chunked'"), CODING],
    ['TE.TE: chunked behind an empty list element', coded(' , chunked'), CODING],
    ['TE.TE: chunked before an empty list element', coded(' chunked,'), CODING],
    ['TE.TE: a tab before chunked, which some take for a part of it', coded('\tchunked'), CODING],
    ['TE.TE: a tab behind chunked', coded(' chunked\t'), CODING],
    ['TE.TE: a tab between spaces behind chunked', coded(' chunked \t '), CODING],
    ['TE.TE: nothing', coded(''), CODING],
    ['TE.TE: two words', coded(' chunked chunked'), CODING],
    ['TE.TE: bytes above ASCII about chunked', coded(' \xa0chunked'), CODING],
    [
      'chunked from an HTTP/1.0 client',
      `POST / HTTP/1.0\r\nHost: a\r\n${chunked}\r\n0\r\n\r\n`,
      CODING_IN_HTTP_10,
    ],
  ]),
  ...allRefused('RFC 9110 section 8.6', [
    ['Content-Length with a sign', long(' +5'), LENGTH_FORM],
    ['a negative Content-Length', long(' -1'), LENGTH_FORM],
    ['a hexadecimal Content-Length', long(' 0x5'), LENGTH_FORM],
    ['hexadecimal digits as Content-Length', long(' a'), LENGTH_FORM],
    ['a Content-Length with a fraction', long(' 5.0'), LENGTH_FORM],
    ['a Content-Length with an exponent', long(' 5e0'), LENGTH_FORM],
    ['a Content-Length with an underscore', long(' 1_0'), LENGTH_FORM],
    ['a Content-Length in quotes', long(' "5"'), LENGTH_FORM],
    ['a list as Content-Length', long(' 5, 5'), LENGTH_FORM],
    ['a list without spaces as Content-Length', long(' 5,5'), LENGTH_FORM],
    ['two words as Content-Length', long(' 5 5'), LENGTH_FORM],
    ['a tab within Content-Length', long(' 5\t5'), LENGTH_FORM],
    ['a tab before a Content-Length', long('\t5'), LENGTH_FORM],
    ['a tab behind a Content-Length', long(' 5\t'), LENGTH_FORM],
    ['an empty Content-Length', long(''), LENGTH_FORM],
    ['a blank Content-Length', long(' \t '), LENGTH_FORM],
    ['a Content-Length beyond every number', long(' 99999999999999999999'), LENGTH_FORM],
    ['a Content-Length that overflows to 5', long(' 18446744073709551621'), LENGTH_FORM],
    ['a Content-Length of Arabic digits', long(' \xd9\xa5'), LENGTH_FORM],
  ]),
  ...allRefused('RFC 9112 section 6.3', [
    ['differing Content-Length', post('Content-Length: 5\r\nContent-Length: 6\r\n', 'abcdef'), LENGTH_TWICE],
    ['Content-Length said twice', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'abcde'), LENGTH_TWICE],
    [
      'Content-Length of the same number in other digits',
      post('Content-Length: 5\r\nContent-Length: 05\r\n', 'abcde'),
      LENGTH_TWICE,
    ],
  ]),
  request(
    'RFC 9112 section 6.2',
    'a body of a stated length',
    post('Content-Length: 5\r\n', 'ab\r\nc'),
    posted('Content-Length: 5\r\n', 'ab\r\nc'),
  ),
  request(
    'RFC 9112 section 6.2',
    'a length of 0 is no body',
    post('Content-Length: 0\r\n'),
    posted('Content-Length: 0\r\n'),
  ),
  request(
    'RFC 9112 section 6.2',
    'space about the length',
    post('cOnTeNt-LeNgTh:   5  \r\n', 'hello'),
    posted('cOnTeNt-LeNgTh:5\r\n', 'hello'),
  ),
  request(
    'RFC 9112 section 6.2',
    'space about a length with leading zeros',
    post('Content-Length:  005 \r\nConnection: x-a\r\nX-A: b\r\nX-B: c\r\n', 'hello'),
    posted('Content-Length:5\r\nX-B: c\r\n', 'hello'),
  ),
  request(
    'RFC 9110 section 8.6',
    'leading zeros go no further, lest somebody reads octal',
    post('Content-Length: 0005\r\n', 'hello'),
    posted('Content-Length: 5\r\n', 'hello'),
  ),
  request(
    'RFC 9110 section 8.6',
    'many zeros are one',
    post('Content-Length: 000\r\n'),
    posted('Content-Length: 0\r\n'),
  ),
  request(
    'RFC 9112 section 6.3',
    'a request with neither length nor coding has no body',
    post(''),
    posted(''),
  ),
  request(
    'RFC 9112 section 6.3',
    'the body of a GET is a body',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET',
    `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n\r\nGET`,
  ),
  request(
    'RFC 9112 section 6.1',
    'the name of the coding in any case',
    post('TRANSFER-ENCODING:Chunked\r\n', '0\r\n\r\n'),
    posted('TRANSFER-ENCODING:Chunked\r\n', '0\r\n\r\n'),
  ),
  request(
    'RFC 9112 section 6.1',
    'space about the coding goes no further, lest somebody sees no coding',
    post('Transfer-Encoding:  chunked \r\n', '0\r\n\r\n'),
    posted('Transfer-Encoding:chunked\r\n', '0\r\n\r\n'),
  ),
  ...(
    [
      ['one chunk', '5\r\nhello\r\n0\r\n\r\n'],
      ['many chunks, digits in both cases', '1\r\na\r\nA\r\n0123456789\r\nb\r\nabcdefghijk\r\n0\r\n\r\n'],
      ['leading zeros in a size', '0003\r\nabc\r\n000\r\n\r\n'],
      ['what looks like framing within the data', '9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n'],
    ] as const
  ).map(([name, body]) => request('RFC 9112 section 7.1', name, post(chunked, body), posted(chunked, body))),
  ...(
    [
      ['extensions with and without values', '3;a;b=c;d="e f"\r\nabc\r\n0;last\r\n\r\n'],
      ['an extension in quotes with what would end it', '3;a="b;c\\"\\\\ \xe9"\r\nabc\r\n0\r\n\r\n'],
    ] as const
  ).map(([name, body]) =>
    request('RFC 9112 section 7.1.1', `${name} pass`, post(chunked, body), posted(chunked, body)),
  ),
  ...(
    [
      ['trailers', '3\r\nabc\r\n0\r\nX-Sum: 1\r\nY:\xff\r\n\r\n'],
      ['an empty trailer', '0\r\nX:\r\n\r\n'],
      [
        'trailers that are made for it',
        '0\r\nContent-Digest: sha-256=:x:\r\nETag: "a"\r\nServer-Timing: a\r\nAuthentication-Info: x\r\n\r\n',
      ],
    ] as const
  ).map(([name, body]) =>
    request('RFC 9112 section 7.1.2', `${name} pass`, post(chunked, body), posted(chunked, body)),
  ),
  ...(
    [
      ['no size', '\r\nabc\r\n0\r\n\r\n'],
      ['no number', 'xyz\r\n'],
      ['a size with a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
      ['a size with a sign', '+3\r\nabc\r\n0\r\n\r\n'],
      ['a negative size', '-3\r\nabc\r\n0\r\n\r\n'],
      ['a size with an underscore', '1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n'],
      ['a size in quotes', '"3"\r\nabc\r\n0\r\n\r\n'],
      ['a space before the size', ' 3\r\nabc\r\n0\r\n\r\n'],
      ['a space behind the size', '3 \r\nabc\r\n0\r\n\r\n'],
      ['a tab behind the size', '3\t\r\nabc\r\n0\r\n\r\n'],
      ['a bare LF behind the size', '3\nabc\r\n0\r\n\r\n'],
      ['a bare CR behind the size', '3\rabc\r\n0\r\n\r\n'],
      ['a bare LF behind the data', '3\r\nabc\n0\r\n\r\n'],
      ['nothing behind the data', '3\r\nabc0\r\n\r\n'],
      ['more data than stated', '3\r\nabcd\r\n0\r\n\r\n'],
      ['less data than stated', '4\r\nabc\r\n0\r\n\r\n'],
      ['a size that overflows', 'FFFFFFFFFFFFFFFF1\r\nabc'],
      ['a size that overflows to 3', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
      ['a size of leading zeros without end', `${'0'.repeat(30)}3\r\nabc`],
      ['a bare LF at the end', '0\r\n\n'],
      ['a bare CR at the end', '0\r\n\rX'],
      ['rubbish behind the last chunk', '0\r\nrubbish\r\n\r\n'],
      ['a request instead of the last empty line', `0\r\n${smuggled}`],
    ] as const
  ).map(([name, body]) => refusedBody('RFC 9112 section 7.1', name, body)),
  ...(
    [
      ['a bare LF in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
      ['a bare LF within quotes in an extension', '3;a="\n"\r\nabc\r\n0\r\n\r\n'],
      ['a bare CR in an extension', '3;a\rb\r\nabc\r\n0\r\n\r\n'],
      ['NUL in an extension', '3;a\0b\r\nabc\r\n0\r\n\r\n'],
      ['an extension without a name', '3;\r\nabc\r\n0\r\n\r\n'],
      ['an extension with a value alone', '3;=a\r\nabc\r\n0\r\n\r\n'],
      ['an extension with a name and no value behind "="', '3;a=\r\nabc\r\n0\r\n\r\n'],
      ['a space in an extension', '3; a\r\nabc\r\n0\r\n\r\n'],
      ['a space behind an extension', '3;a \r\nabc\r\n0\r\n\r\n'],
      ['quotes that do not end', '3;a="b\r\nabc\r\n0\r\n\r\n'],
      ['something behind the quotes', '3;a="b"c\r\nabc\r\n0\r\n\r\n'],
      ['quotes in a name', '3;"a"\r\nabc\r\n0\r\n\r\n'],
    ] as const
  ).map(([name, body]) => refusedBody('RFC 9112 section 7.1.1', name, body)),
  ...(
    [
      ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
      ['a trailer without a name', '0\r\n: y\r\n\r\n'],
      ['a space before the colon of a trailer', '0\r\nX : y\r\n\r\n'],
      ['NUL in a trailer', '0\r\nX: \0\r\n\r\n'],
      ['a bare LF in a trailer', '0\r\nX: y\nZ: z\r\n\r\n'],
    ] as const
  ).map(([name, body]) => refusedBody('RFC 9112 section 7.1.2', name, body)),
  ...[
    'Content-Length: 5',
    'transfer-encoding: chunked',
    'Host: b',
    'Trailer: x',
    'Connection: close',
    'TE: trailers',
    'Upgrade: x',
    'Keep-Alive: 5',
    'Proxy-Connection: close',
    'Expect: 100-continue',
    'Max-Forwards: 0',
    'Forwarded: for=1.2.3.4',
    'X-Forwarded-For: 1.2.3.4',
    'X-Forwarded-Host: b',
    'X-Forwarded-Proto: https',
    'x-ballast-server: z',
    'X-Forwarded-Port: 1',
    'X-Real-IP: 1.2.3.4',
    'Authorization: Basic eA==',
    'Proxy-Authorization: Basic eA==',
    'Cookie: a=b',
    'Set-Cookie: a=b',
    'WWW-Authenticate: Basic',
    'Content-Type: text/html',
    'Content-Encoding: gzip',
    'Content-Range: bytes 0-1/2',
    'Range: bytes=0-1',
    'Cache-Control: no-store',
    'If-None-Match: *',
    'X_Forwarded_For: 1.2.3.4',
    'Content_Length: 5',
  ].map((field) =>
    refusedBody('RFC 9110 section 6.5.1', `no trailer says ${field}`, `1\r\na\r\n0\r\n${field}\r\n\r\n`),
  ),
  refusedBody(
    'RFC 9112 section 7.1.1',
    'an extension without end',
    `3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`,
    TRAILER_TOO_LARGE,
  ),
  refusedBody(
    'RFC 9112 section 7.1.2',
    'trailers without end',
    `0\r\n${'X: y\r\n'.repeat(4_000)}\r\n`,
    TRAILER_TOO_LARGE,
  ),
];
