// Clients that pause: each posts a small body, waits for the answer, pauses, and posts again on the same connection.
// Usage: node paced-load.mjs PORT CONNECTIONS SECONDS PAUSE_MS BODY_BYTES; prints one line of JSON.
import net from 'node:net';
import { latencyFigures } from './latencies.mjs';

const [port, connections, seconds, pauseMs, bodyBytes] = process.argv.slice(2).map(Number);
const request = Buffer.from(
  `POST /post HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${bodyBytes}\r\n\r\n${'x'.repeat(bodyBytes)}`,
);
const latencies = [];
let failed = 0;
let bytes = 0;
let isOver = false;

function run() {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  let sentAt = 0;
  const post = () => {
    sentAt = performance.now();
    socket.write(request);
  };
  socket.setEncoding('latin1');
  // Not all at once: they stay apart as they begin.
  socket.on('connect', () => setTimeout(post, Math.random() * pauseMs));
  socket.on('data', (piece) => {
    text += piece;
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < end + 4 + length || isOver) return;
    if (!text.startsWith('HTTP/1.1 200')) failed++;
    bytes += text.length;
    text = '';
    latencies.push(performance.now() - sentAt);
    setTimeout(post, pauseMs);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!isOver) failed++;
  });
}

const startedAt = performance.now();
for (let index = 0; index < connections; index++) run();
setTimeout(() => {
  isOver = true;
  const micros = (performance.now() - startedAt) * 1_000;
  const sorted = latencies.sort((a, b) => a - b);
  const report = {
    requests: sorted.length,
    micros,
    bytes,
    ...latencyFigures(sorted),
    errors: { failed },
  };
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
}, seconds * 1_000);
