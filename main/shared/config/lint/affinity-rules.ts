import { onlyClient, takesIpv4Only } from './balancing-rules.ts';
import type { PoolRule } from './lint-rule.ts';

/** Sessions. */
export const affinityRules: readonly PoolRule[] = [
  {
    name: 'affinity-with-one-server',
    settings: ['affinity', 'servers'],
    find: ({ pool }) =>
      pool.affinity.type !== 'none' && pool.servers.length === 1
        ? {
            at: ['affinity'],
            message:
              'affinity leads nobody anywhere: there is one server, and everybody meets it (all it decides is who may still come while that drains); add servers, or leave it out',
          }
        : null,
  },
  {
    name: 'address-affinity-on-loopback',
    settings: ['affinity', 'bind'],
    find: (view) => {
      const address = onlyClient(view);
      if (view.pool.affinity.type !== 'client-ip' || view.pool.servers.length < 2 || address === null)
        return null;
      return {
        at: ['affinity'],
        message: `affinity binds everybody to one server: its listener is on loopback, where every client is ${address}; write affinity: { type: cookie }`,
      };
    },
  },
  {
    name: 'secure-cookie-without-tls',
    settings: ['secure', 'trustForwarded'],
    find: ({ pool: { affinity, servers }, listeners }) =>
      affinity.type === 'cookie' &&
      affinity.secure &&
      servers.length > 1 &&
      listeners.length > 0 &&
      listeners.every(({ trustForwarded }) => !trustForwarded)
        ? {
            at: ['affinity', 'secure'],
            message:
              'affinity binds only clients that take this machine for safe (some browsers do): secure: true keeps the cookie off plain HTTP, Ballast speaks no TLS, and no listener says that a proxy in front does (trustForwarded); leave secure out',
          }
        : null,
  },
  {
    name: 'ipv6-prefix-without-ipv6',
    settings: ['ipv6Prefix', 'bind'],
    find: ({ pool: { affinity }, listeners, wrote }) =>
      affinity.type === 'client-ip' &&
      wrote('affinity', 'ipv6Prefix') &&
      listeners.length > 0 &&
      listeners.every(takesIpv4Only)
        ? {
            at: ['affinity', 'ipv6Prefix'],
            message:
              'ipv6Prefix has no effect: the listener takes IPv4 clients only; bind it to [::]:PORT, or leave it out',
          }
        : null,
  },
  {
    name: 'affinity-and-hash',
    settings: ['affinity', 'strategy'],
    find: ({ pool: { affinity, strategy, servers } }) => {
      const kind: string = strategy.kind;
      // By a header or the application's cookie, requests without one are the strategy's.
      if (affinity.type !== 'cookie' && affinity.type !== 'client-ip') return null;
      if (servers.length < 2 || (kind !== 'hash' && kind !== 'ip-hash')) return null;
      const who = affinity.type === 'cookie' ? 'each client that keeps cookies' : 'each client';
      return {
        at: ['strategy'],
        message: `${kind} only chooses the first server of ${who}: after that the session decides, also when servers come and go; leave affinity out, or write another strategy`,
      };
    },
  },
];
