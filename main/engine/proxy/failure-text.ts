import type { StopReason } from '@shared/contract/request-values.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { stopWords } from '../journal/stop-words.ts';

/** What ended an attempt; completes `api-2: `. */
export const drainOverText = 'the server was to be empty by now (deadline of its drain)';

/** Notes why nothing more is tried, and returns what happened in one sentence, for client, journal and events. */
export function noteStop(exchange: Exchange, stop: StopReason): string {
  exchange.stop = stop;
  const last = exchange.decisiveAttempt;
  const name = last?.server?.name ?? 'the server';
  const tries = exchange.attemptCount === 1 ? '' : `after ${exchange.attemptCount} attempts: `;
  const { pool, method } = exchange;
  const why = stopWords(stop, { pool: pool?.name ?? '', method, status: last?.status ?? 0 });
  return `${tries}${name}: ${last?.detail ?? 'failed'}; ${why}`;
}

/** One attempt, for a person. */
export function attemptText(attempt: AttemptRecord): string {
  const { server } = attempt;
  const tookMs = Math.max(0, attempt.endedAt - attempt.startedAt).toFixed(1);
  return `${server?.name} (${server?.addressText}): ${attempt.detail ?? `status ${attempt.status}`} (${tookMs} ms)`;
}
