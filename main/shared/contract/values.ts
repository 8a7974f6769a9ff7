import { z } from 'zod';
import { limitKinds } from '../catalog/limits.ts';
import type { Config } from '../config/schema.ts';

/** What travels inside frames. Times are `Ms` since the epoch unless a name says otherwise; ids of servers are `pool/name`. */

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
  /** It is asked whatever probes and failures say: its pool is in panic. */
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

export const listenerStatusSchema = z.object({
  name: z.string(),
  /** With the port that was really bound. */
  address: z.string(),
  url: z.string(),
  openConnections: z.number(),
});
export type ListenerStatus = z.infer<typeof listenerStatusSchema>;

/** What the engine holds just now. Everything but connections is zero when nothing is under way. */
export const resourcesSchema = z.object({
  clientConnections: z.number(),
  serverConnections: z.number(),
  /** Those of them that carry no request. */
  idleServerConnections: z.number(),
  /** Deadlines that are watched: at most one for each connection, and one for each client whose request has times of its own. */
  deadlines: z.number(),
  /** Large buffers lent to connections that a large body passes. */
  leasedBuffers: z.number(),
  /** Of requests: read ahead, or kept in case they have to be sent again. */
  keptBytes: z.number(),
});
export type Resources = z.infer<typeof resourcesSchema>;

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

