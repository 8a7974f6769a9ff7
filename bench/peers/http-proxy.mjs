// http-proxy 1.18 as its README sets it up for a kept-alive reverse proxy, in turn over the servers.
// Usage: node http-proxy.mjs LISTEN_PORT SERVER_PORT...
import http from 'node:http';
import httpProxy from 'http-proxy';

const [listenPort, ...serverPorts] = process.argv.slice(2).map(Number);
const proxy = httpProxy.createProxyServer({
  agent: new http.Agent({ keepAlive: true, maxSockets: Infinity }),
});
proxy.on('error', (_error, _request, response) => response.writeHead?.(502).end());
let turn = 0;
http
  .createServer((request, response) => {
    proxy.web(request, response, { target: `http://127.0.0.1:${serverPorts[turn++ % serverPorts.length]}` });
  })
  .listen(listenPort, '127.0.0.1');
