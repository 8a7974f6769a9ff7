import { createServer, type Server } from 'node:net';

/** `count` different ports of 127.0.0.1 that nobody listens on now, as the operating system hands them out. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is known, or the system might hand out one of them twice.
  const held = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = held.map(portOf);
  await Promise.all(held.map(close));
  return ports;
}

/** The first port from `preferred` upwards that is free on 127.0.0.1, trying a hundred; then any free one. */
export async function nextFreePort(preferred: number): Promise<number> {
  for (let port = preferred; port < Math.min(preferred + 100, 65_536); port++) {
    const server = await listen(port).catch(() => undefined);
    if (!server) continue;
    await close(server);
    return port;
  }
  const [port] = await freePorts(1);
  return port!;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
