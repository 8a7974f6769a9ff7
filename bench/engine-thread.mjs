// What a busy owner costs a request, with the engine in the owner's thread and in a thread of its own: the measurement
// behind docs/adr/0002. The owner is kept busy for 40 ms of every 100 (a large snapshot to a window, say).
// Usage: node bench/engine-thread.mjs [--rate 1000] [--seconds 8]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { bundleEngine } from './lib/bundle-engine.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

async function runEngine({ bundle, serverPorts }) {
  const { createEngine, systemClock, parseConfig } = await import(bundle);
  const parsed = parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
    pools: [{ name: 'api', servers: serverPorts.map((port) => ({ address: `127.0.0.1:${port}` })) }],
  });
  const engine = createEngine({ clock: systemClock, random: Math.random, log: console.error });
  const [listener] = await engine.start(parsed.config);
  setInterval(() => engine.metrics(), 250);
  return listener.url;
}

/** GETs one after another at a fixed rate over few connections; resolves with sorted latencies in ms, waiting included. */
function measure(url, ratePerSecond, seconds) {
  const { hostname, port, host } = new URL(url);
  const latencies = [];
  const waiting = [];
  const sockets = Array.from({ length: 64 }, () => {
    const socket = net.connect({ host: hostname, port: Number(port), noDelay: true }).setEncoding('latin1');
    let dueAt = 0;
    socket.on('data', (piece) => {
      if (!piece.includes('\r\n\r\n')) return;
      latencies.push(performance.now() - dueAt);
      dueAt = 0;
      const next = waiting.shift();
      if (next) ask(next);
    });
    const ask = (due) => {
      dueAt = due;
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    };
    return { socket, ask, isFree: () => dueAt === 0 };
  });
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let count = 0;
    const timer = setInterval(() => {
      const now = performance.now();
      for (; startedAt + (count * 1000) / ratePerSecond <= now && count < ratePerSecond * seconds; count++) {
        const due = startedAt + (count * 1000) / ratePerSecond;
        const free = sockets.find(({ isFree }) => isFree());
        if (free) free.ask(due);
        else waiting.push(due);
      }
      if (now - startedAt < seconds * 1000 + 500) return;
      clearInterval(timer);
      for (const { socket } of sockets) socket.destroy();
      resolve(latencies.sort((a, b) => a - b));
    }, 1);
  });
}

if (!isMainThread) {
  runEngine(workerData).then((url) => parentPort.postMessage(url));
} else if (process.argv[2] === 'owner') {
  const options = JSON.parse(process.argv[3]);
  const url = options.separate
    ? await new Promise((resolve) => {
        new Worker(new URL(import.meta.url), { workerData: options }).once('message', resolve);
      })
    : await runEngine(options);
  setInterval(() => {
    const until = performance.now() + options.busyMs;
    while (performance.now() < until);
  }, 100);
  process.stdout.write(`${JSON.stringify(url)}\n`);
} else {
  const { values } = parseArgs({
    options: { rate: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '8' } },
  });
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const children = [];
  const start = async (...args) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    return JSON.parse(value);
  };
  try {
    const bundle = await bundleEngine(folder);
    const serverPorts = await start('bench/peers/quick-servers.mjs', '3');
    const rows = [];
    for (const busyMs of [0, 40]) {
      for (const separate of [false, true]) {
        const options = { separate, busyMs, bundle, serverPorts };
        const url = await start(fileURLToPath(import.meta.url), 'owner', JSON.stringify(options));
        await measure(url, Number(values.rate), 2);
        const latencies = await measure(url, Number(values.rate), Number(values.seconds));
        const at = (share) => Number(latencies[Math.floor(latencies.length * share)].toFixed(2));
        rows.push({
          engine: separate ? 'own thread' : "owner's thread",
          ownerBusyPercent: busyMs,
          p50Ms: at(0.5),
          p99Ms: at(0.99),
          worstMs: at(0.99999),
        });
        children.pop().kill('SIGKILL');
      }
    }
    console.table(rows);
  } finally {
    for (const child of children) child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}
