import type { CommandResult } from '@shared/contract/commands.ts';
import type { AdminState, ServerStatus } from '@shared/contract/server-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from './clock.ts';
import { findServer, type Pools } from './find-server.ts';
import type { EventLog } from './journal/event-log.ts';
import { describeServers } from './server-status.ts';

/** What people see of the servers of all pools, and do to them. */
export interface ServerOperations {
  servers(): ServerStatus[];
  /**
   * These throw a `ContractError` `not-found` where there is no such pool or server. Returns the state before.
   *
   * @param drainMs with `drain`, instead of the pool's `timeouts.drain`; 0 for no deadline
   */
  setAdminState(pool: string, server: string, state: AdminState, drainMs?: number): AdminState;
  probe(pool: string, server: string): void;
  /** The last probes of a server, oldest first. */
  probes(pool: string, server: string): CommandResult<'server.probes'>;
}

export function serverOperations(pools: Pools, clock: Clock, events: EventLog): ServerOperations {
  return {
    servers() {
      const now = clock.now();
      return [...pools.values()].flatMap((pool) => describeServers(pool, now));
    },
    setAdminState(poolName, serverName, state, drainMs) {
      const { pool, server } = findServer(pools, poolName, serverName);
      const wasUntil = server.drainUntil;
      const before = pool.setAdminState(server, state, drainMs);
      // Nobody is told of what was so already, but of another deadline.
      if (before === state && (wasUntil === server.drainUntil || drainMs === undefined)) return before;
      const leftMs = drainMs ?? pool.config.timeouts.drainMs;
      const deadline = server.drainUntil === 0 ? '' : `, for ${formatDuration(leftMs)} at most`;
      events.add('admin-state-changed', 'neutral', `${server.name} ${adminWords[state]}${deadline}`, {
        pool: poolName,
        server: server.id,
      });
      return before;
    },
    probe(poolName, serverName) {
      const { pool, server } = findServer(pools, poolName, serverName);
      pool.proberOf(server)?.probeNow();
    },
    probes(poolName, serverName) {
      const { probes } = findServer(pools, poolName, serverName).server;
      return { probes: probes.list(), run: probes.run, failed: probes.failed, forgotten: probes.forgotten };
    },
  };
}

const adminWords: Record<AdminState, string> = {
  ready: 'is ready: it takes new clients',
  drain: 'is draining: it keeps its sessions and takes no new clients',
  maintenance: 'is in maintenance: it takes no requests and is not probed',
};
