import type { SavedSession } from '@shared/contract/saved-sessions.ts';
import type { Session } from '@shared/contract/session-values.ts';
import type { ActiveAffinityConfig } from './affinity-config.ts';
import { shownKey } from './client-key.ts';
import type { SessionFacts, SessionMove } from './session-entry.ts';

/** A session as people see it. @param toEpoch what makes milliseconds since 1970 of the clock's `now()` */
export function describeSession(
  entry: SessionFacts,
  pool: string,
  { type, ttlMs, expiry }: ActiveAffinityConfig,
  toEpoch: number,
): Session {
  const { handle, key, client, server, pinned, moved, moves, since, lastUsed, hits } = entry;
  const at = (now: number): number => Math.round(now + toEpoch);
  return {
    id: handle,
    pool,
    type,
    client,
    key: shownKey(key, type),
    server: server.id,
    pinned,
    moved,
    moves: movesAt(moves, at),
    sinceMs: at(since),
    lastUsedMs: at(lastUsed),
    expiresMs: pinned ? null : at((expiry === 'sliding' ? lastUsed : since) + ttlMs),
    hits,
  };
}

function movesAt(moves: readonly SessionMove[], at: (now: number) => number): Session['moves'] {
  return moves.map(({ from, to, reason, at: now }) => ({ from, to, reason, atMs: at(now) }));
}

/** A session for the next run. */
export function savedSession(entry: SessionFacts, toEpoch: number): SavedSession {
  const { handle, key, client, server, pinned, moved, moves, since, lastUsed, cookieSentAt, hits } = entry;
  const at = (now: number): number => Math.round(now + toEpoch);
  return {
    handle,
    key,
    client,
    server: server.id,
    pinned,
    moved,
    moves: movesAt(moves, at),
    sinceMs: at(since),
    lastUsedMs: at(lastUsed),
    cookieSentMs: at(cookieSentAt),
    hits,
  };
}

/** A session of an earlier run. A clock that was set back since then makes none of its times lie ahead. */
export function restoredSession(saved: SavedSession, toEpoch: number, now: number): SessionFacts {
  const { handle, key, client, server, pinned, moved, moves, hits } = saved;
  const at = (epochMs: number): number => Math.min(epochMs - toEpoch, now);
  return {
    handle,
    key,
    client,
    server: { id: server, name: server.slice(server.indexOf('/') + 1) },
    pinned,
    moved,
    moves: moves.map(({ from, to, reason, atMs }) => ({ from, to, reason, at: at(atMs) })),
    since: at(saved.sinceMs),
    lastUsed: at(saved.lastUsedMs),
    cookieSentAt: at(saved.cookieSentMs),
    hits,
  };
}
