// GETs at a fixed rate over kept-alive connections, whatever the answers take (an open loop).
// Usage: node steady-load.mjs URL RATE SECONDS; prints {"sent","answered","failed","skipped"} as one JSON line.
import net from 'node:net';

const url = new URL(process.argv[2]);
const [ratePerSecond, seconds] = process.argv.slice(3).map(Number);
const request = `GET / HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const counts = { sent: 0, answered: 0, failed: 0, skipped: 0 };
const idle = [];
const all = new Set();
let open = 0;

function connect() {
  open++;
  const socket = net.connect({ port: Number(url.port), host: url.hostname, noDelay: true });
  let busy = false;
  let seen = '';
  all.add(socket);
  socket.setEncoding('latin1');
  socket.on('connect', () => idle.push(socket));
  socket.on('error', () => {});
  socket.on('close', () => {
    open--;
    all.delete(socket);
    if (busy) counts.failed++;
  });
  socket.on('data', (piece) => {
    seen += piece;
    const head = seen.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0);
    if (seen.length < head + 4 + length) return;
    if (seen.startsWith('HTTP/1.1 2')) counts.answered++;
    else counts.failed++;
    seen = '';
    busy = false;
    idle.push(socket);
  });
  socket.ask = () => {
    busy = true;
    counts.sent++;
    socket.write(request);
  };
}

for (let index = 0; index < 64; index++) connect();
const startedAt = performance.now();
let due = 0;
const timer = setInterval(() => {
  const elapsed = performance.now() - startedAt;
  const shouldHave = Math.floor((Math.min(elapsed, seconds * 1000) * ratePerSecond) / 1000);
  for (; due < shouldHave; due++) {
    const socket = idle.pop();
    if (socket && !socket.destroyed) socket.ask();
    else {
      counts.skipped++;
      if (open < 256) connect();
    }
  }
  if (elapsed > seconds * 1000 + 500) {
    clearInterval(timer);
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    for (const socket of all) socket.destroy();
  }
}, 4);
