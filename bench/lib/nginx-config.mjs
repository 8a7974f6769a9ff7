// nginx's two roles: a peer, and the quick servers behind every peer.
import { answerFields } from './workloads.mjs';

/** @typedef {{ folder: string, name: string, connections: number, workers?: number }} NginxBasics */

/**
 * @param {NginxBasics} basics
 * @param {string} http
 */
function nginxConfig({ folder, name, connections, workers = 1 }, http) {
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((each) => `  ${each}_temp_path ${folder}/${name}-${each};\n`)
    .join('');
  // A worker needs a slot per client, per server connection, and a few of its own.
  return `${user}daemon off;
worker_processes ${workers};
pid ${folder}/${name}.pid;
error_log stderr error;
events { worker_connections ${Math.max(2_048, connections * 2 + 64)}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  tcp_nodelay on;
${temp}${http}
}
`;
}

/**
 * nginx as its documentation sets up a kept-alive reverse proxy, without an access log. Bodies stay off the disk, in both
 * directions: by default a POST of 64 KiB goes through a file, which costs nginx six times as much.
 * @param {NginxBasics} basics
 * @param {number} port
 * @param {number[]} serverPorts
 * @param {boolean} upgrades for WebSocket
 */
export function nginxProxyConfig(basics, port, serverPorts, upgrades) {
  const connection = upgrades
    ? 'proxy_set_header Upgrade $http_upgrade;\n      proxy_set_header Connection $connection_upgrade;'
    : 'proxy_set_header Connection "";';
  const map = upgrades ? "  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n" : '';
  const listen = (basics.workers ?? 1) > 1 ? `127.0.0.1:${port} reuseport` : `127.0.0.1:${port} backlog=2048`;
  return nginxConfig(
    basics,
    `${map}  upstream api {
    ${serverPorts.map((each) => `server 127.0.0.1:${each};`).join(' ')}
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen ${listen};
    client_body_buffer_size 128k;
    proxy_max_temp_file_size 0;
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      ${connection}
    }
  }`,
  );
}

/**
 * The quick servers: constant answers from memory, one file of 1 MiB.
 * @param {NginxBasics} basics
 * @param {number[]} ports
 * @param {string} largeFile path of the file
 */
export function nginxServersConfig(basics, ports, largeFile) {
  const body = 'x'.repeat(100);
  const fields = answerFields.map(([name, value]) => `add_header ${name} "${value}";`).join(' ');
  return nginxConfig(
    basics,
    `  sendfile on;\n  default_type text/plain;\n${ports
      .map(
        (port, index) => `  server {
    listen 127.0.0.1:${port} backlog=2048;
    add_header X-Origin ${index};
    location / { return 200 "${body}"; }
    location /fields { add_header X-Origin ${index}; ${fields} return 200 "${body}"; }
    location /seen { return 200 "x-probe: $http_x_probe\\r\\nx-forwarded-for: $http_x_forwarded_for\\r\\n"; }
    location = /1m { alias ${largeFile}; }
  }`,
      )
      .join('\n')}`,
  );
}
