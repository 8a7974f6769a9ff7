import { formatDuration } from '../../lib/duration.ts';
import type { PoolRule } from './lint-rule.ts';

/** Times of a request and its attempts, and the waits between them. */
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
    settings: ['connect', 'request'],
    // Beside a shorter `attempt` it still counts while a request's body comes in: an attempt's time begins after that.
    find: ({ pool: { timeouts }, wrote }) =>
      wrote('timeouts', 'connect') && timeouts.requestMs > 0 && timeouts.connectMs >= timeouts.requestMs
        ? {
            at: ['timeouts', 'connect'],
            message: `connect has no effect: the request as a whole is over after ${formatDuration(timeouts.requestMs)} (request); write less, or leave it out`,
          }
        : null,
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
            message: `no wait is drawn from as much as base: max cuts every one to ${formatDuration(retry.backoff.maxMs)}; write no more than that, or raise max`,
          }
        : null,
  },
  {
    name: 'backoff-longer-than-request',
    settings: ['backoff', 'request'],
    find: ({ pool: { retry, timeouts } }) => {
      const longestMs = Math.min(retry.backoff.baseMs, retry.backoff.maxMs);
      if (retry.attempts === 1 || timeouts.requestMs === 0 || longestMs < timeouts.requestMs) return null;
      return {
        at: ['retry', 'backoff', 'base'],
        message: `many a retry is given up: its wait is drawn from 0 to ${formatDuration(longestMs)}, and the whole request has ${formatDuration(timeouts.requestMs)} (timeouts.request); write a base that is a fraction of that`,
      };
    },
  },
];
