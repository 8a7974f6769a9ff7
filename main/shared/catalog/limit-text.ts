import { formatDuration } from '../lib/duration.ts';
import { type LimitKind, limits } from './limits.ts';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** How often a limit was reached, in words: `3 clients turned away`. */
export function limitCountText(kind: LimitKind, count: number): string {
  const [one, many] = limits[kind].counted;
  return `${grouped.format(count)} ${count === 1 ? one : many}`;
}

/**
 * The key that moves a limit, and what it is set to: `limits.maxConnections: 100`. Only the key where that is not known, as for what
 * the system sets.
 *
 * @param settings the listener or pool, as the configuration has it
 */
export function limitKeyText(kind: LimitKind, settings: object | undefined): string {
  const { key } = limits[kind];
  const value = valueAt(settings, key.split('.'));
  return value === null ? key : `${key}: ${value}`;
}

/** Times stand there in milliseconds, and say so in their names. */
function valueAt(settings: unknown, path: readonly string[]): string | null {
  const [name, ...rest] = path;
  if (typeof settings !== 'object' || settings === null || name === undefined) return null;
  const fields = settings as Readonly<Record<string, unknown>>;
  if (rest.length > 0) return valueAt(fields[name], rest);
  const [value, ms] = [fields[name], fields[`${name}Ms`]];
  if (typeof ms === 'number') return formatDuration(ms);
  return typeof value === 'number' ? String(value) : null;
}
