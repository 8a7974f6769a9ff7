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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterThisTest(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const moody: MoodyServer = { name, address: `127.0.0.1:${port}`, mood, seen: 0 };
  return moody;
}
