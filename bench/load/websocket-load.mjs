// WebSocket messages there and back, one in flight per connection; every echo is compared with what was sent.
// Usage: node websocket-load.mjs PORT CONNECTIONS SECONDS; prints one line of JSON.
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { latencyFigures } from './latencies.mjs';

const [port, connections, seconds] = process.argv.slice(2).map(Number);
const payload = Buffer.from('x0123456789abcdef'.repeat(4).slice(0, 64));
const mask = randomBytes(4);
const frame = Buffer.concat([
  Buffer.from([0x82, 0x80 | payload.length]),
  mask,
  payload.map((byte, index) => byte ^ mask[index & 3]),
]);
const expected = Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
const latencies = new Float64Array(5_000_000);
let messages = 0;
let failed = 0;
let startedAt = 0;
let isOver = false;

function connect() {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let head = '';
    let rest = Buffer.alloc(0);
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(frame);
    };
    const takeHead = (piece) => {
      head += piece.latin1Slice();
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', takeHead);
      if (head.startsWith('HTTP/1.1 101')) socket.on('data', takeFrame);
      else failed++;
      resolve(send);
    };
    const takeFrame = (piece) => {
      if (rest.length > 0) piece = Buffer.concat([rest, piece]);
      if (piece.length < expected.length) {
        rest = piece;
        return;
      }
      rest = Buffer.alloc(0);
      if (isOver) return;
      if (!piece.equals(expected)) failed++;
      if (messages < latencies.length) latencies[messages] = performance.now() - sentAt;
      messages++;
      send();
    };
    socket.on('data', takeHead);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!isOver) failed++;
      resolve(() => {});
    });
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
  });
}

const senders = await Promise.all(Array.from({ length: connections }, connect));
startedAt = performance.now();
for (const send of senders) send();
setTimeout(() => {
  isOver = true;
  const micros = (performance.now() - startedAt) * 1_000;
  const sorted = latencies.subarray(0, Math.min(messages, latencies.length)).sort();
  const report = {
    requests: messages,
    micros,
    bytes: messages * expected.length,
    ...latencyFigures(sorted),
    errors: { failed },
  };
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
}, seconds * 1_000);
