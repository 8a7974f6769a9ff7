// The plainest reverse proxy of node:http: kept-alive agent, servers in turn, the usual forwarded fields, upgrades spliced.
// Usage: node node-http.mjs LISTEN_PORT SERVER_PORT...
import http from 'node:http';

const [listenPort, ...serverPorts] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1_024, noDelay: true });
let turn = 0;

function optionsFor(request) {
  return {
    agent,
    host: '127.0.0.1',
    port: serverPorts[turn++ % serverPorts.length],
    method: request.method,
    path: request.url,
    headers: {
      ...request.headers,
      'x-forwarded-for': request.socket.remoteAddress,
      'x-forwarded-proto': 'http',
      'x-forwarded-host': request.headers.host,
    },
  };
}

const server = http.createServer({ keepAliveTimeout: 75_000, noDelay: true }, (request, response) => {
  const options = optionsFor(request);
  options.headers.connection = 'keep-alive';
  const outgoing = http.request(options, (answer) => {
    const { connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers;
    response.writeHead(answer.statusCode, headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  request.pipe(outgoing);
});
server.on('upgrade', (request, client, head) => {
  const outgoing = http.request({ ...optionsFor(request), agent: false });
  outgoing.on('error', () => client.destroy());
  outgoing.on('upgrade', (answer, upstream, first) => {
    const fields = answer.rawHeaders.flatMap((name, index, all) =>
      index % 2 === 0 ? [`${name}: ${all[index + 1]}\r\n`] : [],
    );
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${fields.join('')}\r\n`);
    if (first.length > 0) client.write(first);
    if (head.length > 0) upstream.write(head);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    upstream.pipe(client).pipe(upstream);
  });
  outgoing.end();
});
server.listen({ port: listenPort, host: '127.0.0.1', backlog: 2_048 });
process.stdin.resume().on('end', () => process.exit());
