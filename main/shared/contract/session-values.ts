import { z } from 'zod';

/** Sessions, as frames carry them. Times are `Ms` since the epoch; ids of servers are `pool/name`. */

/** What binds a client to a server. */
export const affinityTypes = ['cookie', 'app-cookie', 'header', 'client-ip'] as const;

export const sessionSchema = z.object({
  /** Stable handle for `session.end`, of this session alone for as long as this Ballast runs; never the cookie's value. */
  id: z.string(),
  pool: z.string(),
  type: z.enum(affinityTypes),
  /** Client address as last seen. */
  client: z.string(),
  /** What tells the client apart: the beginning of a digest (`#3fA9xK2q`), or its address or network. Never a secret. */
  key: z.string(),
  server: z.string(),
  /** It neither expires nor leaves for others, and only a person moves it. */
  pinned: z.boolean(),
  /** How often it moved. */
  moved: z.number(),
  /** The newest of these moves, newest first. */
  moves: z.array(z.object({ from: z.string(), to: z.string(), reason: z.string(), atMs: z.number() })),
  sinceMs: z.number(),
  lastUsedMs: z.number(),
  /** Null for a pinned one. */
  expiresMs: z.number().nullable(),
  hits: z.number(),
});
export type Session = z.infer<typeof sessionSchema>;
