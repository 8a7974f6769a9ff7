import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterThisTest } from './after-this-test.ts';

/** How a server answers: well, by a status, by breaking the connection, or well but late. */
export type Mood = 'well' | 'breaks' | { readonly status: number } | { readonly afterMs: number };

/** A real HTTP server that answers with its name, in the mood it is told to be in. */
export interface MoodyServer {
  readonly name: string;
  readonly address: string;
  mood: Mood;
  /** Requests that reached it. */
  seen: number;
  readonly isDead: boolean;
  /** Nobody listens there any more, and its connections are cut. */
  die(): Promise<void>;
  /** It listens again, where it did. */
  revive(): Promise<void>;
}

/** Closed after the test. */
export async function moodyServer(name: string, mood: Mood = 'well'): Promise<MoodyServer> {
  const answer: RequestListener = (request, response) => {
    moody.seen += 1;
    request.resume();
    const { mood: now } = moody;
    if (now === 'well') response.end(name);
    else if (now === 'breaks') response.destroy();
    else if ('status' in now) response.writeHead(now.status).end(name);
    else setTimeout(() => response.end(name), now.afterMs);
  };
  const server = createServer(answer);
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject).listen(at, '127.0.0.1', resolve);
    });
  const die = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  afterThisTest(die);
  const { port } = server.address() as AddressInfo;
  const moody: MoodyServer = {
    name,
    address: `127.0.0.1:${port}`,
    mood,
    seen: 0,
    get isDead() {
      return !server.listening;
    },
    die,
    revive: () => listen(port),
  };
  return moody;
}
