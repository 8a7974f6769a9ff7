import { formatDuration } from '../../lib/duration.ts';
import type { PoolRule } from './lint-rule.ts';

/** Times of a request and its attempts, waits between them, and attempts beside them. */
export const timeoutRules: readonly PoolRule[] = [
  {
    name: 'attempt-longer-than-request',
    settings: ['attempt', 'request'],
    find: ({ pool: { timeouts } }) =>
      timeouts.requestMs > 0 && timeouts.attemptMs >= timeouts.requestMs
        ? {
            at: ['timeouts', 'attempt'],
            message: `attempt has no effect: the request as a whole is over after ${formatDuration(timeouts.requestMs)} (request); write less, so that another attempt has time`,
          }
        : null,
  },
  {
    name: 'connect-longer-than-request',
    settings: ['connect', 'attempt', 'request'],
    find: ({ pool: { timeouts }, wrote }) => {
      const [key, endMs] = firstEnd(timeouts);
      if (!wrote('timeouts', 'connect') || timeouts.connectMs < endMs) return null;
      return {
        at: ['timeouts', 'connect'],
        message: `connect has no effect: ${key} ends it after ${formatDuration(endMs)}; write less, or leave it out`,
      };
    },
  },
  {
    name: 'queue-longer-than-request',
    settings: ['queue', 'request'],
    find: ({ pool: { timeouts, queue }, wrote }) =>
      timeouts.requestMs > 0 && queue.timeoutMs >= timeouts.requestMs && wrote('queue', 'timeout')
        ? {
            at: ['queue', 'timeout'],
            message: `timeout has no effect: a request that waits is over after ${formatDuration(timeouts.requestMs)} (timeouts.request); write less, or leave it out`,
          }
        : null,
  },
  {
    name: 'backoff-without-base',
    settings: ['backoff'],
    find: ({ pool: { retry }, wrote }) =>
      retry.backoff.baseMs === 0 && wrote('retry', 'backoff', 'max') && retry.attempts > 1
        ? {
            at: ['retry', 'backoff', 'max'],
            message:
              'max has no effect: with base: 0s no retry waits; write e.g. base: 50ms, or leave it out',
          }
        : null,
  },
  {
    name: 'backoff-longer-than-longest',
    settings: ['backoff'],
    find: ({ pool: { retry } }) =>
      retry.backoff.baseMs > retry.backoff.maxMs && retry.attempts > 1
        ? {
            at: ['retry', 'backoff', 'base'],
            message: `base has no effect: max cuts every wait to ${formatDuration(retry.backoff.maxMs)}; write less, or raise max`,
          }
        : null,
  },
  {
    name: 'hedge-with-one-server',
    settings: ['hedge', 'servers'],
    find: ({ pool: { retry, servers } }) =>
      retry.hedge && servers.length === 1 && retry.attempts > 1
        ? {
            at: ['retry', 'hedge'],
            message:
              'hedge has no effect: the attempt beside the first goes to another server, and there is one; add servers, or leave it out',
          }
        : null,
  },
  {
    name: 'hedge-after-the-end',
    settings: ['hedge', 'response', 'attempt', 'request'],
    find: ({ pool: { retry, timeouts } }) => {
      const after = retry.hedge?.afterMs ?? 0;
      const [key, endMs] = firstEnd(timeouts);
      if (after === 0 || after < Math.min(endMs, timeouts.responseMs)) return null;
      const by = timeouts.responseMs < endMs ? 'response' : key;
      return {
        at: ['retry', 'hedge', 'after'],
        message: `hedge has no effect: ${by} ends the attempt after ${formatDuration(Math.min(endMs, timeouts.responseMs))}, before another begins beside it; write less`,
      };
    },
  },
];

/** What ends an attempt first, of the limits that were set. */
function firstEnd(timeouts: { attemptMs: number; requestMs: number }): readonly [key: string, ms: number] {
  const attempt = timeouts.attemptMs || Number.POSITIVE_INFINITY;
  const request = timeouts.requestMs || Number.POSITIVE_INFINITY;
  return request < attempt ? ['request', request] : ['attempt', attempt];
}
