import { type AddressInfo, createServer, type Socket } from 'node:net';

/** One frame of HTTP/2, well made or not. @param body its payload, or the bytes of it */
export function frame(type: number, flags: number, stream: number, body: Buffer | readonly number[]): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(body)]);
}

/** A field of a head as HPACK writes one that it does not remember. */
export const field = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name, 'latin1'),
    Buffer.from([value.length]),
    Buffer.from(value, 'latin1'),
  ]);

const none = Buffer.alloc(0);
/** `:status: 200`, of HPACK's own table. */
export const ok = Buffer.from([0x88]);
export const settings = frame(4, 0, 0, none);
/** A framed `HealthCheckResponse`: SERVING. */
export const serving = [0, 0, 0, 0, 2, 8, 1];

export interface OddServer {
  readonly port: number;
  /** Connections open just now. */
  readonly open: ReadonlySet<Socket>;
  close(): void;
}

/** Does something to every connection once it was asked something. */
export async function oddServer(act: (socket: Socket) => void): Promise<OddServer> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.once('data', () => act(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    open,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** What an odd server says and how it ends, by chance: frames that are nearly right, responses that are nearly right, or neither. */
export function oddAct(random: () => number): (socket: Socket) => void {
  const below = (limit: number): number => Math.floor(random() * limit);
  const some = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const bytes = (most: number): Buffer => Buffer.from(Array.from({ length: below(most) }, () => below(256)));
  const many = (most: number, make: () => Buffer): Buffer =>
    Buffer.concat(Array.from({ length: 1 + below(most) }, make));
  const oddField = (): Buffer => {
    const [name, value] = some([
      ['grpc-status', some(['0', '1', 'x', '', '99'])],
      [':status', some(['200', '100', '999', 'abc'])],
      ['content-length', some(['1', 'x', '99999999'])],
      ['grpc-message', '%zz%'],
      ['__proto__', 'x'],
      ['connection', 'close'],
      ['A', 'b'],
      ['', ''],
    ] as const);
    return random() < 0.2 ? bytes(12) : field(name, value);
  };
  const head = (): Buffer => (random() < 0.6 ? Buffer.concat([ok, many(3, oddField)]) : many(3, oddField));
  const oddFrame = (): Buffer =>
    some([
      () => frame(0, below(2), 1, random() < 0.5 ? serving : bytes(30)),
      () => frame(1, 4 | below(2), 1, head()),
      () => frame(1, 4 | below(2), 1, ok),
      () => frame(3, 0, below(4), [0, 0, 0, below(16)]),
      () => frame(4, below(2), 0, random() < 0.5 ? none : [0, below(8), ...bytes(5)]),
      () => frame(5, 4, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), head()])),
      () => frame(6, 0, 0, bytes(9)),
      () => frame(7, 0, 0, Buffer.concat([Buffer.from([0, 0, 0, below(3), 0, 0, 0, below(16)]), bytes(9)])),
      () => frame(8, 0, below(2), [0, 0, 0, below(3)]),
      () => frame(9, 4, 1, head()),
      () => frame(some([10, 12]), 0, below(2), bytes(20)),
      () => frame(below(256), below(256), below(5), bytes(20)),
    ])();
  const oddResponse = (): string =>
    some([
      () =>
        `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(below(200))}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
      () => 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc',
      () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n__proto__: y\r\n\r\n',
      () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      () => `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(below(40_000))}\r\n\r\n`,
      () => `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(below(5_000))}\r\n`,
      () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'.repeat(2),
      () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
      () => 'HTTP/1.1 000 \u00ff\u0000\r\n\r\n',
      () => bytes(200).toString('latin1'),
    ])();
  return (socket) => {
    const told =
      random() < 0.6
        ? Buffer.concat([random() < 0.9 ? settings : none, many(8, oddFrame)])
        : Buffer.from(oddResponse(), 'latin1');
    const cut = random() < 0.5 ? told.length : below(told.length);
    const end = some([() => {}, () => socket.end(), () => socket.destroy(), () => socket.resetAndDestroy()]);
    socket.write(told.subarray(0, cut));
    setImmediate(() => {
      if (!socket.destroyed) socket.write(told.subarray(cut));
      setImmediate(end);
    });
  };
}
