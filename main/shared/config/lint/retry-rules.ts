import { have, listed, type PoolRule, written } from './lint-rule.ts';
import { ejects } from './outlier-rules.ts';

/** Keys that say something of further attempts only. */
const ofAnotherAttempt = [
  'methods',
  'budgetPercent',
  'budgetMinPerSecond',
  'bodyBytes',
  'backoff',
  'hedge',
] as const;
const bodyMethods = ['POST', 'PUT', 'PATCH'];

/** Retries and what bounds them. */
export const retryRules: readonly PoolRule[] = [
  {
    name: 'retry-with-one-server',
    settings: ['attempts', 'servers'],
    find: ({ pool, wrote }) =>
      pool.servers.length === 1 && pool.retry.attempts > 1 && wrote('retry', 'attempts')
        ? {
            at: ['retry', 'attempts'],
            message:
              'attempts has no effect: a request is tried again at another server, and there is one; add servers, or leave it out',
          }
        : null,
  },
  {
    name: 'retry-off',
    settings: ['attempts', 'on', ...ofAnotherAttempt],
    find: (view) => {
      const { retry, outlierDetection: outlier } = view.pool;
      if (retry.attempts !== 1) return null;
      // Statuses to try again also count as failures of a server.
      const ejectsByThem = ejects(outlier) && outlier.statuses === undefined;
      const keys = written(view, 'retry', [...(ejectsByThem ? [] : (['on'] as const)), ...ofAnotherAttempt]);
      if (keys.length === 0) return null;
      return {
        at: ['retry', keys[0]!],
        message: `${listed(keys)} ${have(keys)} no effect: attempts: 1 tries nothing again; write attempts: 2 or more, or leave ${keys.length === 1 ? 'it' : 'them'} out`,
      };
    },
  },
  {
    name: 'empty-budget',
    settings: ['budgetPercent', 'budgetMinPerSecond'],
    find: ({ pool: { retry, servers } }) =>
      retry.attempts > 1 && servers.length > 1 && retry.budgetPercent === 0 && retry.budgetMinPerSecond === 0
        ? {
            at: ['retry', 'budgetPercent'],
            message:
              'attempts has no effect but for refused connections: budgetPercent: 0 and budgetMinPerSecond: 0 allow no other retry; raise one of them, or write attempts: 1',
          }
        : null,
  },
  {
    name: 'status-without-method',
    settings: ['on', 'methods'],
    find: ({ pool: { retry, outlierDetection: outlier } }) => {
      const { on, methods } = retry;
      const hasStatus = on.some((reason) => typeof reason === 'number' || /^[45]/.test(reason));
      const countsThem = ejects(outlier) && outlier.statuses === undefined;
      if (methods.length > 0 || !hasStatus || countsThem || retry.attempts === 1) return null;
      return {
        at: ['retry', 'methods'],
        message:
          'the statuses of on have no effect: methods is empty, and whoever answered had the request; write methods: [GET, HEAD], or leave methods out',
      };
    },
  },
  {
    name: 'method-without-body',
    settings: ['methods', 'bodyBytes'],
    find: ({ pool: { retry }, wrote }) => {
      const methods = retry.methods.filter((method) => bodyMethods.includes(method));
      if (retry.attempts === 1 || retry.bodyBytes > 0 || methods.length === 0 || !wrote('retry', 'methods'))
        return null;
      return {
        at: ['retry', 'bodyBytes'],
        message: `${listed(methods)} in methods ${have(methods)} no effect for a request with a body: bodyBytes: 0 keeps none to be sent again; write e.g. bodyBytes: 65536`,
      };
    },
  },
];
