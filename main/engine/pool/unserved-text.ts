import { unavailableReasons } from '@shared/contract/server-values.ts';
import type { Exchange } from '../exchange.ts';
import { boundIndex } from '../journal/affinity-words.ts';
import { type DecisionRecord, decisionStates } from '../journal/decision.ts';
import { attemptWords, reasonText, standingText } from '../journal/words.ts';

/** Why a session leaves its server: `api-2 failed (connection refused)`. */
export function moveReason(record: DecisionRecord, exchange: Exchange, name: string): string {
  const cause = record.affinityCause;
  if (cause === 'tried') {
    const attempts = exchange.attempts.slice(0, exchange.attemptCount);
    const there = attempts.findLast(({ server }) => server?.id === record.affinityServer);
    return there === undefined ? `${name} had been tried` : `${name} failed (${attemptWords(there)})`;
  }
  return `${name} is ${causeWords(record)}`;
}

/** What was wrong with the server of the session. */
function causeWords(record: DecisionRecord): string {
  const { affinityCause: cause } = record;
  if (cause === 'removed') return 'not in the pool any more';
  for (const reason of unavailableReasons)
    if (reason === cause) return reasonText(record, boundIndex(record), reason);
  return 'unavailable';
}

/** E.g. `no server of pool "api" is available: api-1 is unhealthy, api-2 is in maintenance`. */
export function unservedError(record: DecisionRecord): string {
  const { pool, names } = record.roster;
  if (record.affinity === 'rejected') {
    const name = names[boundIndex(record)] ?? 'a server';
    return `the session of this client is bound to ${name}, which is ${causeWords(record)}, and pool "${pool}" rejects such clients (affinity.onUnavailable)`;
  }
  const each = names.map((name, index) => {
    const state = decisionStates[record.code(index)]!;
    return state === 'picked' || state === 'candidate'
      ? name
      : `${name} ${standingText(record, index, state)}`;
  });
  return `no server of pool "${pool}" is available: ${each.join(', ')}`;
}
