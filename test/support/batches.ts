import type { Socket } from 'node:net';
import type { Lane } from './lane.ts';
import { client, server } from './lane-cleanup.ts';
import { ok, type RawClient, type RawServer, rawServer } from './raw-sockets.ts';
import { until } from './until.ts';

export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** What a server does once a whole batch has come: with the targets in their order, and the connection's index from 0. */
export type Act = (socket: Socket, targets: readonly string[], connection: number) => void;

/** A server that acts on what each read of a connection brings: a batch leaves in one write, so it comes in one read. */
export function batchServer(act: Act): Promise<RawServer> {
  return server(
    rawServer((socket, text, connection) => {
      const targets = [...text.matchAll(/^(?:GET|HEAD|POST|PUT) (\S+)/gm)].map((match) => match[1]!);
      act(socket, targets, connection.index);
    }),
  );
}

/** A server that answers every request with its own target, all of a read in one write. */
export function honest(): Promise<RawServer> {
  return batchServer(
    (socket, targets) => void socket.write(targets.map((target) => ok(`[${target}]`)).join('')),
  );
}

/** Clients that are accepted already, so that what they send at once arrives in one turn of the event loop. */
export async function clients(proxy: Lane, count: number): Promise<RawClient[]> {
  const before = proxy.listener.openConnections;
  const callers = await Promise.all(Array.from({ length: count }, () => client(proxy.port)));
  await until('every client to be accepted', () => proxy.listener.openConnections === before + count);
  return callers;
}

/** Clients that have sent `/0`, `/1`, … in the same turn. */
export async function together(proxy: Lane, count: number): Promise<RawClient[]> {
  const callers = await clients(proxy, count);
  for (const [index, caller] of callers.entries()) caller.send(get(`/${index}`));
  return callers;
}

/** Of every request that is over, by its target: place and size of the batch it came in, `-` for none. */
export function batchesOf(proxy: Lane): Record<string, string> {
  const places = proxy.finished.map(({ target, attempts }) => {
    const { batch } = attempts[0] ?? {};
    return [target, batch ? `${batch.place}/${batch.size}` : '-'] as const;
  });
  return Object.fromEntries(places);
}
