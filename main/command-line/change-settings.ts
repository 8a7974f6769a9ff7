import type { WrittenPool } from '@shared/config/as-written.ts';
import { parse } from 'yaml';
import { withoutOtherKind } from './other-kind.ts';
import { unusable } from './recording-file.ts';

type Written = Record<string, unknown>;

/** A pool with other weights. @param text `api-1=3,api-2=1` @throws Failure that says what to write */
export function withWeights(pool: WrittenPool, text: string): WrittenPool {
  return text.split(',').reduce((each, part) => {
    const match = /^\s*([^=\s]+)\s*=\s*(\d+)\s*$/.exec(part);
    if (!match) throw unusable(`"${part}" is no weight; write e.g. --weights api-1=3,api-2=1`);
    return changed(each, `servers.${match[1]}.weight=${match[2]}`);
  }, pool);
}

/** The words before the first `=`. */
export function pathOf(text: string): string[] {
  return text
    .slice(0, Math.max(0, text.indexOf('=')))
    .trim()
    .split('.');
}

/** What stands behind it, read as the file is. */
export function writtenValue(text: string): unknown {
  const value = text.slice(text.indexOf('=') + 1);
  try {
    return parse(value);
  } catch {
    return value;
  }
}

/** A pool with settings changed, one after the other, as `changed` says. What belongs to another kind of affinity or health check goes with it. */
export function withSettings(pool: WrittenPool, set: readonly string[]): WrittenPool {
  return withoutOtherKind(set.reduce(changed, pool), set.map(pathOf));
}

/**
 * A pool with one setting changed, in the words of the file; a server goes by its name. Whether the setting exists and the value is
 * one, the schema says.
 *
 * @param text `outlierDetection.consecutiveFailures=2`, `servers.api-1.maxRequests=4`
 * @throws Failure that says what to write
 */
function changed(pool: WrittenPool, text: string): WrittenPool {
  const path = pathOf(text);
  if (path.some((part) => part === ''))
    throw unusable(`"${text}" is no setting; write e.g. --set retry.attempts=2`);
  const [first] = path;
  const last = path.at(-1)!;
  if (first === 'strategy') throw unusable(strategyElsewhere(path, text));
  // What was recorded goes by these names.
  if (first === 'name') throw unusable('a pool keeps its name in a replay; leave --set name out');
  if (first === 'servers' && path.length === 2)
    throw unusable(`"${text}" names no setting of a server; write e.g. --set servers.${last}.weight=3`);
  if (first === 'servers' && path.length > 2 && last === 'name')
    throw unusable('servers keep their names in a replay; leave --set servers.….name out');
  const copy = structuredClone(pool) as Written;
  holderOf(copy, path.slice(0, -1))[last] = writtenValue(text);
  return copy;
}

function strategyElsewhere(path: readonly string[], text: string): string {
  const [, option] = path;
  const value = text.slice(text.indexOf('=') + 1).trim();
  const wanted = option === undefined ? value : `{kind: …, ${option}: ${value}}`;
  const quoted = /^[a-z-]+$/.test(wanted) ? wanted : `'${wanted}'`;
  return `the strategy has an option of its own; write --strategy ${quoted}`;
}

/** The mapping that holds the last word of a path, made where it is missing. */
function holderOf(pool: Written, path: readonly string[]): Written {
  if (path[0] === 'servers') return serverOf(pool, path.slice(1).join('.'));
  let holder = pool;
  for (const part of path) {
    const next = holder[part];
    if (typeof next !== 'object' || next === null) holder[part] = {};
    holder = holder[part] as Written;
  }
  return holder;
}

/** Names of servers may have dots in them. */
function serverOf({ servers }: Written, name: string): Written {
  const list = servers as readonly Written[];
  const found = list.find((server) => server.name === name);
  if (found) return found;
  const names = list.map((server) => String(server.name)).join(', ');
  throw unusable(`the pool has no server "${name}"; it has ${names}`);
}
