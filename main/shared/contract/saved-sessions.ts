import { z } from 'zod';

const id = z.string().min(1).max(200);

const savedSessionSchema = z.object({
  handle: z.string().regex(/^s[1-9]\d{0,9}$/),
  /** A digest, or the client's address or network: see `Session.key`. */
  key: z.string().min(1).max(63),
  client: z.string().max(63),
  /** Id, as `from` and `to`. */
  server: id,
  pinned: z.boolean(),
  moved: z.int().min(0),
  moves: z.array(z.object({ from: id, to: id, reason: z.string(), atMs: z.number() })).max(5),
  sinceMs: z.number(),
  lastUsedMs: z.number(),
  cookieSentMs: z.number(),
  hits: z.int().min(0),
});
export type SavedSession = z.infer<typeof savedSessionSchema>;

/** The sessions of a pool, or some of them. */
export const savedPoolSchema = z.object({
  pool: id,
  /** By what clients were told apart: to be taken over only where that is still so. */
  source: z.string(),
  sessions: z.array(savedSessionSchema),
});
export type SavedPool = z.infer<typeof savedPoolSchema>;

/** What the next run of Ballast needs to go on with the sessions of this one (`persistSessions`). */
export const savedSessionsSchema = z.object({ pools: z.array(savedPoolSchema) });
export type SavedSessions = z.infer<typeof savedSessionsSchema>;

/** Sessions of each pool that are saved, the pinned and the most recently used ones. */
export const mostSaved = 50_000;
