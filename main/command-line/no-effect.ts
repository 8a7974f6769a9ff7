import { strategies } from '@shared/catalog/strategies.ts';
import type { WrittenPool } from '@shared/config/as-written.ts';
import { have, listed } from '@shared/config/lint/lint-rule.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { unmodelled } from '../engine/simulation/modelled-settings.ts';
import { pathOf, writtenValue } from './change-settings.ts';

interface Changes {
  readonly weights?: string;
  readonly set: readonly string[];
  /** File whose pool took the place of the recorded one, and that pool. */
  readonly config?: { readonly file: string; readonly pool: WrittenPool } | undefined;
}

/** Sentences on what was changed and changes nothing in a replay by these settings: "--set x has no effect: ...". */
export function withoutEffect(
  { weights, set, config }: Changes,
  recorded: WrittenPool,
  configs: readonly PoolConfig[],
): string[] {
  const told: string[] = [];
  const changesWeights =
    weights !== undefined ||
    set.some((text) => /^\s*servers\..*\.weight\s*=\s*0*[1-9]/.test(text)) ||
    (config !== undefined && hasOtherWeights(config.pool, recorded));
  const ignoring = configs
    .map(({ strategy }) => strategy.kind)
    .filter((kind) => !strategies[kind].usesWeights);
  if (changesWeights && ignoring.length > 0)
    told.push(
      `Weights above 0 have no effect under ${[...new Set(ignoring)].join(', ')}: no request is led by them there.`,
    );
  if (config !== undefined) told.push(...ofFile(config.file, config.pool, recorded));
  for (const text of set) told.push(...ofChange(text, recorded));
  return told;
}

function ofChange(text: string, recorded: WrittenPool): string[] {
  const path = pathOf(text);
  const value = writtenValue(text);
  const found = unmodelled(withoutServer(path), value);
  const whole = withoutServer(path).join('.');
  if (found.length > 0)
    return byReason(found).map(({ paths, why }) =>
      paths[0] === whole
        ? `--set ${text} has no effect: ${why}.`
        : `Of --set ${text}, ${listed(paths)} ${have(paths)} no effect: ${why}.`,
    );
  return isAsRecorded(path, value, recorded)
    ? [`--set ${text} has no effect: that is how it was recorded.`]
    : [];
}

/** What another file has otherwise, and a replay does not obey. */
function ofFile(file: string, pool: WrittenPool, recorded: WrittenPool): string[] {
  const { servers: _servers, name: _name, ...others } = pool;
  const changed = differing(others, recorded).flatMap(({ path, value }) => unmodelled(path, value));
  return byReason(changed).map(
    ({ paths, why }) => `${listed(paths)} of ${file} ${have(paths)} no effect: ${why}.`,
  );
}

/** The plain values that differ, with their paths. What is new with another kind of check or affinity is nobody's change: most are defaults. */
function differing(
  one: Readonly<Record<string, unknown>>,
  other: unknown,
  path: readonly string[] = [],
): { path: string[]; value: unknown }[] {
  return Object.entries(one).flatMap(([key, value]) => {
    const there = isMapping(other) ? other[key] : undefined;
    if (isMapping(value) && isMapping(there)) return differing(value, there, [...path, key]);
    return there === undefined || JSON.stringify(value) === JSON.stringify(there)
      ? []
      : [{ path: [...path, key], value }];
  });
}

function byReason(found: readonly { path: string; why: string }[]): { paths: string[]; why: string }[] {
  const reasons = new Map<string, string[]>();
  for (const { path, why } of found) reasons.set(why, [...(reasons.get(why) ?? []), path]);
  return [...reasons].map(([why, paths]) => ({ why, paths }));
}

/** Names of servers may have dots in them, settings of servers have none below them. */
function withoutServer(path: readonly string[]): readonly string[] {
  return path[0] === 'servers' && path.length > 2 ? ['servers', path.at(-1)!] : path;
}

/** The very value that was there, where it is a plain one. */
function isAsRecorded(path: readonly string[], value: unknown, recorded: WrittenPool): boolean {
  let there: unknown = path[0] === 'servers' ? serverNamed(recorded, path.slice(1, -1).join('.')) : recorded;
  for (const part of path[0] === 'servers' ? path.slice(-1) : path) {
    if (!isMapping(there)) return false;
    there = there[part];
  }
  const isPlain = typeof there === 'string' || typeof there === 'number' || typeof there === 'boolean';
  return isPlain && there === value;
}

function hasOtherWeights(pool: WrittenPool, recorded: WrittenPool): boolean {
  return serversOf(pool).some(({ name, weight }) => {
    const before = serverNamed(recorded, String(name))?.weight;
    return before !== undefined && before !== weight && before !== 0 && weight !== 0;
  });
}

function serverNamed(pool: WrittenPool, name: string): Readonly<Record<string, unknown>> | undefined {
  return serversOf(pool).find((server) => server.name === name);
}

function serversOf({ servers }: WrittenPool): readonly Readonly<Record<string, unknown>>[] {
  return servers as readonly Readonly<Record<string, unknown>>[];
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
