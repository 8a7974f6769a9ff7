import { formatDuration } from '../lib/duration.ts';
import { formatAddress } from './address.ts';
import { hedgeAfterText } from './retry-schema.ts';
import type { PoolConfig } from './schema.ts';

/** A pool in the words of the file: plain data that `parseConfig` reads as the very same pool. */
export type WrittenPool = Readonly<Record<string, unknown>>;

/**
 * What a person would write to have this pool, every default said: durations are text again, and so are addresses. The schema
 * is undone by rule and not by key, so that a new key needs nothing here as long as it keeps to the house's forms (`inMs`, `address`); what a hedge
 * waits for, a time or a share of requests, has a form of its own.
 */
export function asWritten(pool: PoolConfig): WrittenPool {
  return written(pool) as WrittenPool;
}

function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  const { host, port } = value as { readonly host?: unknown; readonly port?: unknown };
  if (typeof host === 'string' && typeof port === 'number' && Object.keys(value).length === 2)
    return formatAddress({ host, port });
  const { afterMs, quantile, ...others } = value as {
    readonly afterMs?: unknown;
    readonly quantile?: unknown;
  };
  if (typeof afterMs === 'number' && typeof quantile === 'number')
    return { ...others, after: hedgeAfterText({ afterMs, quantile }) };
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    if (each === undefined) continue;
    if (key.endsWith('Ms') && typeof each === 'number') result[key.slice(0, -2)] = formatDuration(each);
    else result[key] = written(each);
  }
  return result;
}
