import type { StopReason } from '@shared/contract/request-values.ts';

/** What the words need of a request. */
export interface Stopped {
  readonly pool: string;
  readonly method: string;
  /** Of the response that stands; 0 where the last attempt brought none. */
  readonly status: number;
}

const words: Readonly<Record<StopReason, (request: Stopped) => string>> = {
  attempts: ({ pool }) => `that is as many attempts as pool "${pool}" allows (retry.attempts)`,
  method: ({ method }) =>
    `a ${method} request may have taken effect, so it is not sent twice (retry.methods)`,
  outcome: ({ pool, status }) =>
    status === 0
      ? `pool "${pool}" does not try again after that (retry.on)`
      : `retry.on of pool "${pool}" does not name status ${status}, so that response was passed on`,
  body: () => 'the request body is too large to be sent again (retry.bodyBytes)',
  budget: ({ pool }) =>
    `the retry budget of pool "${pool}" was used up (retry.budgetPercent, retry.budgetMinPerSecond)`,
  'no-server': () => 'there was no other server to try',
  full: () => 'every other server was at its limit, and there was no room to wait for one (queue.length)',
  queue: () => 'every other server was at its limit, and waiting for one was in vain (queue)',
  time: () => 'there was no time left for another attempt (timeouts.request)',
  wait: () =>
    'there was no time left for another attempt and the wait before it (timeouts.request, retry.backoff)',
  removed: ({ pool }) => `pool "${pool}" was removed before the next attempt`,
  announced: () => 'an interim response that may speak of this server alone had already been passed on',
  'response-begun': () => 'part of the response had already been passed on',
};

/** Why nothing more was tried after the last attempt of a request, as a clause: `there was no other server to try`. */
export function stopWords(stop: StopReason, request: Stopped): string {
  return words[stop](request);
}
