import { z } from 'zod';
import { limitKinds } from '../catalog/limits.ts';

/** Counts and rates, as frames carry them. Times are `Ms` since the epoch unless a name says otherwise. */

export const trafficSchema = z.object({
  /** Requests finished in the last second. */
  ratePerSecond: z.number(),
  activeRequests: z.number(),
  /** Finished since start. */
  requests: z.number(),
  /** Finished since start by class of status: 1xx (a switched protocol), 2xx, 3xx, 4xx, 5xx. */
  statusClasses: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()]),
  /** Over the last `windowMs`, null where nothing was measured. */
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
export type Traffic = z.infer<typeof trafficSchema>;

/** Of one server: its `requests` are attempts, those that were answered and those that failed. */
export const serverTrafficSchema = trafficSchema.extend({
  /** Those of its `requests` since start that failed: no whole response, or a status that counts as a failure (docs/guide/failing-servers.md). */
  failedAttempts: z.number(),
  /** Share of the pool's requests over the window, 0 to 1; null without requests. */
  shareHad: z.number().nullable(),
  /** Share that strategy and weights promise now, 0 to 1; null where load or clients decide. */
  shareWanted: z.number().nullable(),
});
export type ServerTraffic = z.infer<typeof serverTrafficSchema>;

/**
 * Retry amplification: what the servers have to do for each request of a client, in attempts. 1 where nothing was tried again. Null
 * without requests.
 */
export const attemptsPerRequestSchema = z.object({
  /** Of the requests that finished in the last `windowMs`. */
  recent: z.number().nullable(),
  /** Of all since start. */
  sinceStart: z.number().nullable(),
});
export type AttemptsPerRequest = z.infer<typeof attemptsPerRequestSchema>;

/** What a pool may still try again, over the last 10 s. */
export const retryBudgetSchema = z.object({
  used: z.number(),
  /** By `budgetPercent` of the requests there were, or by `budgetMinPerSecond`, whichever is more. */
  allowed: z.number(),
});
export type RetryBudgetStatus = z.infer<typeof retryBudgetSchema>;

/** Requests of a pool that waited for a server to have a slot. */
export const queueTrafficSchema = z.object({
  /** Waiting now. */
  length: z.number(),
  /** Got a server after waiting, since start. */
  served: z.number(),
  /** Found the queue full, since start. */
  refused: z.number(),
  /** Waited in vain, since start. */
  timedOut: z.number(),
  /** Time waited by those that got a server over the last `windowMs`, null where none did. */
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});
export type QueueTraffic = z.infer<typeof queueTrafficSchema>;

export const circuitStates = ['closed', 'open', 'half-open'] as const;
export type CircuitState = (typeof circuitStates)[number];

/** The circuit breaker of a pool. */
export const circuitStatusSchema = z.object({
  state: z.enum(circuitStates),
  /** Why it opened, e.g. `12 of 20 requests failed within 10s`; null while it is closed. */
  because: z.string().nullable(),
  /** When it will be half open; null unless it is open. */
  openUntilMs: z.number().nullable(),
  /** While it is half open: how many trial requests went well, of how many. */
  trials: z.object({ succeeded: z.number(), of: z.number() }).nullable(),
  /** How often it opened since start. */
  opened: z.number(),
  /** Requests that got 503 because of it, since start. */
  refused: z.number(),
});
export type CircuitStatus = z.infer<typeof circuitStatusSchema>;

export const limitCountSchema = z.object({
  kind: z.enum(limitKinds),
  /** Null where it concerns a pool, or all of Ballast. */
  listener: z.string().nullable(),
  pool: z.string().nullable(),
  /** How often it was reached since start. */
  count: z.number(),
  /** When it was last, milliseconds since 1970. */
  lastAtMs: z.number(),
});
export type LimitCount = z.infer<typeof limitCountSchema>;

export const metricsSchema = z.object({
  atMs: z.number(),
  windowMs: z.number(),
  total: trafficSchema.extend({
    /** Share of finished requests over the window that ended neither in 5xx nor in a broken connection; null without requests. */
    successRatio: z.number().nullable(),
    /** Requests since start that met a failure and were tried again. */
    retried: z.number(),
    /** Those of them that the client saw succeed. */
    savedByRetry: z.number(),
    /** Requests since start that failed for the client: 5xx or a broken connection, whoever was to blame. */
    failed: z.number(),
    attemptsPerRequest: attemptsPerRequestSchema,
  }),
  listeners: z.record(z.string(), trafficSchema),
  pools: z.record(
    z.string(),
    trafficSchema.extend({
      /** Attempts after a request's first, since start. */
      retries: z.number(),
      /** Those of them that were begun beside another, which took long. */
      hedges: z.number(),
      /** Requests that were answered by such a one. */
      hedgesWon: z.number(),
      attemptsPerRequest: attemptsPerRequestSchema,
      retryBudget: retryBudgetSchema,
      sessions: z.number(),
      queue: queueTrafficSchema,
      /** Null where the pool has no circuit breaker. */
      circuit: circuitStatusSchema.nullable(),
      /** Attempts since start that shared their connection with others (batching). */
      batched: z.number(),
      /** Those of them that had to be sent again by themselves. */
      sentApart: z.number(),
    }),
  ),
  servers: z.record(z.string(), serverTrafficSchema),
  /** Limits that were reached, and how often; those that never were are missing. */
  limits: z.array(limitCountSchema),
});
export type Metrics = z.infer<typeof metricsSchema>;
