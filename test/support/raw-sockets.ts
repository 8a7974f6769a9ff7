import { connect, createServer, type Socket } from 'node:net';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { patienceMs } from './until.ts';

/** A TCP server on a free port of 127.0.0.1, for speaking HTTP by hand: well or badly. */
export interface RawServer {
  readonly port: number;
  /** Sockets open just now. */
  readonly open: ReadonlySet<Socket>;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Everything received, of all connections in the order of arrival, as latin1. */
  readonly received: string;
  close(): Promise<void>;
}

export async function rawServer(
  onBytes: (socket: Socket, text: string, connection: { text: string; readonly index: number }) => void,
  onConnect: (socket: Socket) => void = () => {},
): Promise<RawServer> {
  const open = new Set<Socket>();
  let received = '';
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = { text: '', index: accepted++ };
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      received += text;
      connection.text += text;
      onBytes(socket, text, connection);
    });
    onConnect(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    open,
    get accepted() {
      return accepted;
    },
    get received() {
      return received;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Answers every complete bodyless request on a connection with the same bytes. */
export function answering(response: string): Promise<RawServer> {
  return rawServer((socket, _text, connection) => {
    for (;;) {
      const end = connection.text.indexOf('\r\n\r\n');
      if (end < 0) return;
      connection.text = connection.text.slice(end + 4);
      socket.write(response, 'latin1');
    }
  });
}

/** A server whose response is far larger than anything on its way takes: 100 MB, as fast as they go. */
export function pouring(): Promise<RawServer> {
  return rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    const pour = (): void => {
      while (socket.writable && socket.write(Buffer.alloc(65_536))) {}
    };
    socket.on('drain', pour);
    pour();
  });
}

export function ok(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`;
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}

/** A client that speaks by hand. */
export interface RawClient {
  readonly socket: Socket;
  /** Everything received, as latin1. */
  readonly text: string;
  /** The other side ended its half, or the connection is closed. */
  readonly ended: boolean;
  /** Node's code of the error that closed it; null for none. */
  readonly errorCode: string | null;
  send(text: string | Buffer): void;
  /** Waits until what was received contains the text (or so many occurrences of it). */
  receives(part: string, times?: number): Promise<string>;
  /** Waits for the end of the connection and returns everything received. */
  end(): Promise<string>;
  close(): void;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  const state = { text: '', ended: false, errorCode: null as string | null };
  const watchers = new Set<() => void>();
  const changed = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  const when = (what: string, holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`waited in vain for ${what}; received ${JSON.stringify(state.text.slice(-2_000))}`));
      }, patienceMs);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  socket.on('data', (bytes) => {
    state.text += bytes.toString('latin1');
    changed();
  });
  const ended = (): void => {
    state.ended = true;
    changed();
  };
  socket.on('end', () => {
    // libuv tells a reset behind bytes that wait to be read as an end; but then there is no other side any more.
    if (socket.remoteAddress === undefined && !socket.writableEnded) state.errorCode = 'ECONNRESET';
    ended();
  });
  socket.on('close', ended);
  socket.on('error', (error: NodeJS.ErrnoException) => {
    state.errorCode = error.code ?? 'error';
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    socket,
    get text() {
      return state.text;
    },
    get ended() {
      return state.ended;
    },
    get errorCode() {
      return state.errorCode;
    },
    send: (text) => void socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text),
    async receives(part, times = 1) {
      await when(`${times} x ${JSON.stringify(part)}`, () => state.text.split(part).length > times);
      return state.text;
    },
    async end() {
      await when('the end of the connection', () => state.ended);
      return state.text;
    },
    close: () => void socket.destroy(),
  };
}

/** Sends the bytes on a new connection and returns everything received until the other side ends it. */
export async function exchangeBytes(port: number, text: string): Promise<string> {
  const client = await rawClient(port);
  client.send(text);
  const answer = await client.end();
  client.close();
  return answer;
}

/** After it, everybody in this process has read what was written before it: two pieces arrive as two. */
export async function nextTurn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}
