import { assertNever } from '@shared/lib/assert-never.ts';
import { roughly } from '@shared/lib/ejected-text.ts';
import type { DecisionRecord, LastResort } from './decision.ts';
import { reasonText } from './words.ts';

/**
 * Whether probes or failures spoke against a server, so that only panic or a last resort let a request there. Not one whose ejection is
 * over: the next request is its trial.
 */
export function isUnwell(record: DecisionRecord, index: number): boolean {
  const { verdict, ejected, onTrial } = record.facts(index);
  return verdict === 'unhealthy' || (ejected && (onTrial || record.ejectedForMs(index)! > 0));
}

/** What let a server be asked that probes or failures spoke against; null where they did not. Of one that was not out. */
export function admittedBy(record: DecisionRecord, index: number): 'panic' | 'last-resort' | null {
  if (!isUnwell(record, index)) return null;
  if (record.lastResort !== null) return 'last-resort';
  return record.panicReady > 0 ? 'panic' : null;
}

/** Why whoever was picked was among those to choose from, in whole sentences, where they were not the first ones that are well. */
export function narrowing(record: DecisionRecord): string {
  // A session keeps its server in panic and without: it is told where that was because of it.
  const byPanic = record.strategyAsked || isUnwell(record, record.picked);
  return [byPanic ? panicText(record) : '', narrowedText(record), trialText(record)]
    .filter(Boolean)
    .join(' ');
}

/** What panic did to a decision; empty where there was none. */
export function panicText({ panicReady, panicAvailable }: DecisionRecord): string {
  if (panicReady === 0) return '';
  const verb = panicAvailable === 1 ? 'was' : 'were';
  return `The pool was in panic: ${panicAvailable} of ${panicReady} servers ${verb} available, less than its panicThreshold, so what probes and failures said of them was ignored.`;
}

function narrowedText(record: DecisionRecord): string {
  // A session that is let in at its own server asks nobody for help, whoever is the last resort of new clients.
  if (!record.strategyAsked) return '';
  // In panic too a server may be all that is left that failed this request before.
  if (record.lastResort !== null)
    return `No server was available; ${lastResortWords(record, record.lastResort)}.`;
  const { backups, priorities } = record.roster;
  if (backups[record.picked]) return 'No primary server was available, so the backups were asked.';
  const priority = priorities[record.picked]!;
  if (priorities.some((other, index) => other < priority && !backups[index]))
    return `No server of a better priority was available, so those of priority ${priority} were asked.`;
  return '';
}

function trialText(record: DecisionRecord): string {
  const { ejected, onTrial } = record.facts(record.picked);
  if (!ejected || onTrial || record.ejectedForMs(record.picked)! > 0) return '';
  return `The ejection of ${record.roster.names[record.picked]} was over: this request was its trial.`;
}

function lastResortWords(record: DecisionRecord, reason: LastResort): string {
  const name = record.roster.names[record.picked]!;
  const ago = `${roughly(record.lastResortAgeMs)} ago`;
  switch (reason) {
    case 'ejected':
      return `${name} was asked although it is ${reasonText(record, record.picked, 'ejected')}, since no ejection may empty a pool`;
    case 'unreachable':
      return `${name}, where nobody listened ${ago}, was asked all the same, since that may have changed`;
    case 'answers-probes':
      return `${name} was asked although it still counts as unhealthy, since its last probe went well`;
    case 'failed-before':
      return `${name}, which failed this request ${ago}, was asked once more, since it may be back`;
    default:
      return assertNever(reason);
  }
}
