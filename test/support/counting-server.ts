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

interface Visit {
  /** The other side closed before it was answered. */
  wasGivenUp: boolean;
}

/** Turns of the event loop within which a connection that the other side has closed is closed on this side too. */
const turnsToClose = 6;

function afterTurns(turns: number, act: () => void): void {
  if (turns === 0) act();
  else setImmediate(() => afterTurns(turns - 1, act));
}

export async function startCountingServer(name: string): Promise<CountingServer> {
  const present = new Set<Visit>();
  let most = 0;
  let delay: (() => number) | null = null;
  const seen: string[] = [];
  const held: ServerResponse[] = [];
  const begun = (request: IncomingMessage): Visit => {
    const visit = { wasGivenUp: false };
    present.add(visit);
    seen.push(request.url ?? '');
    // A request may be given up on one connection before the next comes on another, and be seen to be so only after it.
    const together = [...present];
    if (together.length > most)
      afterTurns(turnsToClose, () => {
        most = Math.max(most, together.filter(({ wasGivenUp }) => !wasGivenUp).length);
      });
    return visit;
  };
  const server = createServer((request, response) => {
    const visit = begun(request);
    request.resume();
    response.on('close', () => {
      visit.wasGivenUp = !response.writableFinished;
      present.delete(visit);
      const at = held.indexOf(response);
      if (at >= 0) held.splice(at, 1);
    });
    const after = delay;
    if (after) request.on('end', () => setTimeout(() => response.end(name), after()));
    else held.push(response);
  });
  server.on('upgrade', (request, socket) => {
    const visit = begun(request);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      visit.wasGivenUp = true;
      present.delete(visit);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    name,
    address: `127.0.0.1:${port}`,
    get active() {
      return present.size;
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
