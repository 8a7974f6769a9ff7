import type { Server } from './server.ts';

/**
 * Closes the switched connections (WebSockets, say) of servers that have been on their way out for so long. To be called a few times
 * a second.
 */
export function drainTunnels(servers: readonly Server[], drainMs: number, now: number): void {
  for (const server of servers) {
    if (server.adminState === 'ready') server.leavingSince = 0;
    else if (server.leavingSince === 0) server.leavingSince = now;
    else if (now - server.leavingSince >= drainMs) server.connections?.closeTunnels(now - drainMs);
  }
}
