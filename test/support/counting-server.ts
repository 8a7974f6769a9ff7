import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real server that holds every request until it is told, and counts from outside how many it had at once. */
export interface CountingServer {
  readonly name: string;
  readonly address: string;
  /** Requests it has now. */
  readonly active: number;
  /** The most it ever had at once, switched connections included. */
  readonly most: number;
  /** Paths in the order of arrival. */
  readonly seen: readonly string[];
  /** Answers the oldest request with the server's name. False where there is none. */
  answerOne(): boolean;
  /** From now on every request is answered after so many milliseconds. */
  answerAll(delayMs?: () => number): void;
  close(): Promise<void>;
}

export async function startCountingServer(name: string): Promise<CountingServer> {
  let active = 0;
  let most = 0;
  let delay: (() => number) | null = null;
  const seen: string[] = [];
  const held: ServerResponse[] = [];
  const begun = (request: IncomingMessage): void => {
    active += 1;
    most = Math.max(most, active);
    seen.push(request.url ?? '');
  };
  const server = createServer((request, response) => {
    begun(request);
    request.resume();
    response.on('close', () => {
      active -= 1;
      const at = held.indexOf(response);
      if (at >= 0) held.splice(at, 1);
    });
    const after = delay;
    if (after) request.on('end', () => setTimeout(() => response.end(name), after()));
    else held.push(response);
  });
  server.on('upgrade', (request, socket) => {
    begun(request);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      active -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    name,
    address: `127.0.0.1:${port}`,
    get active() {
      return active;
    },
    get most() {
      return most;
    },
    seen,
    answerOne() {
      const response = held.shift();
      response?.end(name);
      return response !== undefined;
    },
    answerAll(delayMs = () => 0) {
      delay = delayMs;
      for (const response of held.splice(0)) response.end(name);
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
