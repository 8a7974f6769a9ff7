import { strategyKinds } from '@shared/catalog/strategies.ts';
import { describe, expect, it } from 'vitest';
import {
  type SimulatedLoad,
  type SimulatedServer,
  simulate,
} from '../../../main/engine/simulation/simulate.ts';
import { chiSquare, chiSquareLimit, factsOf, strategyOptions } from '../../support/strategy-kit.ts';

const weighted = (...weights: number[]): SimulatedServer[] =>
  weights.map((weight, index) => ({ name: `s${index}`, weight }));

const sharesOf = (...portions: number[]): number[] => {
  const whole = portions.reduce((sum, portion) => sum + portion, 0);
  return portions.map((portion) => portion / whole);
};

const n = 70_000;

/** Strategies that leave nothing to chance: every cycle holds each server as often as its share says. */
const exact: [string, Parameters<typeof strategyOptions>[0], SimulatedServer[], number[]][] = [
  ['round-robin ignores weights', 'round-robin', weighted(5, 1, 1), [1, 1, 1]],
  ['weighted-round-robin', 'weighted-round-robin', weighted(5, 1, 1), [5, 1, 1]],
  ['weighted-round-robin by fractions', 'weighted-round-robin', weighted(1, 0.5, 0.25), [4, 2, 1]],
  ['least-connections, one request at a time', 'least-connections', weighted(5, 1, 1), [5, 1, 1]],
  ['least-time, servers of the same speed', 'least-time', weighted(1, 1, 1, 1), [1, 1, 1, 1]],
  ['first, one request at a time', 'first', weighted(1, 9, 9), [1, 0, 0]],
];

/** What chance, or a hash, decides: chi-square of the counts below what it exceeds once in a million times. */
const byChance: [
  string,
  Parameters<typeof strategyOptions>[0],
  SimulatedServer[],
  number[],
  SimulatedLoad?,
][] = [
  ['random', 'random', weighted(5, 3, 2), [5, 3, 2]],
  ['random by fractions, one in slow start', 'random', weighted(1, 1, 0.1), [10, 10, 1]],
  ['random of equal ones', 'random', weighted(1, 1, 1, 1, 1), [1, 1, 1, 1, 1]],
  ['power-of-two, idle: by the first draw', 'power-of-two', weighted(5, 3, 2), [5, 3, 2]],
  ['power-of-two, idle, equal', 'power-of-two', weighted(1, 1, 1, 1, 1), [1, 1, 1, 1, 1]],
  [
    'power-of-two, busy, equal',
    'power-of-two',
    weighted(1, 1, 1, 1, 1),
    [1, 1, 1, 1, 1],
    { ratePerSecond: 2_000, serviceTimes: 'exponential' },
  ],
  [
    'least-connections, busy, equal',
    'least-connections',
    weighted(1, 1, 1),
    [1, 1, 1],
    { ratePerSecond: 500, serviceTimes: 'exponential' },
  ],
  ['ip-hash', 'ip-hash', weighted(5, 3, 2), [5, 3, 2]],
  [
    'hash',
    'hash',
    weighted(5, 3, 2),
    [5, 3, 2],
    { facts: (request) => factsOf({ headers: { 'x-user': `user-${request}` } }) },
  ],
  [
    'hash by fractions',
    { kind: 'hash', key: 'uri' },
    weighted(1, 0.5, 0.1),
    [10, 5, 1],
    { facts: (request) => factsOf({ target: `/orders/${request}` }) },
  ],
  [
    'hash without keys, by its fallback',
    { kind: 'hash', key: 'header:x-user', fallback: 'random' },
    weighted(5, 3, 2),
    [5, 3, 2],
  ],
];

