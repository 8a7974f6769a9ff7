import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lane, startLane } from '../../support/lane.ts';
import { exchangeBytes } from '../../support/raw-sockets.ts';

/** The same bytes through http-proxy and through the lane, to a server that records: what differs must be meant. */

interface Recorded {
  method: string;
  url: string;
  headers: [string, string][];
  body: string;
}

let recorded: Recorded[] = [];
let origin: Server;
let reference: Server;
let lane: Lane;

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

/** Of one hop only, or meant to differ: what a proxy says about itself. */
const hopFields =
  /^(connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade|via|x-forwarded-.*|x-ballast-.*|date)$/i;

beforeAll(async () => {
  origin = createServer({ joinDuplicateHeaders: false }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      recorded.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: pairs(request.rawHeaders),
        body: Buffer.concat(pieces).toString('latin1'),
      });
      answer(request.url ?? '', request.headers, response);
    });
  });
  const originPort = await listen(origin);
  const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${originPort}` });
  proxy.on('error', (_error, _request, response) => response.destroy());
  reference = createServer((request, response) => proxy.web(request, response));
  await listen(reference);
  lane = await startLane({ ports: [originPort], responseFields: false });
});

afterAll(async () => {
  await lane.stop();
  for (const server of [reference, origin]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function answer(
  url: string,
  headers: IncomingHttpHeaders,
  response: Parameters<Parameters<typeof createServer>[1] & object>[1],
): void {
  const status = Number(/\/status\/(\d+)/.exec(url)?.[1] ?? 200);
  response.setHeader('X-Many', ['one', 'two']);
  response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2']);
  response.setHeader('X-Mixed-Case', 'kept');
  if (url.startsWith('/redirect')) response.setHeader('Location', 'http://elsewhere.test/x');
  if (url.startsWith('/length')) response.setHeader('Content-Length', 5);
  if (url.startsWith('/named')) {
    response.setHeader('Connection', 'X-Secret');
    response.setHeader('X-Secret', 'for one hop');
  }
  response.writeHead(status);
  if (url.startsWith('/trailer')) response.addTrailers({ 'X-Sum': '9' });
  if (status === 204 || status === 304) response.end();
  else if (url.startsWith('/length')) response.end('hello');
  else if (url.startsWith('/large')) response.end('y'.repeat(500_000));
  else {
    response.write(`${headers['content-type'] ?? 'no type'} `);
    response.end('and the rest');
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) list.push([raw[i]!, raw[i + 1]!]);
  return endToEnd(list);
}

/** Several fields of one name mean the same as one with a list (RFC 9110 section 5.3), but for Set-Cookie. */
function endToEnd(list: [string, string][]): [string, string][] {
  const joined: [string, string][] = [];
  for (const [name, value] of list) {
    const lower = name.toLowerCase();
    if (hopFields.test(lower)) continue;
    const earlier = lower === 'set-cookie' ? undefined : joined.find(([other]) => other === lower);
    if (earlier) earlier[1] += `, ${value}`;
    else joined.push([lower, value]);
  }
  return joined.sort(([a, x], [b, y]) => a.localeCompare(b) || x.localeCompare(y));
}

interface Answer {
  status: number;
  headers: [string, string][];
  body: string;
}

/** Reads the one response there is, its chunks taken apart. */
function parse(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...fields] = text.slice(0, end).split('\r\n');
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  let body = text.slice(end + 4);
  if (headers.some(([name, value]) => /^transfer-encoding$/i.test(name) && value === 'chunked')) {
    let decoded = '';
    for (;;) {
      const size = Number.parseInt(body, 16);
      if (!(size > 0)) break;
      const start = body.indexOf('\r\n') + 2;
      decoded += body.slice(start, start + size);
      body = body.slice(start + size + 2);
    }
    body = decoded;
  }
  return { status: Number(line.split(' ')[1]), headers: endToEnd(headers), body };
}

const close = 'Connection: close\r\n';
const requests: readonly (readonly [string, string])[] = [
  ['GET', `GET /a?b=c%20d&e HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`],
  [
    'GET with many fields',
    `GET / HTTP/1.1\r\nHost: app.test\r\nAccept: */*\r\nX-One: 1\r\nx-two:2\r\nX-THREE:   3   \r\nCookie: a=b; c=d\r\n${close}\r\n`,
  ],
  ['GET of a stated length', `GET /length HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`],
  ['GET of much', `GET /large HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`],
  ['GET of a response with trailers', `GET /trailer HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`],
  ['HEAD', `HEAD /length HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`],
  [
    'POST of a stated length',
    `POST / HTTP/1.1\r\nHost: app.test\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n${close}\r\na body!`,
  ],
  ['POST of nothing', `POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 0\r\n${close}\r\n`],
  [
    'PUT in chunks',
    `PUT /x HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n${close}\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`,
  ],
  ['PATCH', `PATCH /x HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n${close}\r\n{}`],
  ...[201, 204, 206, 301, 304, 400, 401, 404, 409, 418, 500, 502, 503].map(
    (status) =>
      [`GET answered ${status}`, `GET /status/${status} HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`] as const,
  ),
  ['GET of a redirection', `GET /redirect/status/302 HTTP/1.1\r\nHost: app.test\r\n${close}\r\n`],
  ['GET with bytes above ASCII', `GET / HTTP/1.1\r\nHost: app.test\r\nX-Name: \xfc\r\n${close}\r\n`],
];

describe('a request through the lane is what it is through http-proxy:', () => {
  it.each(requests)('%s', async (_what, text) => {
    recorded = [];
    const { port } = reference.address() as AddressInfo;
    const theirs = parse(await exchangeBytes(port, text));
    const ours = parse(await exchangeBytes(lane.port, text));
    expect(recorded).toHaveLength(2);
    expect(recorded[1]).toEqual(recorded[0]);
    expect(ours).toEqual(theirs);
  });
});

describe('a request through the lane differs from http-proxy where the RFC asks for it:', () => {
  it.each(['DELETE', 'OPTIONS'])(
    '%s without a body does not get a Content-Length it never had',
    async (method) => {
      recorded = [];
      const text = `${method} /x HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n${close}\r\n`;
      const { port } = reference.address() as AddressInfo;
      const theirs = parse(await exchangeBytes(port, text));
      expect(parse(await exchangeBytes(lane.port, text))).toEqual(theirs);
      expect(recorded[0]?.headers).toContainEqual(['content-length', '0']);
      expect(recorded[1]?.headers).toEqual([
        ['host', 'a'],
        ['x-one', '1'],
      ]);
    },
  );

  it('fields that Connection names go no further than one hop', async () => {
    const secret = `GET /named HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\nX-Mine: for one hop\r\n\r\n`;
    recorded = [];
    const ours = parse(await exchangeBytes(lane.port, secret));
    expect(recorded[0]?.headers.map(([name]) => name)).not.toContain('x-mine');
    expect(ours.headers.map(([name]) => name)).not.toContain('x-secret');
  });
});
