import { strategyKinds } from '@shared/catalog/strategies.ts';
import { describe, expect, it } from 'vitest';
import { strategyRegistry } from '../../../main/engine/strategy/registry.ts';
import {
  candidatesNamed,
  factsOf,
  permutations,
  sequence,
  strategyOf,
  strategyOptions,
  type TestServer,
} from '../../support/strategy-kit.ts';

function counts(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const letter of text) found[letter] = (found[letter] ?? 0) + 1;
  return found;
}

const create = strategyOf;

describe('round robin', () => {
  it('serves each in turn in configured order and ignores weights', () => {
    expect(sequence(create('round-robin'), candidatesNamed({ a: 5, b: 1, c: 1 }), 7)).toBe('abcabca');
  });

  it('goes on behind the last one when a server leaves, and takes it up in its place when it returns', () => {
    const strategy = create('round-robin');
    const [a, b, c] = candidatesNamed({ a: 1, b: 1, c: 1 }) as [TestServer, TestServer, TestServer];
    expect(sequence(strategy, [a, b, c], 1)).toBe('a');
    expect(sequence(strategy, [a, c], 3)).toBe('cac');
    expect(sequence(strategy, [a, b, c], 4)).toBe('abca');
  });

  it('does not send the turns of a missing server to its neighbour', () => {
    const strategy = create('round-robin');
    const [a, , c, d] = candidatesNamed({ a: 1, b: 1, c: 1, d: 1 }) as TestServer[];
    expect(counts(sequence(strategy, [a!, c!, d!], 300))).toEqual({ a: 100, c: 100, d: 100 });
  });

  it('does not skip whoever moved up into the place of a server that was removed', () => {
    const strategy = create('round-robin');
    const [a, b, c, d] = candidatesNamed({ a: 1, b: 1, c: 1, d: 1 }) as TestServer[];
    expect(sequence(strategy, [a!, b!, c!, d!], 2)).toBe('ab');
    [c!.order, d!.order] = [1, 2];
    expect(sequence(strategy, [a!, c!, d!], 3)).toBe('cda');
  });

  it('follows its last server to another place', () => {
    const strategy = create('round-robin');
    const [a, b, c] = candidatesNamed({ a: 1, b: 1, c: 1 }) as [TestServer, TestServer, TestServer];
    expect(sequence(strategy, [a, b, c], 1)).toBe('a');
    [c.order, a.order, b.order] = [0, 1, 2];
    expect(sequence(strategy, [c, a, b], 3)).toBe('bca');
  });
});

describe.each(['weighted-round-robin', 'least-connections'] as const)('%s on an idle pool', (kind) => {
  it('serves 5/1/1 as aabacaa, 500/100/100 in 700', () => {
    const text = sequence(create(kind), candidatesNamed({ a: 5, b: 1, c: 1 }), 700);
    expect(text).toBe('aabacaa'.repeat(100));
    expect(counts(text)).toEqual({ a: 500, b: 100, c: 100 });
  });

  it('gives every server its share in whatever order they are listed', () => {
    for (const order of permutations(Object.entries({ a: 5, b: 3, c: 2 }))) {
      const text = sequence(create(kind), candidatesNamed(Object.fromEntries(order)), 1_000);
      expect(counts(text)).toEqual({ a: 500, b: 300, c: 200 });
    }
  });

  it('keeps its turns through a rearrangement, since they belong to servers and not to places', () => {
    const strategy = create(kind);
    const [a, b, c] = candidatesNamed({ a: 5, b: 1, c: 1 }) as [TestServer, TestServer, TestServer];
    const first = sequence(strategy, [a, b, c], 3);
    const second = sequence(strategy, [c, a, b], 4);
    expect(counts(first + second)).toEqual({ a: 5, b: 1, c: 1 });
  });
});

describe('least connections', () => {
  it('picks the fewest in flight for the weight', () => {
    const [a, b] = candidatesNamed({ a: 4, b: 1 }) as [TestServer, TestServer];
    a.activeRequests = 3;
    b.activeRequests = 1;
    expect(sequence(create('least-connections'), [a, b], 1)).toBe('a');
    a.activeRequests = 5;
    expect(sequence(create('least-connections'), [a, b], 1)).toBe('b');
  });

  it('takes turns by weight among the equally loaded only', () => {
    const [a, b, c] = candidatesNamed({ a: 2, b: 1, c: 1 }) as [TestServer, TestServer, TestServer];
    c.activeRequests = 9;
    expect(counts(sequence(create('least-connections'), [a, b, c], 30))).toEqual({ a: 20, b: 10 });
  });
});

describe('IP hash', () => {
  const clients = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.7`);
  const home = (candidates: readonly TestServer[]): Map<string, string> => {
    const strategy = create('ip-hash');
    return new Map(clients.map((client) => [client, strategy.pick(candidates, factsOf({ client }), 0).id]));
  };
  const share = (homes: Map<string, string>, id: string): number =>
    [...homes.values()].filter((each) => each === id).length / homes.size;

  it('leads a client to the same server, whatever the order of the file', () => {
    for (const order of permutations(candidatesNamed({ a: 1, b: 1, c: 1 })))
      expect(home(order)).toEqual(home(candidatesNamed({ a: 1, b: 1, c: 1 })));
  });

  it('shares clients out by weight', () => {
    const homes = home(candidatesNamed({ a: 5, b: 3, c: 2 }));
    expect(share(homes, 'a')).toBeCloseTo(0.5, 1);
    expect(share(homes, 'b')).toBeCloseTo(0.3, 1);
    expect(share(homes, 'c')).toBeCloseTo(0.2, 1);
    expect(Math.abs(share(homes, 'a') - 0.5)).toBeLessThan(0.02);
  });

  it('moves only the clients of the server that leaves, and brings exactly those back', () => {
    const all = candidatesNamed({ a: 1, b: 2, c: 1, d: 1 });
    const before = home(all);
    const without = home(all.filter(({ id }) => id !== 'b'));
    for (const [client, server] of before) {
      if (server === 'b') expect(without.get(client)).not.toBe('b');
      else expect(without.get(client)).toBe(server);
    }
    expect(
      new Set([...before].filter(([, id]) => id === 'b').map(([client]) => without.get(client))).size,
    ).toBe(3);
    expect(home(all)).toEqual(before);
  });
});

describe.each(strategyKinds)('%s', (kind) => {
  it('picks the only candidate and can say why', () => {
    const only = candidatesNamed({ a: 3 });
    expect(sequence(create(kind), only, 5)).toBe('aaaaa');
    const seen = { name: 'a', weight: 3, activeRequests: 0, latencyMs: null, seen: only[0]!.seen };
    expect(strategyRegistry[kind].reasoning.because(seen, [], strategyOptions(kind))).toMatch(/only one/);
  });
});
