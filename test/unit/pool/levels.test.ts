import { describe, expect, it } from 'vitest';
import { describeServers } from '../../../main/engine/server-status.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

const served = (kit: ReturnType<typeof poolKit>, count: number): string =>
  Array.from({ length: count }, () => kit.serve()).join('');

function kitOf(levels: Record<string, { priority?: number; backup?: boolean; maxRequests?: number }>) {
  const servers = serversNamed(Object.fromEntries(Object.keys(levels).map((name) => [name, 1])));
  return poolKit({ servers: servers.map((each) => ({ ...each, ...levels[each.name!]! })) });
}

describe('priorities', () => {
  it('are used one after another, backups behind them all', () => {
    const kit = kitOf({
      z: { backup: true },
      c: { priority: 9 },
      a: {},
      b: { priority: 2 },
      d: { priority: 2 },
    });
    expect(served(kit, 3)).toBe('aaa');
    kit.server('a').verdict = 'unhealthy';
    expect(served(kit, 4)).toBe('bdbd');
    kit.server('b').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('dd');
    kit.server('d').adminState = 'drain';
    expect(served(kit, 2)).toBe('cc');
    kit.server('c').adminState = 'maintenance';
    expect(served(kit, 2)).toBe('zz');
    kit.server('d').adminState = 'ready';
    expect(served(kit, 2)).toBe('dd');
    kit.server('a').verdict = 'healthy';
    expect(served(kit, 2)).toBe('aa');
  });

  it('order the backups too', () => {
    const kit = kitOf({ y: { backup: true, priority: 1 }, z: { backup: true }, a: { priority: 9 } });
    expect(served(kit, 1)).toBe('a');
    kit.server('a').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('zz');
    kit.server('z').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('yy');
  });

  it('spill over to the next when every server of the better one is full', () => {
    const kit = kitOf({ a: { maxRequests: 1 }, b: { priority: 1 } });
    const first = kit.request();
    expect(kit.pool.choose(first)?.name).toBe('a');
    expect(served(kit, 2)).toBe('bb');
    kit.end(first, 'responded');
    expect(served(kit, 2)).toBe('aa');
  });

  it('lead a retry on when all of the better one were tried', () => {
    const kit = kitOf({ a: {}, b: {}, c: { priority: 1 } });
    const exchange = kit.request();
    const names = ['', '', ''].map(() => {
      const { name } = kit.pool.choose(exchange)!;
      kit.end(exchange, 'connect-failed', 0, 'connection refused');
      return name;
    });
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('may change while it runs, and nothing else with them', () => {
    const kit = kitOf({ a: {}, b: {} });
    expect(served(kit, 2)).toBe('ab');
    const before = kit.server('b');
    const [a, b] = serversNamed({ a: 1, b: 1 });
    kit.configure({ servers: [{ ...a!, priority: 5 }, b!] });
    expect(served(kit, 3)).toBe('bbb');
    expect(kit.server('b')).toBe(before);
    expect(before.traffic.requests).toBe(4);
  });

  it('are the reason why a server is not asked, in the status and in the decision', () => {
    const kit = kitOf({ a: {}, b: { priority: 1 }, z: { backup: true } });
    const reasons = () => describeServers(kit.pool, kit.clock.now()).map(({ reason }) => reason);
    expect(reasons()).toEqual([null, 'priority', 'backup']);
    const decide = () => {
      const exchange = kit.request();
      kit.pool.choose(exchange);
      kit.end(exchange, 'responded');
      kit.journal.record(exchange, kit.clock.now());
      return kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!;
    };
    expect(decide().servers.map(({ state }) => state)).toEqual(['picked', 'priority', 'backup']);
    kit.server('a').verdict = 'unhealthy';
    expect(reasons()).toEqual(['unhealthy', null, 'backup']);
    expect(decide().sentence).toBe(
      'Round robin chose b, the only one to choose from. No server of a better priority was available, so those of priority 1 were asked. Left out: a is unhealthy.',
    );
  });
});

describe('weight 0', () => {
  it.each(['round-robin', 'weighted-round-robin', 'least-connections', 'ip-hash'] as const)(
    'takes no new clients and keeps bound ones under %s',
    (strategy) => {
      const affinity = { type: 'cookie' } as const;
      const kit = poolKit({ servers: serversNamed({ a: 1 }), strategy, affinity });
      const exchange = kit.request();
      kit.pool.choose(exchange);
      const cookie = exchange.setCookie!.split(';')[0]!;
      kit.end(exchange, 'responded');
      kit.configure({ servers: serversNamed({ a: 0, b: 1 }), strategy, affinity });
      expect(served(kit, 6)).toBe('bbbbbb');
      expect(kit.serve({ cookie })).toBe('a');
      kit.configure({ servers: serversNamed({ a: 0 }), strategy, affinity });
      expect(kit.serve()).toBeNull();
      expect(kit.serve({ cookie })).toBe('a');
    },
  );
});
