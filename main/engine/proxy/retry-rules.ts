import type { RetryConfig } from '@shared/config/schema.ts';
import type { AttemptOutcome } from '@shared/contract/values.ts';
import type { StopReason } from './failure-text.ts';

/** A request that is not safe to repeat is kept up to here, for the case that provably nothing of it was delivered. */
const unrepeatableBytes = 16_384;
/** RFC 9110 section 9.2.2. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Sending it twice means the same as sending it once. */
export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method);
}

/** How much of a request's body is kept for a repeat, in bytes. */
export function keptBodyBytes({ bodyBytes }: RetryConfig, idempotent: boolean): number {
  return idempotent ? bodyBytes : Math.min(bodyBytes, unrepeatableBytes);
}

/**
 * To pass by servers where nobody listens costs next to no time and delivers nothing, so it uses up no attempt: as long as
 * one server of many lives, a request finds it. A pool with a single attempt wants no other server tried at all.
 *
 * @param refused how many of the attempts found nobody listening
 */
export function attemptsUsedUp({ attempts }: RetryConfig, made: number, refused: number): boolean {
  return attempts === 1 || made - refused >= attempts;
}

/** The pool wants a response of this status tried elsewhere. */
export function retriesStatus(retry: RetryConfig, status: number): boolean {
  return status >= 400 && retry.on.includes(status);
}

/**
 * What forbids that a request is sent again after such an outcome; null for nothing. Whether the budget and the servers
 * allow it is another question.
 *
 * @param bodyKept all that came of the body can be sent again
 */
export function whyNotAgain(
  outcome: AttemptOutcome,
  idempotent: boolean,
  bodyKept: boolean,
): StopReason | null {
  // A connection that never was has delivered nothing: anything may be tried elsewhere.
  if (outcome !== 'connect-failed' && !idempotent) return 'method';
  return bodyKept ? null : 'body';
}
