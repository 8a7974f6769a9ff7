import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import { simulate } from '../../../main/engine/simulation/simulate.ts';
import { boundOf } from '../../../main/engine/strategy/rendezvous.ts';
import {
  candidatesNamed,
  chiSquare,
  chiSquareLimit,
  factsOf,
  permutations,
  sequence,
  strategyOf,
  strategyOptions,
  type TestServer,
} from '../../support/strategy-kit.ts';

const facts = factsOf();

/** Named servers with what a strategy may see of them. */
function loaded(of: Record<string, Partial<TestServer>>): TestServer[] {
  return candidatesNamed(
    Object.fromEntries(Object.entries(of).map(([name, { weight = 1 }]) => [name, weight])),
  ).map((server) => Object.assign(server, of[server.id]));
}

/** The same servers, as if the file listed them in this order. */
function listed(servers: readonly TestServer[]): TestServer[] {
  return servers.map((server, order) => ({ ...server, order, turn: 0, notes: new Float64Array(4), seen: 0 }));
}

describe('whatever the order of the file', () => {
  const cases: [
    string,
    Parameters<typeof strategyOptions>[0],
    Record<string, Partial<TestServer>>,
    string,
  ][] = [
    [
      'the fewest in flight',
      'least-connections',
      {
        a: { activeRequests: 3 },
        b: { activeRequests: 1 },
        c: { activeRequests: 2 },
        d: { activeRequests: 9 },
      },
      'b',
    ],
    [
      'the fewest in flight for the weight',
      'least-connections',
      {
        a: { activeRequests: 4, weight: 5 },
        b: { activeRequests: 1 },
        c: { activeRequests: 2, weight: 2 },
        d: { activeRequests: 9, weight: 9 },
      },
      'a',
    ],
    [
      'a fraction of a weight',
      'least-connections',
      {
        a: { activeRequests: 1, weight: 0.1 },
        b: { activeRequests: 9 },
        c: { activeRequests: 12 },
        d: { activeRequests: 11 },
      },
      'b',
    ],
    [
      'the soonest answer',
      'least-time',
      {
        a: { latencyMs: 30 },
        b: { latencyMs: 10, activeRequests: 3 },
        c: { latencyMs: 12, activeRequests: 1 },
        d: { latencyMs: 90 },
      },
      'c',
    ],
    [
      'the soonest answer for the weight',
      'least-time',
      {
        a: { latencyMs: 30, weight: 4 },
        b: { latencyMs: 10 },
        c: { latencyMs: 12 },
        d: { latencyMs: 90, weight: 10 },
      },
      'a',
    ],
    [
      'one never measured that was asked already as the fastest',
      'least-time',
      {
        a: { latencyMs: 30, activeRequests: 1 },
        b: { latencyMs: 10, activeRequests: 2 },
        c: { activeRequests: 1 },
        d: { latencyMs: 90 },
      },
      'c',
    ],
    [
      'one never measured before everybody, as long as it is idle',
      'least-time',
      {
        a: { latencyMs: 1, weight: 100 },
        b: { latencyMs: 1, weight: 5 },
        c: { weight: 0.1 },
        d: { latencyMs: 1 },
      },
      'c',
    ],
  ];

  it.each(cases)('%s is picked', (_title, kind, of, wanted) => {
    for (const order of permutations(loaded(of)))
      expect(strategyOf(kind).pick(listed(order), facts, 0).id).toBe(wanted);
  });

  it('power of two picks the less loaded of the two drawn, whichever is drawn first', () => {
    const all = loaded({
      a: { activeRequests: 4 },
      b: { activeRequests: 1, weight: 2 },
      c: { activeRequests: 2 },
      d: { activeRequests: 9, weight: 3 },
    });
    const load = ({ activeRequests, weight }: TestServer): number => activeRequests / weight;
    const pairs = new Set<string>();
    for (const order of permutations(all)) {
      const servers = listed(order);
      const random = seededRandom(5);
      const strategy = strategyOf('power-of-two', random);
      for (let pick = 0; pick < 400; pick++) {
        const picked = strategy.pick(servers, facts, 0);
        const drawn = servers.filter(({ seen }) => seen > 0);
        expect(drawn).toHaveLength(2);
        expect(picked.id).toBe(drawn.toSorted((one, other) => load(one) - load(other))[0]!.id);
        pairs.add(
          drawn
            .map(({ id }) => id)
            .sort()
            .join(''),
        );
      }
    }
    expect([...pairs].sort()).toEqual(['ab', 'ac', 'ad', 'bc', 'bd', 'cd']);
  });

  it('least time lets a measurement fade while none follows', () => {
    const servers = loaded({ a: { latencyMs: 40, latencyAt: 0 }, b: { latencyMs: 20, latencyAt: 0 } });
    const strategy = strategyOf('least-time');
    expect(strategy.pick(servers, facts, 0).id).toBe('b');
    servers[1]!.latencyAt = 9_000;
    expect(strategy.pick(servers, facts, 9_000).id).toBe('a');
  });

  it('least time serves an idle pool that was never measured by turns', () => {
    expect(sequence(strategyOf('least-time'), candidatesNamed({ a: 1, b: 1, c: 1 }), 6)).toBe('abcabc');
  });
});

