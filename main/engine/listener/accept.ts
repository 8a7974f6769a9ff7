import { connect, createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { onreadOf, type ReadPath, readByEvents, type SocketReader } from '../http1/socket-reader.ts';

/** What accepts: makes the reader of a new connection, and then tells it its socket. */
export type Accept = (open: (reader: SocketReader) => Socket) => void;

/**
 * A TCP server that hands every accepted connection to `accept`, read in the given way. Not yet listening.
 *
 * @param failed told when the system could not give a connection that was waiting
 */
export function createAcceptor(path: ReadPath, accept: Accept, failed: () => void = () => {}): Server {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    accept((reader) => {
      readByEvents(socket, reader);
      return socket;
    }),
  );
  if (path === 'buffer') server.on('listening', () => adoptAccepted(server, accept, failed));
  return server;
}

/**
 * The one touch of what Node keeps private. The `onread` option exists for sockets that connect; for accepted ones Node
 * makes the socket itself, without it. So the server's own callback is replaced by one that makes the socket with it.
 * `probeReadPath` finds out whether that works with the Node at hand.
 */
interface AcceptingHandle {
  onconnection: ((status: number, handle: object | undefined) => void) | undefined;
}

function acceptingHandle(server: Server): AcceptingHandle | undefined {
  const handle = (server as unknown as { _handle?: Partial<AcceptingHandle> | null })._handle;
  return typeof handle?.onconnection === 'function' ? (handle as AcceptingHandle) : undefined;
}

function adoptAccepted(server: Server, accept: Accept, failed: () => void): void {
  const accepting = acceptingHandle(server);
  if (!accepting) return;
  accepting.onconnection = (status, handle) => {
    if (status !== 0 || !handle) {
      failed(); // e.g. no file descriptor left: the connection is lost, the listener is not
      return;
    }
    accept((reader) => {
      const options = { handle, allowHalfOpen: true, onread: onreadOf(reader) };
      const socket = new Socket(options as SocketConstructorOpts);
      socket.setNoDelay(true);
      return socket;
    });
  };
}

const probeMs = 1_000;
let probed: Promise<ReadPath> | undefined;

/** The best way to read that works here: found once, by sending bytes through a socket that was accepted that way. */
export function probeReadPath(): Promise<ReadPath> {
  probed ??= adoptionWorks().then((works) => (works ? 'buffer' : 'events'));
  return probed;
}

function adoptionWorks(): Promise<boolean> {
  return new Promise((resolve) => {
    const sockets: Socket[] = [];
    const sent = Buffer.from('ballast');
    const scratch = Buffer.alloc(64);
    const server = createAcceptor('buffer', (open) => {
      sockets.push(
        open({
          nextBuffer: () => scratch,
          bytesRead: (bytes, length) => {
            // Ordinary events would bring a buffer of Node's own.
            finish(bytes === scratch && sent.equals(bytes.subarray(0, length)));
          },
        }),
      );
    });
    const timer = setTimeout(() => finish(false), probeMs);
    const finish = (works: boolean): void => {
      clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
      server.close();
      resolve(works);
    };
    server.on('error', () => finish(false));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string' || !acceptingHandle(server)) return finish(false);
      const client = connect({ host: '127.0.0.1', port: address.port }, () => client.write(sent));
      client.on('error', () => finish(false));
      sockets.push(client);
    });
  });
}
