import type { UnavailableReason } from '@shared/contract/server-values.ts';
import type { DecisionRecord } from './decision.ts';
import type { EarlierAttempt } from './earlier-attempts.ts';
import { isUnwell } from './narrowing-words.ts';
import { attemptWords, ejectedWords, reasonText, shortName } from './words.ts';

/**
 * What affinity found, as a whole clause: `the session pointed at api-2, which failed (connection refused)`. Empty where there is nothing to say.
 *
 * @param before the attempts of the request before the decision, oldest first
 */
export function affinityReason(record: DecisionRecord, before: readonly EarlierAttempt[]): string {
  const cause = record.affinityCause;
  switch (cause) {
    case 'no-cookie':
      return 'the client sent no session cookie';
    case 'new-client':
      return 'there was no session for this client address';
    case 'expired-cookie':
      return 'the session of this cookie had expired or was ended';
    case 'unknown-cookie':
      return 'the session cookie was not issued here, or by a run whose sessions were not kept';
    case 'no-app-cookie':
      return "the client sent no cookie of the application's that would tell its session";
    case 'unknown-app-cookie':
      return "no response has set this cookie of the application's, or its session had expired or was ended";
    case 'learned':
      return "the response set the application's cookie";
    case 'no-header':
      return 'the request lacks the field that would tell its session';
    case 'new-header':
      return 'there was no session for this value of the field';
    case null:
      return '';
    default:
      return `the session pointed at ${boundName(record)}, which ${boundWords(record, cause, before)}`;
  }
}

function boundWords(
  record: DecisionRecord,
  cause: UnavailableReason | 'available' | 'removed',
  before: readonly EarlierAttempt[],
): string {
  const { affinityServer } = record;
  if (cause === 'available') return keptWords(record);
  if (cause === 'removed') return 'was not in the pool any more';
  if (cause === 'tried') {
    const there = before.findLast(({ server }) => server === affinityServer);
    return there ? `failed (${attemptWords(there)})` : 'had been tried';
  }
  return `was ${reasonText(record, boundIndex(record), cause)}`;
}

/** Of the server that kept its session: a new client might not have been let in there, and in panic nobody should have been. */
function keptWords(record: DecisionRecord): string {
  const index = record.picked;
  const { adminState, verdict, ejectedBecause } = record.facts(index);
  const against: string[] = [];
  if (adminState === 'drain') against.push('draining');
  if (record.roster.weights[index] === 0) against.push('of weight 0');
  const wasUnwell = isUnwell(record, index);
  if (wasUnwell) against.push(verdict === 'unhealthy' ? 'unhealthy' : ejectedWords[ejectedBecause]);
  if (against.length === 0) return 'was available';
  return `was ${against.join(' and ')}${wasUnwell ? ', but was asked all the same' : ', but still served those bound to it'}`;
}

/** Place in the roster of the server that the session was bound to; -1 where it is not there. */
export function boundIndex({ affinityServer, roster }: DecisionRecord): number {
  return affinityServer === null ? -1 : roster.ids.indexOf(affinityServer);
}

function boundName(record: DecisionRecord): string {
  const { affinityServer, roster } = record;
  if (affinityServer === null) return 'a server';
  return roster.names[boundIndex(record)] ?? shortName(affinityServer);
}