describe('least time asks a server that was never measured', () => {
  it.each([
    [{ a: 2, b: 1 }, 'ba'],
    [{ a: 5, b: 1, c: 1 }, 'bca'],
    [{ a: 1, b: 0.1 }, 'ba'],
  ])('once, soon, whatever the weights (%o), and not again while it is to answer', (weights, wanted) => {
    const servers = candidatesNamed(weights);
    servers[0]!.latencyMs = 1;
    const strategy = strategyOf('least-time');
    let met = '';
    for (let request = 0; request < servers.length; request++) {
      const picked = strategy.pick(servers, facts, 0);
      met += picked.id;
      // Who was never measured does not answer for now; the measured one does at once.
      if (picked.latencyMs === 0) picked.activeRequests += 1;
    }
    expect(met).toBe(wanted);
  });

  it('no more often than its requests in flight allow while it is slow to give its first answer', () => {
    const servers = candidatesNamed({ a: 5, b: 1 });
    servers[0]!.latencyMs = 20;
    const strategy = strategyOf('least-time');
    const asked = { a: 0, b: 0 };
    for (let request = 0; request < 24; request++) {
      const picked = strategy.pick(servers, facts, 0);
      picked.activeRequests += 1;
      asked[picked.id as 'a' | 'b'] += 1;
    }
    expect(asked).toEqual({ a: 20, b: 4 });
  });
});

describe('the pairs of power of two', () => {
  const draw = (weights: Record<string, number>, picks: number): { ordered: Map<string, number> } => {
    const servers = candidatesNamed(weights);
    const strategy = strategyOf('power-of-two', seededRandom(11));
    const ordered = new Map<string, number>();
    for (let pick = 0; pick < picks; pick++) {
      strategy.pick(servers, facts, 0);
      const first = servers.find(({ seen }) => seen === 1)!.id;
      const second = servers.find(({ seen }) => seen === 2)!.id;
      ordered.set(first + second, (ordered.get(first + second) ?? 0) + 1);
    }
    return { ordered };
  };

  it('are each of the ten with the same chance at five equal servers, in either order: no neighbour is favoured', () => {
    const { ordered } = draw({ a: 1, b: 1, c: 1, d: 1, e: 1 }, 200_000);
    expect(ordered.size).toBe(20);
    expect(
      chiSquare(
        [...ordered.values()],
        [...ordered].map(() => 1 / 20),
      ),
    ).toBeLessThan(chiSquareLimit(20));
    const unordered = new Map<string, number>();
    for (const [pair, count] of ordered) {
      const key = [...pair].sort().join('');
      unordered.set(key, (unordered.get(key) ?? 0) + count);
    }
    expect(unordered.size).toBe(10);
    for (const count of unordered.values()) expect(Math.abs(count / 200_000 - 0.1)).toBeLessThan(0.004);
  });

  it('are drawn by weight, the second from those that are left', () => {
    const weights: Record<string, number> = { a: 5, b: 3, c: 1, d: 0.5 };
    const { ordered } = draw(weights, 200_000);
    const sum = 9.5;
    const shares = [...ordered.keys()].map((pair) => {
      const [first, second] = [weights[pair[0]!]!, weights[pair[1]!]!];
      return (first / sum) * (second / (sum - first));
    });
    expect(ordered.size).toBe(12);
    expect(chiSquare([...ordered.values()], shares)).toBeLessThan(chiSquareLimit(12));
  });

  it('never hold the same server twice, also at the very ends of chance', () => {
    for (const chance of [0, 0.2, 0.4999999, 0.5, 0.75, 1 - 2 ** -32, 1 - 2 ** -53]) {
      for (const weights of [
        { a: 1, b: 1 },
        { a: 1, b: 2, c: 3 },
        { a: 0.1, b: 0.2, c: 0.3 },
        { a: 1_000, b: 0.001 },
      ]) {
        const servers = candidatesNamed(weights);
        const picked = strategyOf('power-of-two', () => chance).pick(servers, facts, 0);
        expect(servers).toContain(picked);
        expect(servers.filter(({ seen }) => seen > 0)).toHaveLength(2);
      }
    }
  });

  it('follow other weights as soon as other candidates are handed in', () => {
    const servers = candidatesNamed({ a: 1, b: 1 });
    const strategy = strategyOf('random', seededRandom(3));
    for (let pick = 0; pick < 10; pick++) strategy.pick(servers, facts, 0);
    const changed = candidatesNamed({ a: 1, b: 999 });
    const counts = { a: 0, b: 0 };
    for (let pick = 0; pick < 1_000; pick++) counts[strategy.pick(changed, facts, 0).id as 'a' | 'b'] += 1;
    expect(counts.b).toBeGreaterThan(980);
  });
});

