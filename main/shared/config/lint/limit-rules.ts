import { isIpAddress } from '../address.ts';
import { each } from './balancing-rules.ts';
import { have, listed, type PoolRule, written } from './lint-rule.ts';

/** Queue, connections, batching, timeouts. */
export const limitRules: readonly PoolRule[] = [
  {
    name: 'queue-without-limit',
    settings: ['queue', 'maxRequests'],
    find: ({ pool, wrote }) =>
      wrote('queue') &&
      pool.queue.length > 0 &&
      pool.maxRequests === 0 &&
      pool.servers.every(({ maxRequests }) => maxRequests === 0)
        ? {
            at: ['queue'],
            message:
              'queue has no effect: neither the pool nor a server has maxRequests, so none is ever full; write e.g. maxRequests: 20 for the servers, or leave queue out',
          }
        : null,
  },
  {
    name: 'queue-timeout-without-queue',
    settings: ['timeout', 'length'],
    find: ({ pool, wrote }) =>
      pool.queue.length === 0 && wrote('queue', 'timeout')
        ? {
            at: ['queue', 'timeout'],
            message:
              'timeout has no effect: with length: 0 no request waits; write a length, or leave it out',
          }
        : null,
  },
  {
    name: 'batching-one-at-a-time',
    settings: ['batching', 'maxRequests'],
    find: ({ pool }) =>
      pool.batching.mode !== 'off' && pool.servers.every(({ maxRequests }) => maxRequests === 1)
        ? {
            at: ['batching'],
            message:
              'batching joins no requests: maxRequests: 1 never lets two of them reach a server at once; raise it, or leave batching out',
          }
        : null,
  },
  {
    name: 'batching-deeper-than-limit',
    settings: ['batching', 'maxRequests'],
    find: ({ pool: { batching, servers }, wrote }) => {
      const most = Math.max(...servers.map(({ maxRequests }) => maxRequests || Number.POSITIVE_INFINITY));
      if (batching.mode === 'off' || !wrote('batching', 'depth') || most <= 1 || batching.depth <= most)
        return null;
      return {
        at: ['batching', 'depth'],
        message: `depth: ${batching.depth} is never reached: no server takes more than ${most} requests at once (maxRequests); write at most ${most}`,
      };
    },
  },
  {
    name: 'batching-off',
    settings: ['batching'],
    find: (view) => {
      const keys = written(view, 'batching', ['depth', 'wait']);
      if (view.pool.batching.mode !== 'off' || keys.length === 0) return null;
      return {
        at: ['batching', keys[0]!],
        message: `${listed(keys)} ${have(keys)} no effect: batching is off; write mode: adaptive, or leave ${keys.length === 1 ? 'it' : 'them'} out`,
      };
    },
  },
  {
    name: 'idle-timeout-without-idle',
    settings: ['idle', 'idleConnections'],
    find: ({ pool, wrote }) =>
      pool.idleConnections === 0 && wrote('timeouts', 'idle')
        ? {
            at: ['timeouts', 'idle'],
            message:
              'idle has no effect: idleConnections: 0 closes every connection after its request; leave one of them out',
          }
        : null,
  },
  {
    name: 'resolve-without-names',
    settings: ['resolve', 'address'],
    find: ({ pool, wrote }) =>
      wrote('timeouts', 'resolve') && pool.servers.every(({ address }) => isIpAddress(address.host))
        ? {
            at: ['timeouts', 'resolve'],
            message:
              'resolve has no effect: every address is an IP address, and no name is looked up; leave it out',
          }
        : null,
  },
  {
    name: 'half-closed-longer-than-open',
    settings: ['tunnelEnd', 'tunnel'],
    find: ({ pool: { timeouts }, wrote }) =>
      timeouts.tunnelEndMs > timeouts.tunnelMs && wrote('timeouts', 'tunnelEnd')
        ? {
            at: ['timeouts', 'tunnelEnd'],
            message:
              'a connection that one side has ended is kept longer than one that both still use: tunnelEnd is longer than tunnel; write less',
          }
        : null,
  },
  {
    name: 'server-limit-above-pool-limit',
    settings: ['maxRequests'],
    find: ({ pool }) =>
      each(pool.servers, ({ maxRequests, name }, at) =>
        pool.maxRequests > 0 && maxRequests > pool.maxRequests
          ? {
              at: ['servers', at, 'maxRequests'],
              message: `maxRequests has no effect: the pool takes no more than ${pool.maxRequests} requests at once, so ${name} never has ${maxRequests}; write less, or raise that of the pool`,
            }
          : null,
      ),
  },
  {
    name: 'pool-limit-above-server-limits',
    settings: ['maxRequests'],
    find: ({ pool }) => {
      const sum = pool.servers.reduce(
        (all, { maxRequests }) => all + (maxRequests || Number.POSITIVE_INFINITY),
        0,
      );
      return pool.maxRequests > sum
        ? {
            at: ['maxRequests'],
            message: `maxRequests has no effect: its servers take no more than ${sum} requests at once between them; write less, or leave it out`,
          }
        : null;
    },
  },
  {
    name: 'limit-of-weight-zero',
    settings: ['maxRequests', 'weight'],
    find: ({ pool }) =>
      each(pool.servers, ({ maxRequests, weight, name }, at) =>
        maxRequests > 0 && weight === 0 && pool.affinity.type === 'none'
          ? {
              at: ['servers', at, 'maxRequests'],
              message: `maxRequests has no effect: ${name} has weight 0 and gets no requests, since the pool has no sessions either; raise weight, or leave it out`,
            }
          : null,
      ),
  },
];
