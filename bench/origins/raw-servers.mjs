// Three servers on raw sockets in one process: they read bodies to the end, echo WebSocket frames, and take 20 ms for every
// tenth answer on /slow. Answers keep the order of the requests, so a proxy may send several at once.
// Usage: node raw-servers.mjs; prints the ports as one line of JSON, and for every line on its standard input how many
// connections have brought a POST since the last one. Ends when its standard input closes.
import { createHash } from 'node:crypto';
import net from 'node:net';
import { answerFields } from '../lib/workloads.mjs';

const small = 'x'.repeat(100);
const large = Buffer.alloc(1_048_576, 'x');
const fields = answerFields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
let draws = 1;
let posting = new WeakSet();
let postingCount = 0;

/** The same share in every run, in no pattern that a strategy could fall in with. */
function isSlow() {
  draws ^= draws << 13;
  draws ^= draws >>> 17;
  draws ^= draws << 5;
  return (draws >>> 0) % 10 === 0;
}

const answer = (index, body, more = '') =>
  `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nX-Origin: ${index}\r\n${more}\r\n${body}`;

function serve(index) {
  const ready = answer(index, small);
  const readyFields = answer(index, small, fields);
  const readyLarge = Buffer.concat([
    Buffer.from(answer(index, '').replace('Length: 0', `Length: ${large.length}`)),
    large,
  ]);
  return net.createServer({ noDelay: true }, (socket) => {
    let rest = '';
    let bodyLeft = 0;
    let hash;
    let isUpgraded = false;
    let held; // answers behind a slow one, in order
    const send = (message) => {
      if (held === undefined) socket.write(message);
      else held.push(message);
    };
    const release = () => {
      held.shift();
      socket.write(ready);
      while (held.length > 0 && held[0] !== 'slow') socket.write(held.shift());
      if (held.length > 0) setTimeout(release, 20);
      else held = undefined;
    };
    const takeHead = (head) => {
      const line = head.slice(0, head.indexOf('\r\n'));
      if (line.startsWith('GET /slow')) {
        if (!isSlow()) return send(ready);
        if (held !== undefined) return held.push('slow');
        held = ['slow'];
        return setTimeout(release, 20);
      }
      if (line.startsWith('POST')) {
        if (!posting.has(socket)) postingCount += 1;
        posting.add(socket);
        bodyLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (line.startsWith('POST /seen')) hash = createHash('sha1');
        return;
      }
      if (line.startsWith('GET /seen')) return send(answer(index, head));
      if (line.startsWith('GET /fields')) return send(readyFields);
      if (line.startsWith('GET /1m')) return send(readyLarge);
      if (line.startsWith('GET /ws')) return upgrade(head);
      send(ready);
    };
    const upgrade = (head) => {
      const key = /\r\nsec-websocket-key: *(\S+)/i.exec(head)?.[1];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      isUpgraded = true;
    };
    const takeBody = (piece) => {
      const part = piece.subarray(0, bodyLeft);
      hash?.update(part);
      bodyLeft -= part.length;
      if (bodyLeft === 0) {
        send(hash ? answer(index, hash.digest('hex')) : ready);
        hash = undefined;
      }
      return piece.subarray(part.length);
    };
    let frames = Buffer.alloc(0);
    const echo = (piece) => {
      frames = frames.length > 0 ? Buffer.concat([frames, piece]) : piece;
      while (frames.length >= 6) {
        const length = frames[1] & 0x7f; // only short frames are sent here
        if (frames.length < 6 + length) return;
        const reply = Buffer.allocUnsafe(2 + length);
        reply[0] = frames[0];
        reply[1] = length;
        for (let at = 0; at < length; at++) reply[2 + at] = frames[6 + at] ^ frames[2 + (at & 3)];
        socket.write(reply);
        frames = frames.subarray(6 + length);
      }
    };
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      while (piece.length > 0) {
        if (isUpgraded) return echo(piece);
        if (bodyLeft > 0) {
          piece = takeBody(piece);
          continue;
        }
        const from = rest.length;
        const text = rest + piece.latin1Slice();
        const end = text.indexOf('\r\n\r\n', Math.max(0, from - 3));
        if (end === -1) {
          rest = text;
          return;
        }
        rest = '';
        piece = piece.subarray(end + 4 - from);
        takeHead(text.slice(0, end + 4));
      }
    });
  });
}

const ports = [];
for (let index = 0; index < 3; index++) {
  const server = serve(index);
  await new Promise((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 }, resolve));
  ports.push(server.address().port);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.on('end', () => process.exit());
process.stdin.on('data', () => {
  process.stdout.write(`${postingCount}\n`);
  posting = new WeakSet();
  postingCount = 0;
});
