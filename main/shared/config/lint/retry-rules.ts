import type { OutlierDetectionConfig } from '../schema.ts';
import { have, listed, type PoolRule, written } from './lint-rule.ts';

/**
 * Keys that say something of further attempts only. `methods` and `bodyBytes` also say what goes once more to the same server, when
 * that had just closed an idle connection.
 */
const ofAnotherAttempt = ['budgetPercent', 'budgetMinPerSecond', 'backoff', 'hedge'] as const;
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
      const keys = written(view, 'retry', [
        ...(countsOn(outlier) ? [] : (['on'] as const)),
        ...ofAnotherAttempt,
      ]);
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
              'nothing is tried again but what found no connection: budgetPercent: 0 and budgetMinPerSecond: 0 allow no other retry, and no hedge; raise one of them, or write attempts: 1 for none at all',
          }
        : null,
  },
  {
    name: 'status-without-method',
    settings: ['on', 'methods'],
    find: ({ pool: { retry, outlierDetection: outlier } }) => {
      const { on, methods } = retry;
      const hasStatus = on.some((reason) => typeof reason === 'number' || /^[45]/.test(reason));
      if (methods.length > 0 || !hasStatus || countsOn(outlier) || retry.attempts === 1) return null;
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
        message: `${listed(methods)} in methods ${methods.length === 1 ? 'lets' : 'let'} no request with a body be sent again: bodyBytes: 0 keeps none of it; write e.g. bodyBytes: 65536`,
      };
    },
  },
];

/**
 * Statuses to try again count as failures too where the file does not say which do: for ejections, the circuit breaker, and what
 * people see of a server's failures.
 */
function countsOn({ statuses }: OutlierDetectionConfig): boolean {
  return statuses === undefined;
}
