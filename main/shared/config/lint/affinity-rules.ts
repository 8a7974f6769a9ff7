import { seesOnlyThisMachine } from './balancing-rules.ts';
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
              'affinity has no effect: there is one server, and everybody meets it; add servers, or leave it out',
          }
        : null,
  },
  {
    name: 'address-affinity-on-loopback',
    settings: ['affinity', 'bind'],
    find: (view) =>
      view.pool.affinity.type === 'client-ip' && view.pool.servers.length > 1 && seesOnlyThisMachine(view)
        ? {
            at: ['affinity'],
            message:
              'affinity binds everybody to one server: its listener is on loopback, where every client is 127.0.0.1; write affinity: { type: cookie }',
          }
        : null,
  },
  {
    name: 'affinity-and-hash',
    settings: ['affinity', 'strategy'],
    find: ({ pool: { affinity, strategy, servers } }) => {
      const kind: string = strategy.kind;
      if (affinity.type === 'none' || servers.length < 2 || (kind !== 'hash' && kind !== 'ip-hash'))
        return null;
      return {
        at: ['strategy'],
        message: `${kind} only chooses the first server of each client: after that the session decides, also when servers come and go; leave affinity out, or write another strategy`,
      };
    },
  },
];
