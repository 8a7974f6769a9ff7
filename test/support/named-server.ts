import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server that answers with its name; `/slow?ms=` takes its time, and so does every request where `delayMs` is set. */
export interface NamedServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly seen: string[];
  delayMs: number;
  close(): Promise<void>;
}

export async function startNamedServer(name: string): Promise<NamedServer> {
  const seen: string[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request.url ?? '');
    const ms = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('ms') ?? 0);
    request.resume();
    setTimeout(() => response.end(name), ms + named.delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const named: NamedServer = {
    name,
    address: `127.0.0.1:${port}`,
    port,
    seen,
    delayMs: 0,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return named;
}
