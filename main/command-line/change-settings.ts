import type { WrittenPool } from '@shared/config/as-written.ts';
import { parse } from 'yaml';
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

/**
 * A pool with one setting changed, in the words of the file; a server goes by its name. Whether the setting exists and the value is
 * one, the schema says.
 *
 * @param text `outlierDetection.consecutiveFailures=2`, `servers.api-1.maxRequests=4`
 * @throws Failure that says what to write
 */
export function changed(pool: WrittenPool, text: string): WrittenPool {
  const at = text.indexOf('=');
  const path = text.slice(0, at).trim().split('.');
  if (at < 1 || path.some((part) => part === ''))
    throw unusable(`"${text}" is no setting; write e.g. --set retry.attempts=2`);
  const copy = structuredClone(pool) as Written;
  const last = path.at(-1)!;
  holderOf(copy, path.slice(0, -1))[last] = yamlOf(text.slice(at + 1));
  return copy;
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

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
