/**
 * The service that `ballast demo` balances: plain Node, nothing installed. Its answers name the replica that gave them.
 *
 *   NAME=api-1 PORT=3001 node server.mjs        (or: node server.mjs api-1 3001)
 *
 *   GET  /            {"server":"api-1","pid":4711,"count":12}, or a line of text where the client prefers it
 *   GET  /health      200 ok
 *   GET  /slow?ms=    the same as /, later (default 1000)
 *   GET  /status?code= an answer with that status
 *   GET  /events?ms=  server-sent events, one every so often (default 1000)
 *   GET  /bytes?n=    so many bytes (default 1 MiB)
 *   POST anything     the body again
 *        /ws          WebSocket that says every message again
 */
import { createServer } from 'node:http';
import { webSocketEcho } from './web-socket-echo.mjs';

const name = process.env.BALLAST_REPLICA ?? process.env.NAME ?? process.argv[2] ?? 'demo';
const port = Number(process.env.PORT ?? process.argv[3] ?? 3000);
const piece = Buffer.alloc(65_536, `${name} `);
let count = 0;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://demo');
  response.setHeader('x-demo-server', name);
  if (request.method === 'POST' || request.method === 'PUT' || request.method === 'PATCH')
    return echo(request, response);
  const number = (key, fallback, most) => {
    const value = Number(url.searchParams.get(key) ?? fallback);
    return Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), most) : fallback;
  };
  switch (url.pathname) {
    case '/health':
      response.setHeader('content-type', 'text/plain');
      return response.end('ok\n');
    case '/slow': {
      const timer = setTimeout(() => introduce(request, response, 200), number('ms', 1_000, 600_000));
      return response.on('close', () => clearTimeout(timer));
    }
    case '/status':
      return introduce(request, response, Math.max(number('code', 200, 599), 200));
    case '/events':
      return events(response, Math.max(number('ms', 1_000, 60_000), 1));
    case '/bytes':
      return bytes(request, response, number('n', 1_048_576, Number.MAX_SAFE_INTEGER));
    default:
      return introduce(request, response, 200);
  }
});

function introduce(request, response, status) {
  count++;
  const isText = /text\/(html|plain)/.test(request.headers.accept ?? '');
  const body = isText
    ? `${name} here (pid ${process.pid}), answer number ${count}\n`
    : `${JSON.stringify({ server: name, pid: process.pid, count })}\n`;
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  response.statusCode = status;
  if (hasBody) {
    response.setHeader('content-type', isText ? 'text/plain; charset=utf-8' : 'application/json');
    response.setHeader('content-length', Buffer.byteLength(body));
  }
  response.end(hasBody ? body : undefined);
}

function echo(request, response) {
  count++;
  response.setHeader('content-type', request.headers['content-type'] ?? 'application/octet-stream');
  if (request.headers['content-length'])
    response.setHeader('content-length', request.headers['content-length']);
  request.pipe(response);
}

function events(response, everyMs) {
  count++;
  let number = 0;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const say = () => response.write(`id: ${++number}\ndata: ${JSON.stringify({ server: name, number })}\n\n`);
  say();
  const timer = setInterval(say, everyMs);
  response.on('close', () => clearInterval(timer));
}

function bytes(request, response, total) {
  count++;
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': total });
  if (request.method === 'HEAD') return response.end();
  let left = total;
  const write = () => {
    while (left > 0 && !response.destroyed) {
      const next = left < piece.length ? piece.subarray(0, left) : piece;
      left -= next.length;
      if (!response.write(next)) return response.once('drain', write);
    }
    response.end();
  };
  write();
}

server.on('upgrade', (request, socket, head) => {
  count++;
  webSocketEcho(request, socket, head, name);
});
// Longer than a balancer keeps an unused connection: it should be the one to close it.
server.keepAliveTimeout = 120_000;
server.on('error', (error) => {
  process.stderr.write(`${name}: ${error.message}\n`);
  process.exit(1);
});
server.listen(port, '127.0.0.1');

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 1_000).unref();
});

if (process.env.BALLAST_REPLICA !== undefined) {
  // Ballast holds the other end of this pipe: its end means that Ballast is gone, however that came about.
  process.stdin
    .on('end', () => process.exit(0))
    .on('error', () => process.exit(0))
    .resume();
}
