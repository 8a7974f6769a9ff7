import { strategies } from '../../catalog/strategies.ts';
import { isLoopback } from '../address.ts';
import type { Finding, PoolRule, PoolView } from './lint-rule.ts';

/** How servers are chosen: strategy, weights, backups. */
export const balancingRules: readonly PoolRule[] = [
  {
    name: 'weights-ignored',
    settings: ['weight', 'strategy'],
    find: ({ pool }) => {
      const at = pool.servers.findIndex(({ weight }) => weight > 1);
      const { kind } = pool.strategy;
      if (at < 0 || strategies[kind].usesWeights) return null;
      return {
        at: ['servers', at, 'weight'],
        message: `weight has no effect: ${kind} gives every server the same; write strategy: weighted-round-robin, or leave weight out`,
      };
    },
  },
  {
    name: 'equal-weights',
    settings: ['weight'],
    find: ({ pool }) => {
      const [first] = pool.servers;
      const same = pool.servers.every(({ weight }) => weight === first?.weight);
      if (
        !first ||
        first.weight < 2 ||
        pool.servers.length < 2 ||
        !same ||
        !strategies[pool.strategy.kind].usesWeights
      )
        return null;
      return {
        at: ['servers', 0, 'weight'],
        message: `weight has no effect: every server has ${first.weight}, and only the proportion counts; leave it out, or write different ones`,
      };
    },
  },
  {
    name: 'all-weights-zero',
    settings: ['weight'],
    find: ({ pool }) =>
      pool.servers.every(({ weight }) => weight === 0)
        ? {
            at: ['servers', 0, 'weight'],
            message:
              'every server has weight 0, which takes no new clients: whoever has no session here gets 503; write a weight of 1 or more for one of them',
          }
        : null,
  },
  {
    name: 'single-server-strategy',
    settings: ['strategy'],
    find: ({ pool, wrote }) =>
      pool.servers.length === 1 && wrote('strategy')
        ? {
            at: ['strategy'],
            message: `strategy has no effect: there is one server to choose from; add servers, or leave strategy out`,
          }
        : null,
  },
  {
    name: 'single-server-weight',
    settings: ['weight'],
    find: ({ pool }) =>
      pool.servers.length === 1 && pool.servers[0]!.weight > 1 && strategies[pool.strategy.kind].usesWeights
        ? {
            at: ['servers', 0, 'weight'],
            message: 'weight has no effect: there is no other server to share with; leave it out',
          }
        : null,
  },
  {
    name: 'client-address-on-loopback',
    settings: ['strategy', 'bind'],
    find: (view) =>
      view.pool.servers.length > 1 && view.pool.strategy.kind === 'ip-hash' && seesOnlyThisMachine(view)
        ? {
            at: ['strategy'],
            message: `ip-hash sends everything to one server: its listener is on loopback, where every client is 127.0.0.1; write another strategy, or affinity: { type: cookie }`,
          }
        : null,
  },
  {
    name: 'only-backups',
    settings: ['backup'],
    find: ({ pool }) =>
      pool.servers.every(({ backup }) => backup)
        ? {
            at: ['servers', 0, 'backup'],
            message:
              'backup has no effect: every server of the pool is one, so they serve as primaries; leave it out of those that should be asked first',
          }
        : null,
  },
  {
    name: 'idle-backup',
    settings: ['backup', 'weight'],
    find: ({ pool }) =>
      each(pool.servers, ({ backup, weight, name }, at) =>
        backup && weight === 0
          ? {
              at: ['servers', at, 'backup'],
              message: `backup has no effect: ${name} has weight 0, and takes no new clients when the others fail either; write weight: 1, or leave the server out`,
            }
          : null,
      ),
  },
  {
    name: 'one-priority',
    settings: ['priority'],
    find: ({ pool }) => {
      const at = pool.servers.findIndex(({ priority }) => priority > 0);
      // Backups come behind all others, in the order of theirs.
      const isAlone = (backup: boolean): boolean =>
        new Set(pool.servers.filter((server) => server.backup === backup).map(({ priority }) => priority))
          .size < 2;
      if (at < 0 || !isAlone(true) || !isAlone(false)) return null;
      return {
        at: ['servers', at, 'priority'],
        message:
          'priority has no effect: no two servers differ in it, so none is asked before another; leave it out, or write different ones',
      };
    },
  },
  {
    name: 'slow-start-ignored',
    settings: ['slowStart', 'strategy'],
    find: ({ pool }) =>
      pool.slowStartMs > 0 && !strategies[pool.strategy.kind].usesWeights
        ? {
            at: ['slowStart'],
            message: `slowStart has no effect: it raises a server's weight by and by, and ${pool.strategy.kind} ignores weights; write e.g. strategy: weighted-round-robin`,
          }
        : null,
  },
  {
    name: 'slow-start-of-the-only-server',
    settings: ['slowStart', 'servers'],
    find: ({ pool }) =>
      pool.slowStartMs > 0 && pool.servers.length === 1 && strategies[pool.strategy.kind].usesWeights
        ? {
            at: ['slowStart'],
            message:
              'slowStart has no effect: there is no other server to take what this one does not; add servers, or leave it out',
          }
        : null,
  },
];

/** Every listener that leads here takes clients of this machine alone. */
export function seesOnlyThisMachine({ listeners }: PoolView): boolean {
  return listeners.length > 0 && listeners.every(({ bind }) => isLoopback(bind.host));
}

export function each<T>(items: readonly T[], find: (item: T, index: number) => Finding | null): Finding[] {
  return items.flatMap((item, index) => find(item, index) ?? []);
}
