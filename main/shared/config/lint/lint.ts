import type { Config } from '../schema.ts';
import { affinityRules } from './affinity-rules.ts';
import { balancingRules } from './balancing-rules.ts';
import { cookieRules } from './cookie-rules.ts';
import { fileRules as otherFileRules } from './file-rules.ts';
import { healthRules } from './health-rules.ts';
import { hedgeRules } from './hedge-rules.ts';
import { limitRules } from './limit-rules.ts';
import type { ConfigNote, FileRule, Finding, Path, PoolRule } from './lint-rule.ts';
import { outlierRules } from './outlier-rules.ts';
import { retryRules } from './retry-rules.ts';
import { timeoutRules } from './timeout-rules.ts';

/** Everything that is looked for. To add a rule: an entry in one of these tables, and a line in `test/samples`. */
export const poolRules: readonly PoolRule[] = [
  ...balancingRules,
  ...healthRules,
  ...outlierRules,
  ...retryRules,
  ...limitRules,
  ...timeoutRules,
  ...hedgeRules,
  ...affinityRules,
];
export const fileRules: readonly FileRule[] = [...otherFileRules, ...cookieRules];

/**
 * Names the settings of a good configuration that can have no effect, by themselves or beside others: each says more than the file
 * does, and whoever wrote it believes otherwise.
 *
 * @param config as it will run
 * @param data what the file says, as plain data: what a person did not write is not held against them
 */
export function lintConfig(config: Config, data: unknown): ConfigNote[] {
  const wroteAt = (path: Path): boolean => stands(data, path);
  const notes: ConfigNote[] = [];
  const add = (
    { name, settings }: FileRule | PoolRule,
    found: Finding | readonly Finding[] | null,
    base: Path,
    pool: string | null,
  ): void => {
    const all: readonly Finding[] = found === null ? [] : isList(found) ? found : [found];
    for (const { at, message } of all)
      notes.push({
        rule: name,
        settings,
        pool: pool ?? (at[0] === 'pools' ? config.pools[Number(at[1])]!.name : null),
        path: [...base, ...at],
        message,
      });
  };
  for (const [index, pool] of config.pools.entries()) {
    const base = ['pools', index];
    const listeners = config.listeners.filter(({ routes }) =>
      routes.some((route) => route.pool === pool.name),
    );
    const view = {
      pool,
      config,
      listeners,
      wrote: (...path: Path) => wroteAt([...base, ...path]),
    };
    for (const rule of poolRules) add(rule, rule.find(view), base, pool.name);
  }
  for (const rule of fileRules) add(rule, rule.find({ config, wrote: (...path) => wroteAt(path) }), [], null);
  return notes;
}

function isList(found: Finding | readonly Finding[]): found is readonly Finding[] {
  return Array.isArray(found);
}

/** Whether something stands at the path. */
function stands(data: unknown, path: Path): boolean {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Record<string | number, unknown>)[part];
  }
  return true;
}
