import { retryOutcomes } from '@shared/config/retry-schema.ts';
import type { RetryConfig } from '@shared/config/schema.ts';
import { coversStatus, type StatusRange } from '@shared/config/status-ranges.ts';
import type { AttemptOutcome, StopReason } from '@shared/contract/request-values.ts';

/** A request that is not safe to repeat is kept up to here, for the case that provably nothing of it was delivered. */
const unrepeatableBytes = 16_384;

/** The pool lets such a request be sent again although it may have taken effect. Methods are case-sensitive (RFC 9110 section 9.1). */
export function isRepeatable({ methods }: RetryConfig, method: string): boolean {
  return methods.includes(method);
}

/** How much of a request's body is kept for a repeat, in bytes. */
export function keptBodyBytes({ bodyBytes }: RetryConfig, repeatable: boolean): number {
  return repeatable ? bodyBytes : Math.min(bodyBytes, unrepeatableBytes);
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
export function retriesStatus({ on }: RetryConfig, status: number): boolean {
  if (status < leastStatus || on.length === 0) return false;
  let covered = coveredBy.get(on);
  if (covered === undefined) {
    covered = statusesOf(on);
    coveredBy.set(on, covered);
  }
  return covered[status - leastStatus] === 1;
}

const leastStatus = 400;
const statuses = 200;
/** Each list is taken apart once. */
const coveredBy = new WeakMap<RetryConfig['on'], Uint8Array>();

/** For each status from 400 to 599: 1 where one of the ranges covers it. */
export function statusesOf(ranges: readonly StatusRange[]): Uint8Array {
  const covered = new Uint8Array(statuses);
  for (let at = 0; at < statuses; at++)
    if (ranges.some((range) => coversStatus(range, leastStatus + at))) covered[at] = 1;
  return covered;
}

/**
 * The pool wants an attempt followed by another that failed in this way. A list that names only statuses adds them to every way
 * to fail: what it does not speak of stays as it is without it.
 */
export function retriesOutcome({ on }: RetryConfig, outcome: AttemptOutcome): boolean {
  if (outcome === 'responded' || on.length === 0) return true;
  return on.includes(outcome) || !on.some((each) => isOutcome(each));
}

function isOutcome(reason: RetryConfig['on'][number]): boolean {
  return (retryOutcomes as readonly unknown[]).includes(reason);
}

/**
 * What forbids that a request is sent again after such an outcome; null for nothing. Whether the budget and the servers
 * allow it is another question.
 *
 * @param repeatable its method may be sent again although it may have taken effect
 * @param bodyKept all that came of the body can be sent again
 */
export function whyNotAgain(
  retry: RetryConfig,
  outcome: AttemptOutcome,
  repeatable: boolean,
  bodyKept: boolean,
): StopReason | null {
  if (!retriesOutcome(retry, outcome)) return 'outcome';
  // A connection that never was has delivered nothing: anything may be tried elsewhere.
  if (outcome !== 'connect-failed' && !repeatable) return 'method';
  return bodyKept ? null : 'body';
}
