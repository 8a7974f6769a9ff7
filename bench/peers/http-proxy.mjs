// http-proxy 1.18 as its README sets it up for a kept-alive reverse proxy, in turn over the servers.
// Usage: node http-proxy.mjs [--no-agent] LISTEN_PORT SERVER_PORT...
import http from 'node:http';
import httpProxy from 'http-proxy';

const noAgent = process.argv[2] === '--no-agent';
const [listenPort, ...serverPorts] = process.argv.slice(noAgent ? 3 : 2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1_024 });
// Without an agent http-proxy asks its servers for `Connection: close`, which it then tells its clients too.
const proxy = httpProxy.createProxyServer({ ...(!noAgent && { agent }), xfwd: true });
proxy.on('error', (_error, _request, response) => {
  if (response?.writeHead) response.writeHead(502).end();
  else response?.destroy();
});
let turn = 0;
const next = () => ({ target: `http://127.0.0.1:${serverPorts[turn++ % serverPorts.length]}` });
http
  .createServer({ keepAliveTimeout: 75_000 }, (request, response) => proxy.web(request, response, next()))
  .on('upgrade', (request, socket, head) => proxy.ws(request, socket, head, next()))
  .listen({ port: listenPort, host: '127.0.0.1', backlog: 2_048 });
process.stdin.resume().on('end', () => process.exit());
