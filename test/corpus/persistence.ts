import {
  type Case,
  conversation,
  date,
  got,
  keptAlive10,
  ok,
  okClosing,
  own,
  passed,
  post,
  posted,
  request,
  response,
  sent,
} from './case.ts';

const persistence = 'RFC 9112 section 9.3';
const get10 = (fields = 'Host: a\r\n'): string => `GET / HTTP/1.0\r\n${fields}\r\n`;
const alive10 = get10('Host: a\r\nConnection: keep-alive\r\n');
const nameless = `GET / HTTP/1.1\r\nHost: 127.0.0.1:…\r\n${own('127.0.0.1:…')}`;
const answer = (fields: string, body = 'ok', line = 'HTTP/1.1 200 OK'): string =>
  `${line}\r\n${date}${fields}\r\n${body}`;

/** How long connections live, and the two versions: RFC 9112 sections 2.3 and 9. */
export const persistenceCases: readonly Case[] = [
  request(persistence, 'close ends the connection after the response', sent('Connection: close\r\n'), got, {
    closes: true,
  }),
  request(
    persistence,
    'close in any case and anywhere in the list',
    sent('Connection: foo ,, CLOSE\r\n'),
    got,
    { closes: true },
  ),
  request(
    persistence,
    'close in the second of two fields',
    sent('Connection: keep-alive\r\nConnection: close\r\n'),
    got,
    { closes: true },
  ),
  request(
    persistence,
    'a word that contains close is not close',
    sent('Connection: closed, xclose\r\n'),
    got,
  ),
  request(persistence, 'keep-alive changes nothing for HTTP/1.1', sent('Connection: keep-alive\r\n'), got),
  request(persistence, "an HTTP/1.0 client's connection is closed", get10(), got, { closes: true }),
  keptAlive10(persistence, 'an HTTP/1.0 client keeps its connection if it asks to', alive10, got),
  request(
    persistence,
    'close wins over keep-alive from an HTTP/1.0 client',
    get10('Host: a\r\nConnection: keep-alive, close\r\n'),
    got,
    { closes: true },
  ),
  request(
    persistence,
    'close wins over keep-alive in a field of its own',
    get10('Host: a\r\nConnection: close\r\nConnection: keep-alive\r\n'),
    got,
    { closes: true },
  ),
  request(
    'RFC 9112 section 3.2',
    'an HTTP/1.0 client needs no Host; the listener stands in',
    get10(''),
    nameless,
    { closes: true },
  ),
  request(
    'RFC 9112 section 3.2.2',
    'absolute-form from an HTTP/1.0 client without Host',
    'GET http://b/x HTTP/1.0\r\n\r\n',
    `GET /x HTTP/1.1\r\nHost: b\r\n${own('b')}`,
    { closes: true },
  ),
  request(
    'RFC 9112 section 2.3',
    'a proxy sends its own version: HTTP/1.0 POST',
    'POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi',
    `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${own()}hi`,
    { closes: true },
  ),
  response(
    'RFC 9112 section 2.3',
    'a proxy sends its own version: HTTP/1.0 response',
    answer('Content-Length: 2\r\n', 'ok', 'HTTP/1.0 200 OK'),
    ok,
    { serverAfter: 'closed' },
  ),
  response(
    persistence,
    "an HTTP/1.0 server's connection is kept if it says so",
    answer('Connection: keep-alive\r\nContent-Length: 2\r\n', 'ok', 'HTTP/1.0 200 OK'),
    ok,
  ),
  response(
    persistence,
    'close wins over keep-alive from an HTTP/1.0 server',
    answer('Connection: keep-alive, close\r\nContent-Length: 2\r\n', 'ok', 'HTTP/1.0 200 OK'),
    ok,
    { serverAfter: 'closed' },
  ),
  response(
    persistence,
    "a server's close is its own, not the client's",
    answer('Connection: close\r\nContent-Length: 2\r\n'),
    ok,
    { serverAfter: 'closed' },
  ),
  response(
    persistence,
    "a server's close beside others",
    answer('Connection: x, close\r\nX: y\r\nContent-Length: 2\r\n'),
    ok,
    { serverAfter: 'closed' },
  ),
  conversation('RFC 9112 section 9.3.2', 'a request sent ahead waits for the response before it', [
    { client: sent('A: 1\r\n') + sent('B: 2\r\n'), atServer: passed('A: 1\r\n') },
    { server: ok, atClient: ok, atServer: passed('B: 2\r\n') },
    { server: ok, atClient: ok },
  ]),
  request(
    persistence,
    'a body is read before the next request',
    post('Content-Length: 38\r\n', 'GET /smuggled HTTP/1.1\r\nHost: smug\r\n\r\n'),
    posted('Content-Length: 38\r\n', 'GET /smuggled HTTP/1.1\r\nHost: smug\r\n\r\n'),
  ),

  // Clients of HTTP/1.0 know neither chunks nor interim responses.
  response(
    'RFC 9112 section 7.1',
    'an HTTP/1.0 client gets chunks decoded, ended by the end of the connection',
    answer('Transfer-Encoding: chunked\r\nX: y\r\n', '5;a\r\nhello\r\n6\r\n world\r\n0\r\nT: u\r\n\r\n'),
    `HTTP/1.1 200 OK\r\n${date}X: y\r\nConnection: close\r\n\r\nhello world`,
    { ask: alive10, asked: got, clientAfter: 'closed' },
  ),
  response(
    'RFC 9110 section 6.6.2',
    'an HTTP/1.0 client gets no trailers, and does not hear of any',
    answer(
      'Trailer: T\r\nTransfer-Encoding: chunked\r\ntrailer: u\r\nX: y\r\n',
      '2\r\nok\r\n0\r\nT: u\r\n\r\n',
    ),
    `HTTP/1.1 200 OK\r\n${date}X: y\r\nConnection: close\r\n\r\nok`,
    { ask: get10(), asked: got, clientAfter: 'closed' },
  ),
  response(
    'RFC 9110 section 15.2',
    'an HTTP/1.0 client gets no interim response',
    `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`,
    okClosing,
    { ask: get10(), asked: got, clientAfter: 'closed' },
  ),
  response(
    'RFC 9112 section 6.1',
    'an HTTP/1.0 client hears of no coding, not even where there is no body: HEAD',
    answer('Transfer-Encoding: chunked\r\n', ''),
    `HTTP/1.1 200 OK\r\n${date}Connection: keep-alive\r\n\r\n`,
    { ask: alive10.replace('GET', 'HEAD'), asked: got.replace('GET', 'HEAD') },
  ),
  response(
    'RFC 9112 section 6.1',
    'an HTTP/1.0 client hears of no coding, not even where there is no body: 304',
    answer('Transfer-Encoding: chunked\r\n', '', 'HTTP/1.1 304 Not Modified'),
    `HTTP/1.1 304 Not Modified\r\n${date}Connection: keep-alive\r\n\r\n`,
    { ask: alive10, asked: got },
  ),
  request(
    'RFC 9112 section 9.3',
    'Proxy-Connection says nothing about ours',
    sent('Proxy-Connection: close\r\n'),
    passed(''),
  ),
];
