import {
  fallbackKinds,
  type StrategyOption,
  strategies,
  strategyKinds,
  writtenOptions,
} from '@shared/catalog/strategies.ts';
import { configJsonSchema } from '@shared/config/json-schema.ts';
import { expect, it } from 'vitest';
import { strategyOptions } from '../../support/strategy-kit.ts';

it.each(strategyKinds)(
  'the catalog tells the options of %s, and their defaults, as the file has them',
  (kind) => {
    const text = JSON.stringify(configJsonSchema());
    const told: Readonly<Record<string, StrategyOption>> = strategies[kind].options;
    for (const key of Object.keys(told)) expect(text).toContain(`"${key}"`);
    const defaults = Object.fromEntries(
      Object.entries(told).flatMap(([key, option]) =>
        option.default === null ? [] : [[key, option.default]],
      ),
    );
    const { key: _key, ...written } = writtenOptions(strategyOptions(kind));
    expect(written).toEqual(defaults);
    expect(strategies[kind].explain()).toMatch(/^[A-Z].*\.$/);
  },
);

it('lets every strategy stand in for a missing key that needs no option of its own', () => {
  const needing = strategyKinds.filter((kind) =>
    Object.values<StrategyOption>(strategies[kind].options).some(({ isRequired }) => isRequired),
  );
  expect([...fallbackKinds].sort()).toEqual(strategyKinds.filter((kind) => !needing.includes(kind)).sort());
});
