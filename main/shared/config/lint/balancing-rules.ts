import { strategies } from '../../catalog/strategies.ts';
import { isIpAddress, isLoopback } from '../address.ts';
import type { ListenerConfig } from '../schema.ts';
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
    find: (view) => {
      const { servers, strategy } = view.pool;
      // With bounded loads a busy server is passed by, whoever asks.
      const isByAddress =
        strategy.kind === 'ip-hash' ||
        (strategy.kind === 'hash' && strategy.key === 'client-ip' && strategy.boundedLoad === undefined);
      const address = onlyClient(view);
      if (servers.length < 2 || !isByAddress || address === null) return null;
      const until = servers.some(({ maxRequests }) => maxRequests > 0) ? ' until that is full' : '';
      return {
        at: ['strategy'],
        message: `${strategy.kind} sends everything to one server${until}: its listener is on loopback, where every client is ${address}; write another strategy, or affinity: { type: cookie }`,
      };
    },
  },
  {
    name: 'hash-prefix-without-ipv6',
    settings: ['ipv6Prefix', 'bind'],
    find: ({ pool: { strategy }, listeners, wrote }) =>
      strategy.kind === 'ip-hash' &&
      wrote('strategy', 'ipv6Prefix') &&
      listeners.length > 0 &&
      listeners.every(takesIpv4Only)
        ? {
            at: ['strategy', 'ipv6Prefix'],
            message:
              'ipv6Prefix has no effect: the listener takes IPv4 clients only; bind it to [::]:PORT, or leave it out',
          }
        : null,
  },
  {
    name: 'fallback-never-needed',
    settings: ['fallback', 'key'],
    find: ({ pool: { strategy }, wrote }) =>
      strategy.kind === 'hash' &&
      ['path', 'uri', 'client-ip'].includes(strategy.key) &&
      wrote('strategy', 'fallback')
        ? {
            at: ['strategy', 'fallback'],
            message: `fallback has no effect: every request has a ${strategy.key}; leave it out`,
          }
        : null,
  },
  {
    name: 'bound-never-reached',
    settings: ['boundedLoad', 'servers'],
    find: ({ pool: { strategy, servers, slowStartMs } }) => {
      // While a weight rises its share is smaller.
      if (slowStartMs > 0) return null;
      const weights = servers.map(({ weight }) => weight).filter((weight) => weight > 0);
      if (strategy.kind !== 'hash' || strategy.boundedLoad === undefined || weights.length < 2) return null;
      const share = Math.min(...weights) / weights.reduce((sum, weight) => sum + weight, 0);
      if (strategy.boundedLoad * share < 1) return null;
      return {
        at: ['strategy', 'boundedLoad'],
        message: `boundedLoad: ${strategy.boundedLoad} bounds nothing: so many times its share is all there is for each of ${weights.length} servers; write e.g. 1.25, or leave it out`,
      };
    },
  },
  {
    name: 'first-without-limit',
    settings: ['strategy', 'maxRequests'],
    find: ({ pool: { strategy, servers } }) => {
      const primaries = servers.filter(({ backup, weight }) => !backup && weight > 0);
      const level = Math.min(...primaries.map(({ priority }) => priority));
      const [first, ...others] = primaries.filter(({ priority }) => priority === level);
      if (strategy.kind !== 'first' || first === undefined || others.length === 0 || first.maxRequests > 0)
        return null;
      return {
        at: ['strategy'],
        message: `${first.name} gets every new client while it is well: first fills a server up to its maxRequests, and it has none; write one, or backup: true for the others`,
      };
    },
  },
  {
    name: 'only-backups',
    settings: ['backup'],
    // Hedges never begin at backups: with them it has an effect, which the rules of hedging name.
    find: ({ pool }) =>
      pool.retry.hedge === undefined && pool.servers.every(({ backup }) => backup)
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
              message: `backup has no effect: ${name} has weight 0, and takes no new clients when the others fail either; write weight: 1, or leave backup out`,
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

/** The one address that every client has, where all listeners that lead here are on the same loopback address; otherwise null. */
export function onlyClient({ listeners }: PoolView): string | null {
  const hosts = new Set(listeners.map(({ bind }) => bind.host));
  const [host] = hosts;
  if (host === undefined || !listeners.every(({ bind }) => isLoopback(bind.host))) return null;
  if (hosts.size === 1 && !isIpAddress(host)) return 'this machine';
  if (hosts.size === 1 && host.includes(':')) return '::1';
  // Of two families there are two.
  return [...hosts].every((each) => isIpAddress(each) && !each.includes(':')) ? '127.0.0.1' : null;
}

export function each<T>(items: readonly T[], find: (item: T, index: number) => Finding | null): Finding[] {
  return items.flatMap((item, index) => find(item, index) ?? []);
}

/** Clients of IPv6 cannot reach it. */
export function takesIpv4Only({ bind }: ListenerConfig): boolean {
  return isIpAddress(bind.host) && !bind.host.includes(':');
}
