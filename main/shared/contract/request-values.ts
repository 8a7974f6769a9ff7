import { z } from 'zod';
import { adminStates, unavailableReasons, verdicts } from './server-values.ts';
import { affinityTypes } from './session-values.ts';

/** Requests, their attempts and the decisions behind those, as frames carry them. Times are `Ms` since the epoch unless a name says otherwise; ids of servers are `pool/name`. */

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

/** Why nothing more was tried for a request after its last attempt. */
export const stopReasons = [
  'attempts',
  'method',
  'outcome',
  'body',
  'budget',
  'no-server',
  /** Every other server was full, and the queue took nobody in. */
  'full',
  /** It waited in the queue in vain. */
  'queue',
  'time',
  /** The wait before another attempt would have taken longer than the request has. */
  'wait',
  /** The pool was removed while it waited for another attempt. */
  'removed',
  'announced',
  'response-begun',
] as const;
export type StopReason = (typeof stopReasons)[number];

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
      /** What let it be asked although probes or failures spoke against it; null where they did not, or where it was out. */
      admittedBy: z.enum(['panic', 'last-resort']).nullable(),
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
      /** `none` with a server: the client has a session there, and neither that server nor another could be asked. */
      result: z.enum(['kept', 'bound', 'moved', 'lent', 'none', 'rejected']),
      server: z.string().nullable(),
      reason: z.string(),
    })
    .nullable(),
  /** How long the request had waited in the queue before this; 0 where it had not. */
  queuedMs: z.number(),
  /** How long it had waited before that because of `retry.backoff`; 0 where it had not. */
  pausedMs: z.number(),
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
  /** Why nothing more was tried after the last attempt, `text` as a clause; null where it went well or the client left. */
  stop: z.object({ reason: z.enum(stopReasons), text: z.string() }).nullable(),
});
export type RequestDetail = z.infer<typeof requestDetailSchema>;
