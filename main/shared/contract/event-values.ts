import { z } from 'zod';

/** What happened, as frames carry it. Times are `Ms` since the epoch; ids of servers are `pool/name`. */

export const eventKinds = [
  'probe-failed',
  'verdict-changed',
  'server-ejected',
  'ejection-withheld',
  'server-returned',
  'circuit-opened',
  'circuit-half-open',
  'circuit-closed',
  'admin-state-changed',
  'drain-ended',
  'attempt-failed',
  'request-retried',
  'request-failed',
  'session-bound',
  'session-moved',
  'session-expired',
  'session-ended',
  'panic-began',
  'panic-ended',
  'session-pinned',
  'sessions-restored',
  'limit-reached',
  'name-resolved',
  'name-failed',
  'replica-started',
  'replica-exited',
  'config-applied',
  'config-refused',
  'engine-crashed',
  'engine-restarted',
  'thread-crashed',
  'thread-restarted',
  'threads-changed',
] as const;
export type EventKind = (typeof eventKinds)[number];

/** What changes who is asked: health, ejections, panic, circuits. Few, and each worth telling. */
export const standingEventKinds = [
  'verdict-changed',
  'server-ejected',
  'ejection-withheld',
  'server-returned',
  'panic-began',
  'panic-ended',
  'circuit-opened',
  'circuit-half-open',
  'circuit-closed',
] as const satisfies readonly EventKind[];

export const eventSchema = z.object({
  /** Grows by one; also the cursor of the log. */
  sequence: z.number(),
  atMs: z.number(),
  kind: z.enum(eventKinds),
  /** Told to a person, complete by itself: `api-2 is unhealthy: 3 probes in a row were refused`. */
  text: z.string(),
  tone: z.enum(['good', 'bad', 'neutral']),
  pool: z.string().nullable(),
  /** Id of the server concerned. */
  server: z.string().nullable(),
  /** Id of the request concerned. */
  request: z.string().nullable(),
  /** How many happenings this entry stands for, where it sums up several; one when left out. */
  count: z.number().optional(),
});
export type BallastEvent = z.infer<typeof eventSchema>;
