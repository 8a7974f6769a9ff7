import { formatDuration } from '../../lib/duration.ts';
import { idempotentMethods } from '../retry-schema.ts';
import type { PoolConfig } from '../schema.ts';
import type { PoolRule } from './lint-rule.ts';

/** Attempts beside others: what keeps any from beginning, as `engine/proxy/hedged-attempt.ts` and `PoolChoice.hedge` ask. */
export const hedgeRules: readonly PoolRule[] = [
  {
    name: 'hedge-with-one-server',
    settings: ['hedge', 'servers'],
    find: ({ pool }) =>
      isHedged(pool) && pool.servers.length === 1
        ? {
            at: ['retry', 'hedge'],
            message:
              'hedge has no effect: the attempt beside the first goes to another server, and there is one; add servers, or leave it out',
          }
        : null,
  },
  {
    name: 'hedge-to-nobody',
    settings: ['hedge', 'backup', 'weight'],
    find: ({ pool }) =>
      isHedged(pool) &&
      pool.servers.length > 1 &&
      pool.servers.every(({ backup, weight }) => backup || weight === 0)
        ? {
            at: ['retry', 'hedge'],
            message:
              'hedge has no effect: no attempt begins at a backup or at a server of weight 0 beside another, and there are no others; add servers, or leave it out',
          }
        : null,
  },
  {
    name: 'hedge-without-method',
    settings: ['hedge', 'methods'],
    find: ({ pool }) => {
      const { methods } = pool.retry;
      const mayBeTwo = methods.some((method) => (idempotentMethods as readonly string[]).includes(method));
      if (!isHedged(pool) || mayBeTwo) return null;
      const named = methods.length === 0 ? 'methods is empty' : `methods names only ${methods.join(', ')}`;
      return {
        at: ['retry', 'hedge'],
        message: `hedge has no effect: only idempotent methods are sent to two servers at once, and ${named}; add e.g. GET and HEAD, or leave hedge out`,
      };
    },
  },
  {
    name: 'hedge-beside-sessions',
    settings: ['hedge', 'affinity'],
    // By a header or the application's cookie some requests have no session, and are hedged.
    find: ({ pool }) =>
      isHedged(pool) &&
      pool.servers.length > 1 &&
      (pool.affinity.type === 'cookie' || pool.affinity.type === 'client-ip')
        ? {
            at: ['retry', 'hedge'],
            message: `hedge has no effect: a request with a session goes to its own server alone, and with affinity by ${pool.affinity.type} every request has one; leave one of them out`,
          }
        : null,
  },
  {
    name: 'hedge-without-room',
    settings: ['hedge', 'maxRequests'],
    find: ({ pool }) =>
      isHedged(pool) && pool.maxRequests === 1
        ? {
            at: ['retry', 'hedge'],
            message:
              'hedge has no effect: maxRequests: 1 lets no attempt run beside another in this pool; raise it, or leave hedge out',
          }
        : null,
  },
  {
    name: 'hedges-never-reached',
    settings: ['hedge', 'attempts', 'servers'],
    find: ({ pool }) => {
      const { retry, servers } = pool;
      if (!isHedged(pool) || servers.length === 1) return null;
      const { most } = retry.hedge!;
      const fewServers = most > servers.length - 1;
      const fewAttempts = most > retry.attempts - 1;
      if (!fewServers && !fewAttempts) return null;
      const limit = Math.min(servers.length, retry.attempts) - 1;
      const why =
        servers.length <= retry.attempts
          ? `each goes to a server of its own, and there are ${servers.length}`
          : `attempts: ${retry.attempts} counts them and the first together (those that are refused aside)`;
      return {
        at: ['retry', 'hedge', 'most'],
        message: `most: ${most} is never reached: ${why}; write ${limit}, or ${servers.length <= retry.attempts ? 'add servers' : 'raise attempts'}`,
      };
    },
  },
  {
    name: 'hedge-after-the-end',
    settings: ['hedge', 'response', 'attempt', 'request'],
    find: ({ pool }) => {
      const { timeouts, retry } = pool;
      const after = retry.hedge?.afterMs ?? 0;
      if (!isHedged(pool) || after === 0) return null;
      const ends = (
        [
          ['attempt', timeouts.attemptMs, timeouts.attemptMs],
          ['request', timeouts.requestMs, timeouts.requestMs],
          // Its time begins when the connection is made.
          ['response', timeouts.responseMs, timeouts.responseMs + timeouts.connectMs],
        ] as const
      ).filter(([, limit, until]) => limit > 0 && after >= until);
      if (ends.length === 0) return null;
      const [key, ms] = ends.reduce((first, each) => (each[2] < first[2] ? each : first));
      return {
        at: ['retry', 'hedge', 'after'],
        message: `hedge comes too late: ${key} ends an attempt without an answer after ${formatDuration(ms)}, before another begins beside it; write less`,
      };
    },
  },
];

/** With a single attempt it is the rule of retries that speaks. */
function isHedged({ retry }: PoolConfig): boolean {
  return retry.hedge !== undefined && retry.attempts > 1;
}
