// Opens connections, sends one request over each, reads its answer, and keeps them open.
// Usage: node idle-connections.mjs PORT COUNT. Prints {"open","failed"} as one line when all are open, and again for every
// line on its standard input; ends when that closes.
import net from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
let [open, failed, begun] = [0, 0, 0];

const report = () => process.stdout.write(`${JSON.stringify({ open, failed })}\n`);

function connect() {
  begun++;
  let text = '';
  let isDone = false;
  const next = () => {
    if (isDone) return;
    isDone = true;
    if (begun < count) connect();
    else if (open + failed === count) report();
  };
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
  socket.setEncoding('latin1');
  socket.on('data', (piece) => {
    text += piece;
    const end = text.indexOf('\r\n\r\n');
    if (isDone || end === -1) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < end + 4 + length) return;
    if (text.startsWith('HTTP/1.1 200')) open++;
    else failed++;
    text = '';
    next();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (isDone) open--;
    failed++;
    next();
  });
}

// Few at a time: the memory of idle connections is asked for, not that of a burst.
for (let index = 0; index < Math.min(32, count); index++) connect();
process.stdin.on('data', report).on('end', () => process.exit());
