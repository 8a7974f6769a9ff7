import type { Session } from '@shared/contract/session-values.ts';
import { plural } from '../metrics/format.ts';
import { run } from './run.ts';

/** What can be done to sessions, from wherever it is offered. Each resolves with whether it was done. */

/** Its client is bound anew at its next request. */
export async function endSession({ pool, id, client }: Session): Promise<boolean> {
  const done = await run('session.end', { pool, id }, 'Session not ended', {
    done: `Session ${id} of ${client} ended; its next request is bound anew`,
  });
  return done !== undefined;
}

/** @param server name, not id */
export async function moveSession({ pool, id, client }: Session, server: string): Promise<boolean> {
  const done = await run('session.move', { pool, id, server }, 'Session not moved', {
    done: `Session ${id} of ${client} moved to ${server}`,
  });
  return done !== undefined;
}

/** A pinned session neither expires nor moves. */
export async function pinSession({ pool, id, client }: Session, pinned: boolean): Promise<boolean> {
  const failing = pinned ? 'Session not pinned' : 'Session not unpinned';
  const done = await run('session.pin', { pool, id, pinned }, failing, {
    done: ({ server }) => {
      const name = server.slice(server.indexOf('/') + 1);
      return pinned
        ? `Session ${id} of ${client} is pinned to ${name}: it neither expires nor moves`
        : `Session ${id} of ${client} is not pinned any more`;
    },
  });
  return done !== undefined;
}

/** All of a server's. @param server name, not id */
export async function endSessionsOf(pool: string, server: string): Promise<boolean> {
  const done = await run('session.end-all', { pool, server }, `Sessions of ${server} not ended`, {
    done: ({ ended }) =>
      ended === 0
        ? `${server} has no sessions`
        : `${plural(ended, 'session')} of ${server} ended; their next requests are bound anew`,
  });
  return done !== undefined;
}
