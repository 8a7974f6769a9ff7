import { REQUEST_LINE, refusals, STATUS_LINE } from '../../main/engine/http1/refusal.ts';
import {
  badGateway,
  type Case,
  conversation,
  date,
  get,
  got,
  ok,
  own,
  ownAnswer,
  post,
  posted,
  unreadable,
} from './case.ts';

const line = 'HTTP/1.1 200 OK\r\n';
const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const goOn = 'HTTP/1.1 100 Continue\r\n\r\n';
const expects = 'Expect: 100-continue\r\nContent-Length: 4\r\n';
const offer = (protocol: string): string =>
  `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: k\r\n\r\n`;
const offered = (protocol: string): string =>
  `GET /ws HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: k\r\n${own().slice(0, -2)}Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
const switches = (protocol: string): string =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Accept: v\r\n\r\n`;
const switched = (protocol: string): string =>
  `HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: v\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
const closing = (text: string): string => text.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const tooLarge = `HTTP/1.1 413 Content Too Large\r\n${date}Content-Length: 2\r\n\r\nno`;
const both = { clientAfter: 'closed', serverAfter: 'closed' } as const;
const toClose = (fields: string): string => `${line}${date}${fields}\r\n`;

/** What goes back and forth: interim responses, switched protocols, early answers, ends in the middle. */
export const conversations: readonly Case[] = [
  conversation('RFC 9110 section 10.1.1', '100-continue, from end to end', [
    { client: post(expects), atServer: posted(expects) },
    { server: goOn, atClient: goOn },
    { client: 'body', atServer: 'body' },
    { server: ok, atClient: ok },
  ]),
  conversation('RFC 9110 section 10.1.1', 'a client that does not wait for it', [
    { client: post(expects, 'body'), atServer: posted(expects, 'body') },
    { server: goOn + ok, atClient: goOn + ok },
  ]),
  conversation(
    'RFC 9110 section 10.1.1',
    'an expectation that the server declines: its body may still come, so the connection ends',
    [
      { client: post(expects), atServer: posted(expects) },
      { server: tooLarge, atClient: closing(tooLarge) },
    ],
    both,
  ),
  conversation('RFC 9110 section 15.2', 'an interim response is passed on, and is not the response', [
    { client: get, atServer: got },
    { server: interim, atClient: interim },
    { server: ok, atClient: ok },
  ]),
  conversation('RFC 9110 section 15.2', 'several in one read, and the response', [
    { client: get, atServer: got },
    {
      server: `${interim}HTTP/1.1 102 Processing\r\n\r\n${interim}${ok}`,
      atClient: `${interim}HTTP/1.1 102 Processing\r\n\r\n${interim}${ok}`,
    },
  ]),
  conversation('RFC 9110 section 15.2', 'an interim response of HTTP/1.0 is passed on as our own version', [
    { client: get, atServer: got },
    { server: interim.replace('1.1', '1.0') + ok, atClient: interim + ok },
  ]),
  conversation('RFC 9112 section 9.6', 'close in an interim response does not end what is to come', [
    { client: get, atServer: got },
    {
      server: `HTTP/1.1 103 Early Hints\r\nConnection: close\r\nLink: </a>\r\n\r\n${ok}`,
      atClient: interim + ok,
    },
  ]),
  conversation('RFC 9110 section 15.2', '100 that nobody asked for is passed on', [
    { client: get, atServer: got },
    { server: goOn + ok, atClient: goOn + ok },
  ]),
  conversation('RFC 9110 section 8.6', 'an interim response claims no body', [
    { client: get, atServer: got },
    {
      server: `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nLink: x\r\n\r\n${ok}`,
      atClient: `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`,
    },
  ]),
  conversation('RFC 9112 section 6.1', 'nor a coding', [
    { client: get, atServer: got },
    {
      server: `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n${ok}`,
      atClient: `HTTP/1.1 103 Early Hints\r\n\r\n${ok}`,
    },
  ]),
  conversation(
    'RFC 9110 section 15.2',
    'interim responses have an end',
    [
      { client: get, atServer: got },
      {
        server: 'HTTP/1.1 102 A\r\n\r\n'.repeat(33),
        atClient: `${'HTTP/1.1 102 A\r\n\r\n'.repeat(32)}${badGateway('it sent too many 1xx responses (limits.interimResponses)')}`,
      },
    ],
    { serverAfter: 'closed' },
  ),
  conversation(
    'RFC 9110 section 15.2',
    'rubbish behind an interim response is a bad response',
    [
      { client: get, atServer: got },
      {
        server: `${interim}nonsense\r\n\r\n`,
        atClient: interim + badGateway(`the response cannot be read: ${refusals[STATUS_LINE].text}`),
      },
    ],
    { serverAfter: 'closed' },
  ),

  ...['websocket', 'my-protocol/2'].map((protocol) =>
    conversation(
      protocol === 'websocket' ? 'RFC 6455 section 4' : 'RFC 9110 section 7.8',
      `a switch to ${protocol}: bytes pass both ways, whatever they look like`,
      [
        { client: offer(protocol), atServer: offered(protocol) },
        { server: switches(protocol), atClient: switched(protocol) },
        { client: `\0\xff\r\n${get}`, atServer: `\0\xff\r\n${get}` },
        { server: `\x81\x05${ok}`, atClient: `\x81\x05${ok}` },
        { client: 'bye', ends: 'fin', atServer: 'bye' },
        {
          server: 'more, after the client has ended',
          ends: 'fin',
          atClient: 'more, after the client has ended',
        },
      ],
      both,
    ),
  ),
  conversation(
    'RFC 9110 section 7.8',
    'what comes with the request and with the switch belongs to the new protocol',
    [
      { client: `${offer('x')}early`, atServer: `${offered('x')}` },
      { server: `${switches('x')}hello`, atClient: `${switched('x')}hello`, atServer: 'early' },
      { server: '', ends: 'fin' },
      { client: 'after the server has ended', ends: 'fin', atServer: 'after the server has ended' },
    ],
    both,
  ),
  conversation('RFC 9110 section 15.2.2', 'an upgrade that is declined is an ordinary request', [
    { client: offer('websocket'), atServer: offered('websocket') },
    { server: ok, atClient: ok },
  ]),
  unreadable(
    'RFC 9110 section 15.2.2',
    'a switch that nobody asked for',
    switches('x'),
    'it switched protocols, which the request did not ask for',
  ),
  conversation(
    'RFC 9110 section 7.8',
    'a switch to one of several protocols, whose name is told apart from others in any case',
    [
      { client: offer('first/1, Second'), atServer: offered('first/1, Second') },
      { server: switches('SECOND'), atClient: switched('SECOND') },
      { client: 'bye', ends: 'fin', atServer: 'bye' },
      { server: '', ends: 'fin' },
    ],
    both,
  ),
  ...(
    [
      ['another protocol than was offered', 'y'],
      ['another version than was offered', 'x/3'],
      ['one that was offered, and one that was not', 'x/2, y'],
      ['one whose name begins like that of another', 'x/22'],
    ] as const
  ).map(([name, protocol]) =>
    conversation(
      'RFC 9110 section 7.8',
      `a switch to ${name}`,
      [
        { client: offer('x/2'), atServer: offered('x/2') },
        {
          server: switches(protocol),
          atClient: badGateway('it switched to a protocol that the request did not offer'),
        },
      ],
      { serverAfter: 'closed' },
    ),
  ),
  conversation(
    'RFC 9110 section 15.2.2',
    'a switch that does not say to what',
    [
      { client: offer('x'), atServer: offered('x') },
      {
        server: 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
        atClient: badGateway('it switched protocols without saying to which'),
      },
    ],
    { serverAfter: 'closed' },
  ),

  conversation(
    'RFC 9112 section 9.5',
    'an answer before the request is complete: whole to the client, and no connection is used again',
    [
      { client: post('Content-Length: 10\r\n', 'abc'), atServer: posted('Content-Length: 10\r\n', 'abc') },
      { server: tooLarge, atClient: closing(tooLarge) },
    ],
    both,
  ),
  conversation(
    'RFC 9112 section 9.5',
    'an early answer that goes on while the rest of the body comes',
    [
      { client: post('Content-Length: 6\r\n', 'abc'), atServer: posted('Content-Length: 6\r\n', 'abc') },
      {
        server: `${line}${date}Content-Length: 4\r\n\r\nno`,
        atClient: `${line}${date}Content-Length: 4\r\nConnection: close\r\n\r\nno`,
      },
      { client: 'def', atServer: 'def' },
      { server: 'pe', atClient: 'pe' },
    ],
    { clientAfter: 'closed', serverAfter: 'kept' },
  ),
  conversation(
    'RFC 9112 section 9.5',
    'an early answer to a request in chunks',
    [
      {
        client: post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n'),
        atServer: posted('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n'),
      },
      { server: tooLarge, atClient: closing(tooLarge) },
    ],
    both,
  ),

  ...(
    [
      ['a stated length', 'Content-Length: 5\r\n', 'ab', 'RFC 9112 section 8'],
      ['chunks', 'Transfer-Encoding: chunked\r\n', '2\r\nab\r\n', 'RFC 9112 section 8'],
    ] as const
  ).map(([name, fields, body, section]) =>
    conversation(
      section,
      `${name} that break off cut the client off: it must not take them for complete`,
      [
        { client: get, atServer: got },
        { server: toClose(fields) + body, atClient: toClose(fields) + body },
        { server: '', ends: 'fin' },
      ],
      { clientAfter: 'reset', serverAfter: 'closed' },
    ),
  ),
  conversation(
    'RFC 9112 section 8',
    'a body that the end of the connection ends, reset instead',
    [
      { client: get, atServer: got },
      { server: `${toClose('')}abc`, atClient: `${toClose('Connection: close\r\n')}abc` },
      { server: '', ends: 'reset' },
    ],
    { clientAfter: 'reset', serverAfter: 'closed' },
  ),
  conversation(
    'RFC 9112 section 7.1',
    'a bad chunk behind a good one cuts the client off',
    [
      { client: get, atServer: got },
      {
        server: `${toClose('Transfer-Encoding: chunked\r\n')}2\r\nab\r\n`,
        atClient: `${toClose('Transfer-Encoding: chunked\r\n')}2\r\nab\r\n`,
      },
      { server: 'x' },
    ],
    { clientAfter: 'reset', serverAfter: 'closed' },
  ),
  conversation(
    'RFC 9110 section 6.5.1',
    'a trailer that frames cuts the client off',
    [
      { client: get, atServer: got },
      {
        server: `${toClose('Transfer-Encoding: chunked\r\n')}2\r\nab\r\n`,
        atClient: `${toClose('Transfer-Encoding: chunked\r\n')}2\r\nab\r\n`,
      },
      { server: '0\r\nContent-Length: 5\r\n\r\n' },
    ],
    { clientAfter: 'reset', serverAfter: 'closed' },
  ),
  conversation(
    'RFC 9112 section 8',
    'no answer at all',
    [
      { client: get, atServer: got },
      { server: '', ends: 'fin', atClient: badGateway('closed without a response') },
    ],
    { serverAfter: 'closed' },
  ),
  conversation(
    'RFC 9112 section 8',
    'half a head',
    [
      { client: get, atServer: got },
      {
        server: 'HTTP/1.1 200 OK\r\nX: y\r\n',
        ends: 'fin',
        atClient: badGateway('closed in the middle of the response head'),
      },
    ],
    { serverAfter: 'closed' },
  ),
  conversation(
    'RFC 9112 section 8',
    'a client that ends before its request is complete is gone',
    [
      { client: post('Content-Length: 5\r\n', 'ab'), atServer: posted('Content-Length: 5\r\n', 'ab') },
      { client: '', ends: 'fin' },
    ],
    both,
  ),
  conversation(
    'RFC 9112 section 2.2',
    'rubbish behind a good request is refused after its answer',
    [
      { client: `${get}nonsense\r\n`, atServer: got },
      { server: ok, atClient: ok + ownAnswer(400, refusals[REQUEST_LINE].text) },
    ],
    { clientAfter: 'closed' },
  ),
];
