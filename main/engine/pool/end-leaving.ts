import { isDrained } from './availability.ts';
import type { Server } from './server.ts';

/**
 * Ends what this thread still has at servers that an operator wants empty: switched connections (WebSockets, say) that outlast their
 * time, everything once the drain's deadline has passed, and what is unused where nobody will use it. To be called a few times a
 * second.
 *
 * @param tunnelDrainMs how long switched connections may outlast the operator's wish
 * @param drained told once of each server whose deadline has passed
 */
export function endLeaving(
  servers: readonly Server[],
  tunnelDrainMs: number,
  now: number,
  drained: ((server: Server) => void) | null,
): void {
  for (const server of servers) {
    if (server.adminState === 'ready') {
      server.leavingSince = 0;
      server.wasDrained = false;
      continue;
    }
    const { connections } = server;
    if (server.leavingSince === 0) server.leavingSince = now;
    else if (now - server.leavingSince >= tunnelDrainMs) connections?.closeTunnels(now - tunnelDrainMs);
    if (server.adminState === 'maintenance') connections?.closeIdle();
    if (!isDrained(server, now)) {
      server.wasDrained = false;
      continue;
    }
    connections?.endAll();
    if (server.wasDrained) continue;
    server.wasDrained = true;
    drained?.(server);
  }
}
