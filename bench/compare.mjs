// Small GETs through Ballast, nginx and http-proxy beside each other: interleaved rounds, medians, and for each proxy the
// CPU time of its whole process per request, from the operating system's accounting. Linux; needs nginx and wrk.
// Usage: node bench/compare.mjs [--rounds 8] [--seconds 2] [--connections 64] [--json FILE]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    json: { type: 'string' },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);
const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
const children = [];
const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);

const freePort = () =>
  new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

function start(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'], cwd: root });
  children.push(child);
  return child;
}

async function listening(port) {
  for (let tries = 0; tries < 300; tries++) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('close', () => socket.destroy());
      socket.once('connect', () => socket.end());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** CPU time of the process and its children (nginx works in one), in microseconds. */
function cpuMicros(pid) {
  const own = (each) => {
    const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const childIds = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  return ([pid, ...childIds].reduce((sum, each) => sum + own(each), 0) / ticksPerSecond) * 1e6;
}

const nginxConf = (name, http) => {
  const path = join(folder, `${name}.conf`);
  writeFileSync(
    path,
    `daemon off; worker_processes 1; pid ${folder}/${name}.pid; error_log stderr error;\nevents { worker_connections 4096; }\n` +
      `http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${folder}; proxy_temp_path ${folder};\n${http}\n}\n`,
  );
  return ['nginx', ['-p', folder, '-c', path]];
};

const serverPorts = [];
for (let index = 0; index < 3; index++) serverPorts.push(await freePort());
const body = 'x'.repeat(100);
const answering = serverPorts
  .map(
    (port) =>
      `server { listen 127.0.0.1:${port} reuseport; location / { default_type text/plain; return 200 "${body}"; } }`,
  )
  .join('\n');
start(...nginxConf('servers', answering));

const peers = [];
{
  const port = await freePort();
  const file = join(folder, 'ballast.yaml');
  writeFileSync(
    file,
    `version: 1\nlisteners:\n  - { name: web, bind: 127.0.0.1:${port}, pool: api }\npools:\n  - name: api\n    servers:\n` +
      serverPorts.map((each) => `      - { address: 127.0.0.1:${each} }\n`).join(''),
  );
  const child = start(process.execPath, [
    'out/main/cli.js',
    'up',
    file,
    '--no-open',
    '--control-port',
    '0',
    '--json',
  ]);
  peers.push({ name: 'ballast', port, child });
}
{
  const port = await freePort();
  const proxying =
    `upstream api { ${serverPorts.map((each) => `server 127.0.0.1:${each};`).join(' ')} keepalive 256; }\n` +
    `server { listen 127.0.0.1:${port}; location / { proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; } }`;
  peers.push({ name: 'nginx', port, child: start(...nginxConf('proxy', proxying)) });
}
{
  const port = await freePort();
  const child = start(process.execPath, ['bench/peers/http-proxy.mjs', port, ...serverPorts].map(String));
  peers.push({ name: 'http-proxy', port, child });
}

function load(port) {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', `http://127.0.0.1:${port}/`];
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', args);
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
    });
    child.on('error', reject);
    child.on('close', () => {
      const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
      const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
      if (!requests || bad > 0 || /Socket errors/.test(text)) reject(new Error(`wrk saw failures:\n${text}`));
      else resolve({ requests, perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]) });
    });
  });
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

try {
  for (const port of [...serverPorts, ...peers.map((peer) => peer.port)]) await listening(port);
  for (const peer of peers) await load(peer.port); // warm-up
  const samples = Object.fromEntries(
    peers.map(({ name }) => [name, { micros: [], perSecond: [], ratio: [] }]),
  );
  for (let round = 0; round < rounds; round++) {
    const thisRound = {};
    for (const peer of peers.toSorted(() => Math.random() - 0.5)) {
      const before = cpuMicros(peer.child.pid);
      const { requests, perSecond } = await load(peer.port);
      thisRound[peer.name] = (cpuMicros(peer.child.pid) - before) / requests;
      samples[peer.name].micros.push(thisRound[peer.name]);
      samples[peer.name].perSecond.push(perSecond);
    }
    for (const { name } of peers) samples[name].ratio.push(thisRound[name] / thisRound.nginx);
  }
  const table = peers.map(({ name }) => ({
    proxy: name,
    cpuMicrosPerRequest: Number(median(samples[name].micros).toFixed(1)),
    timesNginx: Number(median(samples[name].ratio).toFixed(2)),
    requestsPerSecond: Math.round(median(samples[name].perSecond)),
  }));
  console.table(table);
  if (values.json)
    writeFileSync(
      values.json,
      `${JSON.stringify({ node: process.version, rounds, seconds, connections, table }, null, 2)}\n`,
    );
} finally {
  for (const child of children) child.kill('SIGTERM');
  setTimeout(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }, 500);
}
