import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type StrategyKind,
  type StrategyOption,
  strategies,
  strategyKinds,
} from '@shared/catalog/strategies.ts';
import { strategySchema } from '@shared/config/strategy-schema.ts';
import { describe, expect, it } from 'vitest';
import {
  type SimulatedLoad,
  type SimulatedServer,
  simulate,
} from '../../../main/engine/simulation/simulate.ts';
import { configKeys } from '../../support/guide-pages.ts';
import { factsOf, strategyOptions } from '../../support/strategy-kit.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/guide/strategies.md'), 'utf8');

/** Rows of the table whose header begins so, cell by cell. */
function tableOf(title: string): string[][] {
  const [, rows = ''] = text.split(`| ${title} |`);
  return rows
    .split('\n\n')[0]!
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const table = tableOf('strategy | picks | options (default) | looks at | use it for');

/** What a cell says of an option: `key` (default, least to most). */
function optionsSaid(cell: string): Record<string, { fallback: string; range: string | null }> {
  const found = [...cell.matchAll(/`(\w+)` \((?:`([^`]+)`|(none|required))(?:[,;] ([^)]+))?\)/g)];
  return Object.fromEntries(
    found.map(([, key, quoted, word, rest]) => [key, { fallback: quoted ?? word!, range: rest ?? null }]),
  );
}

describe('the page of strategies', () => {
  it('has a row for every strategy, in the order of the catalog, and what others call each', () => {
    const wanted = strategyKinds.map((kind) => `\`${kind}\``);
    expect(table.map(([kind]) => kind)).toEqual(wanted);
    expect(tableOf('here | nginx | HAProxy | Envoy').map(([kind]) => kind)).toEqual(wanted);
  });

  it.each(strategyKinds)('tells the options of %s with their defaults and ranges', (kind) => {
    const [, , cell = '', looksAt = ''] = table.find(([first]) => first === `\`${kind}\``)!;
    const options: Readonly<Record<string, StrategyOption>> = strategies[kind].options;
    const said = optionsSaid(cell);
    expect(Object.keys(said).sort()).toEqual(Object.keys(options).sort());
    if (Object.keys(options).length === 0) expect(cell).toBe('none');
    for (const [key, option] of Object.entries(options)) {
      const { fallback, range } = said[key]!;
      const inSchema = configKeys.find(({ path }) => path === `pools.strategy.${key}`)!;
      const none = option.isRequired ? 'required' : 'none';
      expect([key, fallback]).toEqual([key, String(inSchema.default ?? none)]);
      if (inSchema.most !== undefined) expect(range).toBe(`${inSchema.least} to ${inSchema.most}`);
    }
    expect(/\bweight\b/.test(looksAt)).toBe(strategies[kind].usesWeights);
  });

  it('says how short and how long a decay may be, and what a fallback may not be', () => {
    const allows = (strategy: object) => strategySchema.safeParse(strategy).success;
    const [, least, most] = /`decay` \(`10s`, (\w+) to (\w+)\)/.exec(text)!;
    expect([least, most, '0ms', '25d'].map((decay) => allows({ kind: 'least-time', decay }))).toEqual([
      ...[true, true],
      ...[false, false],
    ]);
    expect(text).toContain('any but `hash`');
    const able = strategyKinds.filter((fallback) => allows({ kind: 'hash', key: 'path', fallback }));
    expect(able).toEqual(strategyKinds.filter((kind) => kind !== 'hash'));
  });

  it('shows keys of hash that there are', () => {
    const [, list = ''] = /^\*\*hash\.\*\* `key` is (.*?)\.\n/m.exec(text)!;
    const shown = [...list.matchAll(/`([^`]+)`/g)].map(([, key]) => key!.replace('NAME', 'user'));
    expect(shown.length).toBe(6);
    for (const key of shown) expect(strategySchema.safeParse({ kind: 'hash', key }).success).toBe(true);
  });
});

const three: readonly SimulatedServer[] = [
  { name: 'a', weight: 5 },
  { name: 'b', weight: 1 },
  { name: 'c', weight: 1 },
];
/** About 6 in flight at once. */
const busy = { ratePerSecond: 600, serviceTimes: 'exponential' } as const;

function run(
  kind: Parameters<typeof strategyOptions>[0],
  n: number,
  load: SimulatedLoad = {},
  servers = three,
) {
  const { picks, requests } = simulate(strategyOptions(kind), servers, n, 7, load);
  return {
    letters: [...picks].map((pick) => servers[pick]!.name).join(''),
    shares: requests.map((each) => each / n),
  };
}

function expectShares(shares: readonly number[], wanted: readonly number[], points: number): void {
  for (const [index, share] of shares.entries())
    expect(Math.abs(share - wanted[index]!) * 100, `${shares} for ${wanted}`).toBeLessThan(points);
}

/** Requests of 200 users, one after the other. */
const users: SimulatedLoad = {
  facts: (request) => factsOf({ headers: { 'x-user': `user-${request % 200}` } }),
};

/** What the column `picks` says of each, and where it names a sequence, that very one. */
const proofs: Readonly<Record<StrategyKind, () => void>> = {
  'round-robin'() {
    expect(run('round-robin', 9).letters).toBe('abcabcabc');
  },
  'weighted-round-robin'() {
    const [, , weights = '', serves = ''] = /(by weight), spread evenly: ([\d/]+) serves ([a-c ]+) \|/.exec(
      text,
    )!;
    const servers = weights
      .split('/')
      .map((weight, index) => ({ name: 'abc'[index]!, weight: Number(weight) }));
    const once = serves.replaceAll(' ', '');
    expect(run('weighted-round-robin', once.length * 3, {}, servers).letters).toBe(once.repeat(3));
  },
  'least-connections'() {
    expect(run('least-connections', 7).letters).toBe('aabacaa');
    run('least-connections', 2_000, {
      ...busy,
      onPick(picked, servers) {
        const before = (picked.activeRequests - 1) / picked.weight;
        for (const each of servers)
          if (each !== picked) expect(before).toBeLessThanOrEqual(each.activeRequests / each.weight);
      },
    });
  },
  'power-of-two'() {
    // Of two servers both are drawn.
    const two = [{ name: 'a' }, { name: 'b' }];
    const onPick: SimulatedLoad['onPick'] = (picked, servers) => {
      const other = servers.find((each) => each !== picked)!;
      expect(picked.activeRequests - 1).toBeLessThanOrEqual(other.activeRequests);
    };
    run('power-of-two', 2_000, { ...busy, ratePerSecond: 150, onPick }, two);
    expectShares(run('power-of-two', 20_000, {}, two).shares, [0.5, 0.5], 2);
  },
  'least-time'() {
    const servers = [
      { name: 'a', serviceMs: 5 },
      { name: 'b', serviceMs: 50 },
    ];
    const before = new Map<string, number>();
    run(
      'least-time',
      2_000,
      {
        ratePerSecond: 100,
        onPick(picked, candidates) {
          before.set(picked.id, (before.get(picked.id) ?? 0) + 1);
          expect(candidates).toHaveLength(2);
        },
      },
      servers,
    );
    expect(before.get('a')! / 2_000).toBeGreaterThan(0.8);
    expect(before.get('b')).toBeGreaterThan(0);
  },
  random() {
    expectShares(run('random', 70_000).shares, [5 / 7, 1 / 7, 1 / 7], 1);
  },
  'ip-hash'() {
    expect(text).toContain('Every local client is 127.0.0.1, so one server gets everything');
    expect(new Set(run('ip-hash', 50, { facts: () => factsOf({ client: '127.0.0.1' }) }).letters).size).toBe(
      1,
    );
    expectShares(run('ip-hash', 50_000).shares, [5 / 7, 1 / 7, 1 / 7], 1);
  },
  hash() {
    const { letters } = run('hash', 1_000, users);
    expect(letters.slice(200)).toBe(letters.slice(0, 800));
    const without = run('hash', 200, users, three.slice(0, 2)).letters;
    const moved = [...letters.slice(0, 200)].filter((letter, user) => letter !== without[user]);
    expect([...new Set(moved)]).toEqual(['c']);
    // The share of a server by its weight, times the bound, rounded up.
    run({ kind: 'hash', key: 'header:x-user', boundedLoad: 1.25 }, 2_000, {
      ...busy,
      facts: () => factsOf({ headers: { 'x-user': 'the only one' } }),
      onPick(picked, servers) {
        const all = servers.reduce((sum, { activeRequests }) => sum + activeRequests, 0);
        expect(picked.activeRequests).toBeLessThanOrEqual(Math.ceil((1.25 * all * picked.weight) / 7));
      },
    });
    // Without its key a request goes by the fallback.
    expect(run('hash', 7, { facts: () => factsOf() }).letters).toBe('aabacaa');
  },
  first() {
    const servers = [{ name: 'a', maxRequests: 3 }, { name: 'b', maxRequests: 3 }, { name: 'c' }];
    expect(run('first', 5, {}, servers).letters).toBe('aaaaa');
    let ofB = 0;
    run(
      'first',
      2_000,
      {
        ...busy,
        // Who is full is no candidate any more: whoever was picked was the first of the others.
        onPick(picked, candidates) {
          expect(picked).toBe(candidates[0]);
          if (picked.id === 'b') ofB += 1;
        },
      },
      servers,
    );
    expect(ofB).toBeGreaterThan(100);
  },
};

it.each(strategyKinds)('%s picks as the page says', (kind) => proofs[kind]());

it('weights of 5/1/1 give what the page of threads says', () => {
  const threads = readFileSync(join(import.meta.dirname, '../../../docs/guide/threads.md'), 'utf8');
  const [, said] = /Weights 5\/1\/1 give `(\w+)`/.exec(threads)!;
  expect(run('weighted-round-robin', 7).letters).toBe(said);
});
