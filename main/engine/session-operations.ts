import { ContractError } from '@shared/contract/errors.ts';
import type { Session } from '@shared/contract/session-values.ts';
import type { Clock } from './clock.ts';
import { findPool, findServer, type Pools } from './find-server.ts';
import { reasonWords } from './journal/words.ts';
import { unavailability } from './pool/availability.ts';

export interface SessionFilter {
  readonly pool?: string | undefined;
  /** Server id. */
  readonly server?: string | undefined;
  /** That session alone. */
  readonly id?: string | undefined;
  /** Part of the client's address, of the session's id, or the beginning of its key. */
  readonly search?: string | undefined;
  readonly limit: number;
}

/** What people see of the sessions of all pools, and do to them. */
export interface SessionOperations {
  sessions(filter: SessionFilter): { sessions: Session[]; total: number };
  /** These throw a `ContractError` `not-found` where there is no such pool, server or session. */
  endSession(pool: string, id: string): void;
  /** Ends all sessions of a server, or of the pool. Returns how many. */
  endSessions(pool: string, server: string | undefined): number;
  /** Binds a session to another server, which must be available to it. Returns the id of the one before. */
  moveSession(pool: string, id: string, server: string): string;
  /** Pins a session to its server, or no longer. Returns whether it was, and its server's id. */
  pinSession(pool: string, id: string, pinned: boolean): { before: boolean; server: string };
}

export function sessionOperations(pools: Pools, clock: Clock): SessionOperations {
  return {
    sessions({ pool: poolName, server, id, search, limit }) {
      const matches = (session: Session): boolean =>
        (server === undefined || session.server === server) &&
        (id === undefined || session.id === id) &&
        (search === undefined ||
          session.client.includes(search) ||
          session.id.includes(search) ||
          // Digests are chance: a part of one would be found where nobody meant it.
          session.key.startsWith(search));
      const asked = poolName === undefined ? [...pools.values()] : [findPool(pools, poolName)];
      const sessions: Session[] = [];
      let total = 0;
      for (const pool of asked) {
        const found = pool.sessions.list(matches, limit - sessions.length);
        sessions.push(...found.sessions);
        total += found.total;
      }
      return { sessions, total };
    },
    endSession(poolName, id) {
      if (findPool(pools, poolName).sessions.end(id)) return;
      throw noSession(pools, poolName, id);
    },
    endSessions(poolName, serverName) {
      if (serverName === undefined) return findPool(pools, poolName).sessions.endAll(null);
      const { pool, server } = findServer(pools, poolName, serverName);
      return pool.sessions.endAll(server);
    },
    moveSession(poolName, id, serverName) {
      const { pool, server } = findServer(pools, poolName, serverName);
      const reason = unavailability(server, clock.now(), true);
      if (reason !== null && reason !== 'full') {
        const message = `${serverName} is ${reasonWords[reason]}: the session would leave it again with its next request; choose another server, or make this one available first`;
        throw new ContractError('conflict', message);
      }
      const before = pool.sessions.move(id, server);
      if (before === undefined) throw noSession(pools, poolName, id);
      return before;
    },
    pinSession(poolName, id, pinned) {
      const pool = findPool(pools, poolName);
      const told = pool.sessions.pin(id, pinned);
      if (told === undefined) throw noSession(pools, poolName, id);
      if (!told.isFull) return { before: told.before, server: told.server };
      const message = `as many sessions of pool "${poolName}" are pinned as may be, half of affinity.maxSessions; unpin one first`;
      throw new ContractError('conflict', message);
    },
  };
}

function noSession(pools: Pools, pool: string, id: string): ContractError {
  const other = [...pools.values()].find(({ sessions }) => sessions.affinity?.keyOf(id) !== undefined);
  const why = other
    ? `it is of pool "${other.name}"`
    : 'it may have ended; look for it in the list of sessions (ballast sessions)';
  return new ContractError('not-found', `pool "${pool}" has no session "${id}": ${why}`);
}
