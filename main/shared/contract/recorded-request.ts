import { z } from 'zod';
import { attemptOutcomes, requestSummarySchema } from './request-values.ts';

/** One try of a recorded request. */
export const recordedAttemptSchema = z.object({
  /** Id. */
  server: z.string(),
  /** Milliseconds after the request arrived. */
  startedAfterMs: z.number(),
  durationMs: z.number().min(0),
  outcome: z.enum(attemptOutcomes),
  /** 0 where no response came. */
  status: z.number(),
});
export type RecordedAttempt = z.infer<typeof recordedAttemptSchema>;

/** What may speak against a server: its probes fail, nobody listens there, or its attempts failed. */
export const recordedFaults = ['unhealthy', 'unreachable', 'ejected'] as const;
export type RecordedFault = (typeof recordedFaults)[number];

/**
 * A request as `ballast record` writes it and `ballast replay` reads it: what is needed to run it again elsewhere, and nothing
 * of what it carried. Cookies and the values of fields are not in it; who belongs together is told by names that mean nothing.
 */
export const recordedRequestSchema = requestSummarySchema
  .pick({
    id: true,
    listener: true,
    pool: true,
    client: true,
    method: true,
    target: true,
    status: true,
    requestBytes: true,
  })
  .extend({
    /** Milliseconds from an arbitrary start, the same for all requests of a run; in a file from the first of them. */
    arrivedMs: z.number(),
    durationMs: z.number().min(0),
    /** The client saw a failure. */
    failed: z.boolean(),
    /** Time spent in the pool's queue, of all attempts together. */
    queuedMs: z.number().min(0),
    /** Handle of the session in the pool; null where it has none. */
    session: z.string().nullable(),
    /** What affinity did at the last attempt; null where the pool has none. */
    affinity: z.enum(['kept', 'bound', 'moved', 'lent', 'none', 'rejected']).nullable(),
    /** 32-bit hash of the key that the `hash` strategy went by; null where it went by none: another strategy, no such key, or a session decided. */
    key: z.int().min(0).max(0xffff_ffff).nullable(),
    /** What spoke against servers of the pool, by id, when it was led to the first; nothing against all others. Left out where nobody knows. */
    unwell: z.record(z.string(), z.array(z.enum(recordedFaults))).optional(),
    attempts: z.array(recordedAttemptSchema),
    /** Place, from 0, of the attempt that was answered, or that ended last where none was. Left out of a request of fewer than two. */
    decisive: z.int().min(0).optional(),
  });
export type RecordedRequest = z.infer<typeof recordedRequestSchema>;

/** A place among the requests of all threads, which are in the order of their end and, where that is the same, of their ids. */
export const recordCursorSchema = z.object({ endedAt: z.number(), id: z.string() });
export type RecordCursor = z.infer<typeof recordCursorSchema>;

/** A recorded request and its place. */
export interface PlacedRequest {
  readonly request: RecordedRequest;
  readonly at: RecordCursor;
}

/** Whether `one` is behind `other`: older. */
export function isOlder(one: RecordCursor, other: RecordCursor): boolean {
  return one.endedAt < other.endedAt || (one.endedAt === other.endedAt && one.id < other.id);
}

/** For sorting: the newest first. */
export function newestFirst(one: PlacedRequest, other: PlacedRequest): number {
  return isOlder(one.at, other.at) ? 1 : -1;
}
