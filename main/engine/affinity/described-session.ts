import type { SavedSession } from '@shared/contract/saved-sessions.ts';
import type { Session } from '@shared/contract/session-values.ts';
import type { ActiveAffinityConfig } from './affinity-config.ts';
import { shownKey } from './client-key.ts';
import type { SessionFacts } from './session-entry.ts';

/** A session as people see it. @param toEpoch what makes milliseconds since 1970 of the clock's `now()` */
export function describeSession(
  entry: SessionFacts,
  pool: string,
  { type, ttlMs, expiry }: ActiveAffinityConfig,
  toEpoch: number,
): Session {
  const { handle, key, ...facts } = toldFacts(entry, toEpoch);
  const lastsFromMs = expiry === 'sliding' ? facts.lastUsedMs : facts.sinceMs;
  return {
    ...facts,
    id: handle,
    pool,
    type,
    key: shownKey(key, type),
    expiresMs: entry.pinned ? null : Math.round(lastsFromMs + ttlMs),
  };
}

/** A session for the next run. */
export function savedSession(entry: SessionFacts, toEpoch: number): SavedSession {
  return { ...toldFacts(entry, toEpoch), cookieSentMs: Math.round(entry.cookieSentAt + toEpoch) };
}

function toldFacts(entry: SessionFacts, toEpoch: number): Omit<SavedSession, 'cookieSentMs'> {
  const { handle, key, client, server, pinned, moved, moves, since, lastUsed, hits } = entry;
  const at = (now: number): number => Math.round(now + toEpoch);
  return {
    handle,
    key,
    client,
    server: server.id,
    pinned,
    moved,
    moves: moves.map(({ from, to, reason, at: now }) => ({ from, to, reason, atMs: at(now) })),
    sinceMs: at(since),
    lastUsedMs: at(lastUsed),
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
