import { createHash } from 'node:crypto';

const largestMessage = 16 * 1_048_576;

/** Answers the handshake (RFC 6455 section 4.2.2) and sends every frame back as it came, so fragmented messages too. */
export function webSocketEcho(request, socket, head, name) {
  const key = request.headers['sec-websocket-key'];
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || !key) {
    return socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nx-demo-server: ${name}\r\n\r\n`,
  );
  let waiting = Buffer.from(head);
  const read = () => {
    for (let frame = takeFrame(waiting); frame; frame = takeFrame(waiting)) {
      waiting = frame.rest;
      if (frame.isRefused) return socket.end(encode(0x8, true, closeCode(frame.isRefused)));
      if (frame.opcode === 0x8) return socket.end(encode(0x8, true, frame.payload));
      if (frame.opcode === 0x9) socket.write(encode(0xa, true, frame.payload));
      else if (frame.opcode !== 0xa) socket.write(encode(frame.opcode, frame.isFinal, frame.payload));
    }
  };
  socket.on('data', (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    read();
  });
  socket.on('error', () => socket.destroy());
  read();
}

/** The first whole frame of what has arrived (section 5.2); undefined where more has to come. */
function takeFrame(buffer) {
  if (buffer.length < 2) return undefined;
  const isFinal = (buffer[0] & 0x80) !== 0;
  const opcode = buffer[0] & 0x0f;
  let length = buffer[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (buffer.length < 4) return undefined;
    length = buffer.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (buffer.length < 10) return undefined;
    length = Number(buffer.readBigUInt64BE(2));
    at = 10;
  }
  // A client must mask (section 5.1), and nobody needs a demo to hold that much.
  if ((buffer[1] & 0x80) === 0) return { isRefused: 1002, rest: Buffer.alloc(0) };
  if (length > largestMessage) return { isRefused: 1009, rest: Buffer.alloc(0) };
  if (buffer.length < at + 4 + length) return undefined;
  const mask = buffer.subarray(at, at + 4);
  const payload = Buffer.from(buffer.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
  return { isFinal, opcode, payload, rest: buffer.subarray(at + 4 + length) };
}

function encode(opcode, isFinal, payload) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isFinal ? 0x80 : 0) | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

function closeCode(code) {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return payload;
}
