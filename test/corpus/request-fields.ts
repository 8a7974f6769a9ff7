import { EXPECTATION, MAX_FORWARDS } from '../../main/engine/http1/refusal.ts';
import {
  allRefused,
  type Case,
  conversation,
  keptAlive10,
  own,
  ownAnswer,
  passed,
  post,
  posted,
  request,
  sent,
} from './case.ts';

const hops = 'RFC 9110 section 7.6.1';
const forwarded = 'RFC 7239 section 4';
const claims =
  'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-proto: https\r\nX-Forwarded-HOST: evil\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\nForwarded: for=7.7.7.7;proto=https\r\n';
const ourForwarded = 'for=127.0.0.1;host="a";proto=http';
const trusts = { trusts: true } as const;
const options = (fields: string, target = '*'): string =>
  `OPTIONS ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const trace = (fields: string): string => `TRACE / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

/** Fields with a meaning for whoever passes them on: RFC 9110 sections 7.6, 10.1; RFC 7239. */
export const requestFields: readonly Case[] = [
  request(
    hops,
    'fields that Connection names go no further',
    sent(
      'Connection: x-one, Keep-Alive,x-TWO\r\nX-One: 1\r\nKeep-Alive: 5\r\nX-Two: 2\r\nX-Three: 3\r\nx-one: again\r\n',
    ),
    passed('X-Three: 3\r\n'),
  ),
  request(
    hops,
    'Connection in several fields, with empty elements',
    sent('Connection: ,, a ,\r\nA: 1\r\nB: 2\r\nConnection: b\r\nC: 3\r\n'),
    passed('C: 3\r\n'),
  ),
  request(
    hops,
    'a field whose name begins like one that Connection names stays',
    sent('Connection: x-a\r\nX-A: 1\r\nX-Ab: 2\r\nX-: 3\r\n'),
    passed('X-Ab: 2\r\nX-: 3\r\n'),
  ),
  request(
    hops,
    'Connection never takes away what frames the message or whom it is for',
    post('Connection: host, content-length, transfer-encoding\r\nContent-Length: 3\r\n', 'abc'),
    posted('Content-Length: 3\r\n', 'abc'),
  ),
  request(
    hops,
    'Connection never takes away the coding',
    post('Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    posted('Transfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  ),
  request(
    hops,
    'Connection naming our own fields does not silence us',
    sent(
      'Connection: x-forwarded-for, x-forwarded-proto, x-forwarded-host\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n',
    ),
    passed(''),
  ),
  request(
    hops,
    'the same where the listener trusts',
    sent(
      'Connection: x-forwarded-for, x-forwarded-proto, x-forwarded-host, forwarded\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nForwarded: for=6.6.6.6\r\n',
    ),
    passed(''),
    trusts,
  ),
  request(
    hops,
    'Keep-Alive, Proxy-Connection, TE go no further, named or not',
    sent('Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nX: y\r\n'),
    passed('X: y\r\n'),
  ),
  request(
    hops,
    'other Proxy- fields pass',
    sent('Proxy-Authorization: Basic eA==\r\n'),
    passed('Proxy-Authorization: Basic eA==\r\n'),
  ),
  request(
    'RFC 9110 section 10.1.4',
    'TE is for our hop only',
    sent('TE: trailers, gzip;q=0.5\r\nX: y\r\n'),
    passed('X: y\r\n'),
  ),
  request(
    'RFC 9110 section 10.1.4',
    'TE that Connection names, as it has to be',
    sent('Connection: TE\r\nTE: trailers\r\nte: deflate\r\nX: y\r\n'),
    passed('X: y\r\n'),
  ),
  request(
    'RFC 9110 section 6.6.2',
    'Trailer passes',
    post('Trailer: x-sum\r\nTransfer-Encoding: chunked\r\n', '0\r\nx-sum: 1\r\n\r\n'),
    posted('Trailer: x-sum\r\nTransfer-Encoding: chunked\r\n', '0\r\nx-sum: 1\r\n\r\n'),
  ),
  request(
    'RFC 9110 section 7.8',
    'Upgrade that Connection does not name goes no further',
    sent('Upgrade: websocket\r\n'),
    passed(''),
  ),
  request(
    'RFC 9110 section 7.8',
    'Connection: upgrade without Upgrade asks for nothing',
    sent('Connection: upgrade\r\n'),
    passed(''),
  ),
  request(
    'RFC 9110 section 7.8',
    'an upgrade to h2c would go round every rule of the listener: not passed on',
    sent('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n'),
    passed(''),
  ),
  request(
    'RFC 9110 section 7.8',
    'h2c among others neither',
    sent('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, H2C\r\nHTTP2-Settings: AAM\r\n'),
    passed(''),
  ),
  request(
    'RFC 9110 section 7.8',
    'Upgrade in two fields neither',
    sent('Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n'),
    passed(''),
  ),
  keptAlive10(
    'RFC 9110 section 7.8',
    'Upgrade from an HTTP/1.0 client is ignored',
    'GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n',
    passed(''),
  ),
  request(
    'RFC 9110 section 7.6.3',
    'Via that came stays as it came; we add none',
    sent('Via: 1.0 front, 1.1 middle\r\n'),
    passed('Via: 1.0 front, 1.1 middle\r\n'),
  ),

  request(
    'RFC 7239 section 8.1',
    'what the client says about where it came from is replaced',
    sent(claims),
    `GET / HTTP/1.1\r\nHost: a\r\nForwarded: ${ourForwarded}\r\n${own()}`,
  ),
  request(
    forwarded,
    'kept and added to where the listener trusts it',
    sent(claims),
    `GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-proto: https\r\nX-Forwarded-HOST: evil\r\nForwarded: for=6.6.6.6, for=7.7.7.7;proto=https, ${ourForwarded}\r\nX-Forwarded-For: 6.6.6.6, 7.7.7.7, 127.0.0.1\r\n\r\n`,
    trusts,
  ),
  request(
    forwarded,
    'names that a server may read as ours go no further',
    sent(
      'X_Forwarded_For: 6.6.6.6\r\nx-forwarded_PROTO: https\r\nX_FORWARDED-Host: evil\r\nX_Forwarded_Port: 1\r\nX_Real-IP: 6.6.6.6\r\n',
    ),
    passed(''),
  ),
  request(
    forwarded,
    'nor from a client that is trusted: it spells them as they are',
    sent(
      'X_Forwarded_For: 6.6.6.6\r\nX_Forwarded_Proto: https\r\nX_Forwarded_Host: evil\r\nX_Forwarded_Prefix: /a\r\nX_Real_IP: 6.6.6.6\r\n',
    ),
    passed(''),
    trusts,
  ),
  request(
    forwarded,
    'fields of the same kind that we do not send ourselves are not believed either',
    sent(
      'X-Forwarded-Port: 1\r\nx-forwarded-prefix: /a\r\nX-Forwarded-Server: b\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded: y\r\nX-Forwarde-Port: z\r\nX-Real-I: p\r\n',
    ),
    passed('X-Forwarded: y\r\nX-Forwarde-Port: z\r\nX-Real-I: p\r\n'),
  ),
  request(
    forwarded,
    'they pass from a client that is trusted',
    sent('X-Forwarded-Port: 1\r\nx-forwarded-prefix: /a\r\nX-Real-IP: 6.6.6.6\r\n'),
    passed('X-Forwarded-Port: 1\r\nx-forwarded-prefix: /a\r\nX-Real-IP: 6.6.6.6\r\n'),
    trusts,
  ),
  request(forwarded, 'a trusted client that says nothing', sent(''), passed(''), trusts),
  request(
    forwarded,
    'trusted fields without a value count for nothing',
    sent('X-Forwarded-For:\r\nForwarded: \r\n'),
    `GET / HTTP/1.1\r\nHost: a\r\nForwarded: ${ourForwarded}\r\n${own()}`,
    trusts,
  ),
  request(
    forwarded,
    'a host with a port stands in quotes',
    'GET / HTTP/1.1\r\nHost: [::1]:80\r\nForwarded: for="[2001:db8::1]"\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: [::1]:80\r\nForwarded: for="[2001:db8::1]", for=127.0.0.1;host="[::1]:80";proto=http\r\n${own('[::1]:80')}`,
    trusts,
  ),

  request(
    'RFC 9110 section 7.6.2',
    'Max-Forwards of OPTIONS counts down',
    options('X: y\r\nMax-Forwards: 10\r\nZ: z\r\n'),
    `OPTIONS * HTTP/1.1\r\nHost: a\r\nX: y\r\nZ: z\r\nMax-Forwards: 9\r\n${own()}`,
  ),
  request(
    'RFC 9110 section 7.6.2',
    'Max-Forwards of TRACE counts down',
    trace('Max-Forwards: 1\r\n'),
    `TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n${own()}`,
  ),
  request(
    'RFC 9110 section 7.6.2',
    'Max-Forwards of any other method passes',
    sent('Max-Forwards: 0\r\n'),
    passed('Max-Forwards: 0\r\n'),
  ),
  conversation(
    'RFC 9110 section 7.6.2',
    'OPTIONS with Max-Forwards: 0 is answered here',
    [
      {
        client: options('Max-Forwards: 0\r\n', '/x'),
        atClient: ownAnswer(200, 'Max-Forwards is 0, so this request ends here and not at a server', {
          closes: false,
          allow: true,
        }),
      },
    ],
    { serverAfter: 'untouched', pipelines: true },
  ),
  conversation(
    'RFC 9110 section 7.6.2',
    'TRACE with Max-Forwards: 0 would be answered here, and is not: nothing is reflected',
    [
      {
        client: trace('Max-Forwards: 000\r\n'),
        atClient: ownAnswer(405, 'Max-Forwards is 0, so this request ends here and not at a server', {
          closes: false,
        }),
      },
    ],
    { serverAfter: 'untouched', pipelines: true },
  ),
  ...allRefused('RFC 9110 section 7.6.2', [
    ['Max-Forwards that is no number', options('Max-Forwards: many\r\n'), MAX_FORWARDS],
    ['Max-Forwards below zero', trace('Max-Forwards: -1\r\n'), MAX_FORWARDS],
    ['Max-Forwards without a value', trace('Max-Forwards:\r\n'), MAX_FORWARDS],
    ['Max-Forwards beyond reason', trace('Max-Forwards: 99999999999999999999\r\n'), MAX_FORWARDS],
    ['Max-Forwards twice', trace('Max-Forwards: 1\r\nMax-Forwards: 2\r\n'), MAX_FORWARDS],
  ]),

  ...allRefused('RFC 9110 section 10.1.1', [
    ['an expectation nobody knows', sent('Expect: a-miracle\r\n'), EXPECTATION],
    ['100-continue and another', sent('Expect: 100-continue, a-miracle\r\n'), EXPECTATION],
    ['an empty expectation', sent('Expect:\r\n'), EXPECTATION],
  ]),
  keptAlive10(
    'RFC 9110 section 10.1.1',
    'Expect from an HTTP/1.0 client is ignored',
    'POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi',
    posted('Content-Length: 2\r\n', 'hi'),
  ),
];
