import type { ServerConnection } from '../proxy/server-connection.ts';
import type { Server } from './server.ts';

/** Of all unused connections to these servers the one that is unused longest; null where there is none. */
export function idleLongest(servers: readonly Server[]): ServerConnection | null {
  let longest: ServerConnection | null = null;
  for (const { connections } of servers) {
    const own = connections?.idleLongest ?? null;
    if (own && (longest === null || own.idleSince < longest.idleSince)) longest = own;
  }
  return longest;
}
