import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import type { UnavailableReason } from '@shared/contract/server-values.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import type { OutlierCause } from '../health/outlier-cells.ts';
import type { DecisionRecord } from './decision.ts';

/** Completes `api-2 is …`. */
export const reasonWords: Record<UnavailableReason, string> = {
  maintenance: 'in maintenance',
  drain: 'draining',
  drained: 'drained (its deadline has passed)',
  unhealthy: 'unhealthy',
  ejected: 'ejected (outlierDetection)',
  full: 'at its limit of requests in flight',
  'weight-zero': 'of weight 0',
  priority: 'behind servers of a better priority',
  backup: 'a backup',
  tried: 'tried already',
  'circuit-open': 'behind the open circuit',
};

/** The same of one that is ejected, with what that was for. The figures of it stand in the event. */
export const ejectedWords: Readonly<Record<OutlierCause, string>> = {
  none: reasonWords.ejected,
  consecutive: 'ejected (outlierDetection: failures in a row)',
  percent: 'ejected (outlierDetection: its share of failures)',
  latency: 'ejected (outlierDetection: slower than the others)',
  trial: 'ejected (outlierDetection: its trial request failed)',
};

/** Completes `api-2 is …` by what the decision knew of it. @param index place in the roster; -1 where it is not there */
export function reasonText(record: DecisionRecord, index: number, reason: UnavailableReason): string {
  if (reason !== 'ejected' || index < 0) return reasonWords[reason];
  return ejectedWords[record.facts(index).ejectedBecause];
}

/** `is unhealthy`, `was tried already`. */
export function standingText(record: DecisionRecord, index: number, reason: UnavailableReason): string {
  return `${reason === 'tried' ? 'was' : 'is'} ${reasonText(record, index, reason)}`;
}

/** `api-3` of `api/api-3`. */
export function shortName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** What came of an attempt, e.g. `connection refused`, `answered 503`. */
export function attemptWords(attempt: {
  readonly outcome: AttemptOutcome;
  readonly status: number | null;
  readonly detail: string | null;
}): string {
  if (attempt.outcome === 'responded') return `answered ${attempt.status}`;
  return attempt.detail ?? outcomeWords(attempt.outcome);
}

function outcomeWords(outcome: Exclude<AttemptOutcome, 'responded'>): string {
  switch (outcome) {
    case 'connect-failed':
      return 'no connection';
    case 'closed-before-response':
      return 'closed the connection before a response';
    case 'failed-mid-response':
      return 'broke off in the middle of its response';
    case 'timed-out':
      return 'did not answer in time';
    case 'client-aborted':
      return 'the client went away';
    case 'cancelled':
      return 'another attempt was answered first';
    default:
      return assertNever(outcome);
  }
}