describe('shares', () => {
  it.each(exact)('%s: exactly', (_title, kind, servers, portions) => {
    const { requests } = simulate(strategyOptions(kind), servers, n, 1);
    for (const [index, share] of sharesOf(...portions).entries())
      expect(Math.abs(requests[index]! - n * share), `server ${index}`).toBeLessThanOrEqual(1);
  });

  it.each(byChance)('%s: within what chance allows', (_title, kind, servers, portions, load) => {
    for (const seed of [1, 2, 3]) {
      const { requests } = simulate(strategyOptions(kind), servers, n, seed, load);
      expect(chiSquare(requests, sharesOf(...portions))).toBeLessThan(chiSquareLimit(portions.length));
    }
  });

  it('would not pass with a server favoured by a tenth', () => {
    const { requests } = simulate(strategyOptions('random'), weighted(1.1, 1, 1, 1, 1), n, 1);
    expect(chiSquare(requests, sharesOf(1, 1, 1, 1, 1))).toBeGreaterThan(chiSquareLimit(5));
  });

  it('first: what overflows to the second server is what Erlang says is lost at the first', () => {
    // Poisson arrivals of 0.3 per ms x 10 ms = 3 erlang on 4 places: B(4, 3) = 0.2061.
    const places = 4;
    const erlang = 3;
    let lost = 1;
    for (let place = 1; place <= places; place++) lost = (erlang * lost) / (place + erlang * lost);
    const overflow = Array.from({ length: 20 }, (_, seed) => {
      const servers = [{ name: 'a', maxRequests: places }, { name: 'b' }];
      const load = { ratePerSecond: 300, serviceTimes: 'exponential' } as const;
      return simulate(strategyOptions('first'), servers, 10_000, seed, load).requests[1]! / 10_000;
    });
    const mean = overflow.reduce((sum, each) => sum + each, 0) / overflow.length;
    const variance = overflow.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (overflow.length - 1);
    expect(Math.abs(mean - lost)).toBeLessThan(5 * Math.sqrt(variance / overflow.length));
  });

  it('least-time: a server that takes twice as long is asked again when its measurement has faded to half', () => {
    // One request at a time: the slow one is left alone for decay x ln 2, in which the fast one answers one request every 10 ms.
    const servers = [
      { name: 'fast', serviceMs: 10 },
      { name: 'slow', serviceMs: 20 },
    ];
    const { requests } = simulate(strategyOptions({ kind: 'least-time', decay: '1s' }), servers, 50_000, 1);
    const restMs = 1_000 * Math.log(2);
    const expected = 50_000 / (restMs / 10 + 1);
    expect(requests[1]).toBeGreaterThan(expected * 0.97);
    expect(requests[1]).toBeLessThan(expected * 1.03);
  });

  it.each(['least-connections', 'least-time', 'power-of-two'] as const)(
    '%s spares a slow server, and keeps the most in flight below what chance alone leads to',
    (kind) => {
      const servers = [...weighted(1, 1, 1, 1), { name: 'slow', serviceMs: 50 }];
      const load = { ratePerSecond: 300, serviceTimes: 'exponential' } as const;
      const balanced = simulate(strategyOptions(kind), servers, 20_000, 7, load);
      const random = simulate(strategyOptions('random'), servers, 20_000, 7, load);
      expect(balanced.requests[4]!).toBeLessThan(random.requests[4]!);
      expect(Math.max(...balanced.mostInFlight)).toBeLessThan(Math.max(...random.mostInFlight));
    },
  );
});

describe.each(strategyKinds)('a simulation of %s', (kind) => {
  const load = {
    ratePerSecond: 800,
    serviceTimes: 'exponential',
    facts: (request: number) =>
      factsOf({ client: `10.0.0.${request % 50}`, headers: { 'x-user': `u${request % 50}` } }),
  } as const;
  const servers = weighted(3, 1, 2).map((server) => ({ ...server, maxRequests: 6 }));

  it('is the same for the same seed, and another one for another', () => {
    const once = simulate(strategyOptions(kind), servers, 5_000, 3, load);
    expect(simulate(strategyOptions(kind), servers, 5_000, 3, load)).toEqual(once);
    expect(once.requests.reduce((sum, each) => sum + each, 0)).toBe(5_000);
    expect(simulate(strategyOptions(kind), servers, 5_000, 4, load)).not.toEqual(once);
  });
});