describe('bounded load', () => {
  it.each([1, 1.25, 2])('of %d is never exceeded at any pick, however popular one key is', (factor) => {
    for (const weights of [
      [1, 1, 1, 1],
      [5, 3, 1, 0.5],
    ]) {
      let picks = 0;
      simulate(
        strategyOptions({ kind: 'hash', key: 'header:x-user', boundedLoad: factor }),
        weights.map((weight, index) => ({ name: `s${index}`, weight })),
        20_000,
        9,
        {
          ratePerSecond: 2_000,
          serviceTimes: 'exponential',
          facts: (request) =>
            factsOf({ headers: { 'x-user': request % 3 === 0 ? `u${request}` : 'popular' } }),
          onPick(picked, servers) {
            picks += 1;
            const requests = servers.reduce((sum, { activeRequests }) => sum + activeRequests, 0);
            const sum = servers.reduce((all, { weight }) => all + weight, 0);
            const bound = boundOf(picked.weight, (factor * requests) / sum);
            if (picked.activeRequests > bound)
              throw new Error(`${picked.id} has ${picked.activeRequests} of ${requests}, bound ${bound}`);
          },
        },
      );
      expect(picks).toBe(20_000);
    }
  });

  it('leads what is too much to the next in the key’s own order, and back when there is room', () => {
    const servers = candidatesNamed({ a: 1, b: 1, c: 1, d: 1 });
    const free = strategyOf({ kind: 'hash', key: 'header:x-user' });
    const bounded = strategyOf({ kind: 'hash', key: 'header:x-user', boundedLoad: 1 });
    const popular = factsOf({ headers: { 'x-user': 'popular' } });
    const home = free.pick(servers, popular, 0);
    const order = servers.toSorted((one, other) => other.seen - one.seen).map(({ id }) => id);
    expect(order[0]).toBe(home.id);
    const met: string[] = [];
    for (let request = 0; request < 4; request++) {
      const picked = bounded.pick(servers, popular, 0);
      met.push(picked.id);
      picked.activeRequests += 1;
    }
    expect(met).toEqual(order);
    for (const server of servers) server.activeRequests = 0;
    expect(bounded.pick(servers, popular, 0).id).toBe(home.id);
  });

  it('breaks a tie of equal scores by id, not by the order of the file', () => {
    // The same seed makes the same score.
    const twins = candidatesNamed({ b: 1, a: 1, c: 1 }).map((server) => ({ ...server, seed: 7 }));
    const bounded = strategyOf({ kind: 'hash', key: 'header:x-user', boundedLoad: 2 });
    const popular = factsOf({ headers: { 'x-user': 'popular' } });
    for (const order of permutations(twins)) expect(bounded.pick(order, popular, 0).id).toBe('a');
  });

  it('counts what is in flight with the request itself, rounded up', () => {
    expect([boundOf(1, 1.25 / 4), boundOf(1, (1.25 * 4) / 4), boundOf(1, (1.25 * 5) / 4)]).toEqual([1, 2, 2]);
    expect(boundOf(3, (1 * 10) / 10)).toBe(3);
  });
});
