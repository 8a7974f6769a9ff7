import type { Socket } from 'node:net';
import type { LaneSocket, SocketOwner } from './lane-socket.ts';

/** Leads what happens on an ordinary socket to its owner. */
export function ownByEvents(socket: Socket, owner: SocketOwner): LaneSocket {
  socket.on('data', (bytes: Buffer) => owner.bytesRead(bytes, bytes.length));
  socket.on('connect', () => owner.connected());
  socket.on('end', () => owner.ended());
  socket.on('drain', () => owner.drained());
  socket.on('error', (error) => owner.closed(error));
  socket.on('close', () => owner.closed(null));
  return socket;
}