export const serverTrafficSchema = trafficSchema.extend({
  /** Attempts that failed since start. */
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
    /** Requests since start that failed for the client. */
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

export const attemptOutcomes = [
  'responded',
  'connect-failed',
  'closed-before-response',
  'failed-mid-response',
  'timed-out',
  'client-aborted',
  /** Another attempt of the same request, beside this one, was answered first. */
  'cancelled',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export const requestSummarySchema = z.object({
  id: z.string(),
  atMs: z.number(),
  durationMs: z.number(),
  listener: z.string(),
  /** Null where no route matched or the request was refused. */
  pool: z.string().nullable(),
  client: z.string(),
  method: z.string(),
  target: z.string(),
  /** What the client got; 0 where it got nothing. */
  status: z.number(),
  /** Id of the server that the client was answered by; where none did, of the one asked last. */
  server: z.string().nullable(),
  attempts: z.number(),
  requestBytes: z.number(),
  responseBytes: z.number(),
  /** Why it failed for the client, in words; null where it did not. */
  error: z.string().nullable(),
});
export type RequestSummary = z.infer<typeof requestSummarySchema>;

/** What binds a client to a server. */
export const affinityTypes = ['cookie', 'app-cookie', 'header', 'client-ip'] as const;

export const decisionSchema = z.object({
  /** Which one picked, or would have. */
  strategy: z.string(),
  /** What the pool is configured to pick by: another where that one fell back. */
  poolStrategy: z.string(),
  /** The options of that, in the words of the file. */
  options: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Every server of the pool as it was seen at that moment, in configured order. */
  servers: z.array(
    z.object({
      id: z.string(),
      /** As configured. */
      weight: z.number(),
      /** The one that counted at this pick. */
      effectiveWeight: z.number(),
      activeRequests: z.number(),
      /** Most it may have in flight; 0 for no limit. */
      maxRequests: z.number(),
      /** Moving average of its time to answer; null where nothing was measured yet. */
      latencyMs: z.number().nullable(),
      adminState: z.enum(adminStates),
      verdict: z.enum(verdicts),
      ejected: z.boolean(),
      /** For how much longer; not above 0 where the time was over and a trial request was due or under way; null where not ejected. */
      ejectedForMs: z.number().nullable(),
      /** When somebody last tried, nobody listened there. */
      unreachable: z.boolean(),
      backup: z.boolean(),
      /** 0 is asked first. */
      priority: z.number(),
      /** This request had been there before. */
      tried: z.boolean(),
      state: z.enum(['picked', 'candidate', ...unavailableReasons]),
      /** Why it was out; completes `api-2 …`: `is draining`, `was tried already: connection refused`. Empty where it was not. */
      out: z.string(),
      /** What the strategy saw of it, e.g. `current 5`, `2 in flight / weight 3`; empty where it looked at nothing. */
      detail: z.string(),
    }),
  ),
  /** How affinity took part; null where the pool has none. */
  affinity: z
    .object({
      /** What told the client apart. */
      by: z.enum(affinityTypes),
      result: z.enum(['kept', 'bound', 'moved', 'lent', 'none', 'rejected']),
      server: z.string().nullable(),
      reason: z.string(),
    })
    .nullable(),
  /** How long the request had waited in the queue before this; 0 where it had not. */
  queuedMs: z.number(),
  /** The reasoning in one or two sentences. */
  sentence: z.string(),
});
export type Decision = z.infer<typeof decisionSchema>;

export const attemptSchema = z.object({
  server: z.string(),
  /** Milliseconds after the request arrived. */
  startedAfterMs: z.number(),
  durationMs: z.number(),
  outcome: z.enum(attemptOutcomes),
  status: z.number().nullable(),
  /** E.g. `connection refused`, `no response within 30s`. */
  detail: z.string().nullable(),
  /** It was begun beside the one before, which took long; not because that had failed. */
  hedge: z.boolean(),
  decision: decisionSchema.nullable(),
  /** How it shared its connection with others of the same moment; null where it had one for itself. */
  batch: z
    .object({
      /** From 1: the order in which the server was asked to answer. */
      place: z.number(),
      size: z.number(),
      /** Why it left the others and was sent again by itself; null where it did not. */
      apart: z.string().nullable(),
    })
    .nullable(),
});
export type Attempt = z.infer<typeof attemptSchema>;

export const requestDetailSchema = requestSummarySchema.extend({
  /** The rule of the listener that led to the pool, as configured; `host` null for any. Null where none matched. */
  route: z.object({ host: z.string().nullable(), path: z.string() }).nullable(),
  attemptList: z.array(attemptSchema),
  /** The decision that found no server, where the last one did. */
  unserved: decisionSchema.nullable(),
});
export type RequestDetail = z.infer<typeof requestDetailSchema>;

export const sessionSchema = z.object({
  /** Stable handle for `session.end`; never the cookie's value. */
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

/** The configuration as it runs, with the revision that edits may insist on. */
export interface ConfigSnapshot {
  readonly revision: number;
  readonly config: Config;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

export const problemSchema = z.object({
  message: z.string(),
  line: z.number().nullable(),
  column: z.number().nullable(),
  excerpt: z.string().nullable(),
});

/** A setting, or several together, that can have no effect; the file runs as it is. */
export const noteSchema = problemSchema.extend({
  /** For programs: `weights-ignored`. */
  rule: z.string(),
  /** Keys concerned. */
  settings: z.array(z.string()),
  pool: z.string().nullable(),
});
export type Note = z.infer<typeof noteSchema>;

export const engineStatusSchema = z.object({
  state: z.enum(['starting', 'running', 'restarting', 'stopped']),
  restarts: z.number(),
  /** Why the last restart was needed. */
  lastError: z.string().nullable(),
});
export type EngineStatus = z.infer<typeof engineStatusSchema>;

export const workspaceStatusSchema = z.object({
  /** Full path of the file. */
  path: z.string(),
  /** Short, for the title: `shop / ballast.yaml`. */
  title: z.string(),
  /** The demo's own workspace: temporary. */
  demo: z.boolean(),
  /** What is wrong with the file on disk while an earlier version of it keeps running. */
  problems: z.array(problemSchema),
  /** Settings of what runs that can have no effect. */
  notes: z.array(noteSchema),
});
export type WorkspaceStatus = z.infer<typeof workspaceStatusSchema>;

export const generatorStatusSchema = z.object({
  running: z.boolean(),
  ratePerSecond: z.number(),
  /** Where the requests go; null without a listener. */
  url: z.string().nullable(),
  /** As the generator itself, a client, saw them. */
  sent: z.number(),
  failed: z.number(),
});
export type GeneratorStatus = z.infer<typeof generatorStatusSchema>;
