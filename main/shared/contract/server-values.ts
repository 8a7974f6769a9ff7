import { z } from 'zod';

/** Servers and the processes behind them, as frames carry them. Times are `Ms` since the epoch unless a name says otherwise; ids of servers are `pool/name`. */

export const adminStates = ['ready', 'drain', 'maintenance'] as const;
export type AdminState = (typeof adminStates)[number];
export const verdicts = ['unknown', 'healthy', 'unhealthy'] as const;
export type Verdict = (typeof verdicts)[number];

/**
 * Why a server takes no request just now. `drained`: the deadline of its drain has passed. `tried`: this request was there already. `priority`,
 * `backup`: one of a better level is available. `circuit-open`: the whole pool is left alone.
 */
export const unavailableReasons = [
  'maintenance',
  'drain',
  'drained',
  'unhealthy',
  'ejected',
  'full',
  'weight-zero',
  'priority',
  'backup',
  'tried',
  'circuit-open',
] as const;
export type UnavailableReason = (typeof unavailableReasons)[number];

export const probeSchema = z.object({
  atMs: z.number(),
  succeeded: z.boolean(),
  durationMs: z.number(),
  /** What was seen: `200`, `refused`, `no answer within 1s`, `503, expected 2xx`. */
  detail: z.string(),
});
export type Probe = z.infer<typeof probeSchema>;

/** One of the history, with what the server was taken for after it. */
export const probeRecordSchema = probeSchema.extend({ verdict: z.enum(verdicts) });
export type ProbeRecord = z.infer<typeof probeRecordSchema>;

/** A server as the engine sees it: four independent facts, and the availability that follows from them. */
export const serverStatusSchema = z.object({
  id: z.string(),
  pool: z.string(),
  name: z.string(),
  address: z.string(),
  adminState: z.enum(adminStates),
  /** When it is to be empty; null where it does not drain, or takes as long as it takes. */
  drainUntilMs: z.number().nullable(),
  verdict: z.enum(verdicts),
  verdictSinceMs: z.number(),
  ejectedUntilMs: z.number().nullable(),
  /** Why it is ejected, e.g. `5 attempts in a row failed`; null while it is not. */
  ejectedBecause: z.string().nullable(),
  /** How many ejections count towards the length of the next; clean time takes them off again. */
  timesEjected: z.number(),
  /** Why it is not ejected although real traffic says it should be; null where that is not so. */
  notEjected: z.string().nullable(),
  /** What its weight is worth now: less than configured while it is in slow start. */
  effectiveWeight: z.number(),
  /** Probes or failures speak against it, and it is asked all the same (while it drains, by bound clients): its pool is in panic. */
  inPanic: z.boolean(),
  /** For a new client, now. */
  available: z.boolean(),
  reason: z.enum(unavailableReasons).nullable(),
  /** Null before the first, and in maintenance. */
  lastProbe: probeSchema.nullable(),
  /** The last that failed, however long ago; null where none has. */
  lastFailedProbe: probeSchema.nullable(),
  probesRun: z.number(),
  probesFailed: z.number(),
});
export type ServerStatus = z.infer<typeof serverStatusSchema>;

/** A process that backs a server: started by Ballast. */
export const replicaStatusSchema = z.object({
  id: z.string(),
  group: z.string(),
  /** The server address it listens on; servers are matched to it by this. */
  address: z.string(),
  command: z.string(),
  state: z.enum(['starting', 'running', 'exited', 'failed']),
  /** Why it `failed`, and what to do; missing in every other state. */
  problem: z.string().optional(),
  pid: z.number().nullable(),
  startedAtMs: z.number().nullable(),
  exit: z
    .object({
      atMs: z.number(),
      code: z.number().nullable(),
      signal: z.string().nullable(),
      /** Ballast was asked to end it. */
      asked: z.boolean(),
      /** The last lines it wrote to standard error, for one that ended by itself. */
      output: z.string(),
    })
    .nullable(),
});
export type ReplicaStatus = z.infer<typeof replicaStatusSchema>;
