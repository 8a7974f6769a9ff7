import { createServer, type ListenOptions, type Server } from 'node:net';

/** `reusePort` came with Node 23.1 (and 22.12); the types at hand are older. */
export interface SharedListenOptions extends ListenOptions {
  readonly reusePort?: boolean;
}

let found: Promise<string | null> | undefined;

/**
 * Why several threads cannot share a port here; null where they can. Found out once, by really binding two sockets to one port: neither
 * a version of Node nor one of the kernel says it.
 */
export function whyPortsCannotBeShared(): Promise<string | null> {
  found ??= bindTwice();
  return found;
}

async function bindTwice(): Promise<string | null> {
  const servers: Server[] = [];
  const bind = async (port: number): Promise<number> => {
    const server = createServer((socket) => socket.destroy());
    servers.push(server);
    await listen(server, { host: '127.0.0.1', port, reusePort: true });
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  };
  try {
    await bind(await bind(0));
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return `more than one thread needs Node 23.1 or later (or 22.12) on a system where sockets can share a port (SO_REUSEPORT, Linux 3.9); this is Node ${process.versions.node} on ${process.platform}, and binding a port twice ended with ${code}. Write threads: 1, or run Ballast with a newer Node`;
  } finally {
    for (const server of servers) server.close();
  }
}

/** Resolves once it listens; rejects with Node's error. */
export function listen(server: Server, options: SharedListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Resolves with the port, which nobody else listens on, not even with a socket of its own that would share it. */
export async function findUnshared(host: string, port: number): Promise<number> {
  const alone = createServer((socket) => socket.destroy());
  await listen(alone, { host, port });
  const address = alone.address();
  await new Promise((resolve) => alone.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : port;
}
