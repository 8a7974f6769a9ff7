import type { AttemptRecord, Exchange } from '../exchange.ts';

/** Why no further attempt was made after the last one failed. */
export type StopReason =
  | 'attempts'
  | 'method'
  | 'outcome'
  | 'body'
  | 'budget'
  | 'no-server'
  | 'time'
  | 'removed'
  | 'queue'
  | 'announced'
  | 'response-begun';

/** What ended an attempt; completes `api-2: `. */
export const drainOverText = 'the server was to be empty by now (deadline of its drain)';

const stops: Readonly<Record<StopReason, (exchange: Exchange) => string>> = {
  attempts: (exchange) => `that is as many attempts as pool "${exchange.pool?.name}" allows (retry.attempts)`,
  method: (exchange) =>
    `a ${exchange.method} request may have taken effect, so it is not sent twice (retry.methods)`,
  outcome: (exchange) => `pool "${exchange.pool?.name}" does not try again after that (retry.on)`,
  body: () => 'the request body is too large to be sent again (retry.bodyBytes)',
  budget: (exchange) =>
    `the retry budget of pool "${exchange.pool?.name}" is used up (retry.budgetPercent, retry.budgetMinPerSecond)`,
  queue: () => 'every other server was at its limit, and waiting for one was in vain (queue)',
  time: () => 'there is no time left for another attempt (timeouts.request)',
  removed: (exchange) => `pool "${exchange.pool?.name}" was removed before the next attempt`,
  'no-server': () => 'there was no other server to try',
  announced: () => 'an interim response that may speak of this server alone had already been passed on',
  'response-begun': () => 'part of the response had already been passed on',
};

/** In one sentence, for journal and events. */
export function failureSummary(exchange: Exchange, stop: StopReason): string {
  const last = exchange.decisiveAttempt;
  const name = last?.server?.name ?? 'the server';
  const tries = exchange.attemptCount === 1 ? '' : `after ${exchange.attemptCount} attempts: `;
  return `${tries}${name}: ${last?.detail ?? 'failed'}; ${stops[stop](exchange)}`;
}

/** One attempt, for a person. */
export function attemptText(attempt: AttemptRecord): string {
  const { server } = attempt;
  const tookMs = Math.max(0, attempt.endedAt - attempt.startedAt).toFixed(1);
  return `${server?.name} (${server?.addressText}): ${attempt.detail ?? `status ${attempt.status}`} (${tookMs} ms)`;
}
