import type { UnavailableReason } from '@shared/contract/server-values.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import { roughly } from '@shared/lib/ejected-text.ts';
import type { DecisionRecord } from './decision.ts';
import { type EarlierAttempt, wasRunning } from './earlier-attempts.ts';
import { attemptWords, reasonText } from './words.ts';

/**
 * Why a server was out of a decision, with the facts that say so; completes `api-2 …`.
 *
 * @param earlier the attempts of the request before the decision
 * @param atMs when that was made, in milliseconds after the request arrived
 */
export function outWords(
  record: DecisionRecord,
  index: number,
  reason: UnavailableReason,
  earlier: readonly EarlierAttempt[],
  atMs: number,
): string {
  switch (reason) {
    case 'maintenance':
      return 'is in maintenance';
    case 'drain':
      return 'is draining: it takes no new clients';
    case 'drained':
      return 'is drained: its deadline has passed';
    case 'unhealthy':
      return record.facts(index).unreachable
        ? 'is unhealthy: nobody listens there'
        : 'is unhealthy: its probes fail';
    case 'ejected':
      return `is ${reasonText(record, index, reason)}, ${ejectionWords(record, index)}`;
    case 'full':
      return `is full, with ${requests(record.activeRequests(index))} in flight of at most ${record.roster.maxRequests[index]}`;
    case 'weight-zero':
      return 'has weight 0: it takes no new clients';
    case 'priority':
      return `has priority ${record.roster.priorities[index]}, and a server of a better one is available`;
    case 'backup':
      return 'is a backup, and a primary server is available';
    case 'tried': {
      const before = earlier.findLast(({ server }) => server === record.roster.ids[index]);
      if (record.hedge && before && wasRunning(before, atMs)) return 'has the request already';
      return before ? `was tried already: ${attemptWords(before)}` : 'was tried already';
    }
    case 'circuit-open':
      return 'was left alone: the circuit of its pool was open';
    default:
      return assertNever(reason);
  }
}

function ejectionWords(record: DecisionRecord, index: number): string {
  const leftMs = record.ejectedForMs(index) ?? 0;
  if (leftMs > 0) return `for another ${roughly(leftMs)}`;
  return record.facts(index).onTrial
    ? 'until the trial request that is under way has gone well'
    : 'until a trial request has gone well';
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}
