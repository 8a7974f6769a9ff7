import { each } from './balancing-rules.ts';
import type { FileRule } from './lint-rule.ts';

/** What concerns listeners and replicas, or several parts of the file. */
export const fileRules: readonly FileRule[] = [
  {
    name: 'unreached-pool',
    settings: ['pools', 'listeners'],
    find: ({ config }) => {
      const reached = new Set(config.listeners.flatMap(({ routes }) => routes.map(({ pool }) => pool)));
      return each(config.pools, ({ name }, at) =>
        reached.has(name)
          ? null
          : {
              at: ['pools', at, 'name'],
              message: `nothing reaches pool ${name}: no listener leads to it; write pool: ${name} for a listener, or a route`,
            },
      );
    },
  },
  {
    name: 'target-longer-than-head',
    settings: ['targetBytes', 'headBytes'],
    find: ({ config, wrote }) =>
      each(config.listeners, ({ name, limits }, at) =>
        limits.targetBytes >= limits.headBytes && wrote('listeners', at, 'limits', 'targetBytes')
          ? {
              at: ['listeners', at, 'limits', 'targetBytes'],
              message: `targetBytes of listener ${name} has no effect: the head that the target is part of may have no more than ${limits.headBytes} bytes (headBytes); write less, or raise headBytes`,
            }
          : null,
      ),
  },
  {
    name: 'body-rate-without-time',
    settings: ['bodyTimeout', 'bodyBytesPerSecond'],
    find: ({ config, wrote }) =>
      each(config.listeners, ({ name, limits }, at) =>
        limits.bodyTimeoutMs > 3_600_000 && wrote('listeners', at, 'limits', 'bodyBytesPerSecond')
          ? {
              at: ['listeners', at, 'limits', 'bodyBytesPerSecond'],
              message: `bodyBytesPerSecond of listener ${name} has next to no effect: it is measured over each bodyTimeout, which is longer than an hour; write a bodyTimeout of e.g. 30s`,
            }
          : null,
      ),
  },
  {
    name: 'nothing-to-persist',
    settings: ['persistSessions', 'affinity'],
    find: ({ config }) =>
      config.persistSessions && config.pools.every(({ affinity }) => affinity.type === 'none')
        ? {
            at: ['persistSessions'],
            message:
              'persistSessions has no effect: no pool has sessions; write e.g. affinity: { type: cookie } for one, or leave it out',
          }
        : null,
  },
  {
    name: 'environment-overwritten',
    settings: ['env', 'portEnv'],
    find: ({ config }) =>
      each(config.replicas, ({ name, env, portEnv }, at) =>
        Object.hasOwn(env, portEnv)
          ? {
              at: ['replicas', at, 'env', portEnv],
              message: `${portEnv} in env of the replicas ${name} has no effect: every process gets its own port there (portEnv); leave it out, or write another portEnv`,
            }
          : null,
      ),
  },
];
