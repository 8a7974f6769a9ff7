import { readFileSync } from 'node:fs';
import { asWritten } from '@shared/config/as-written.ts';
import { parseConfig } from '@shared/config/parse.ts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { PoolInput } from '../../support/config-of.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';

const servers = serversNamed({ a: 1, b: 2 });

/** Whatever can stand in a pool: options that take a form of their own when they are read. */
const pools: Record<string, Omit<PoolInput, 'servers'>> = {
  'nothing but defaults': {},
  'an HTTP check': {
    healthCheck: { type: 'http', path: '/health?x=1', interval: '1500ms', expect: [200, '2xx', '300-399'] },
  },
  'a TCP check': { healthCheck: { type: 'tcp', timeout: '90s', interval: '2m' } },
  'no check': { healthCheck: { type: 'none' } },
  'sessions by cookie': { affinity: { type: 'cookie', ttl: '36h', onUnavailable: 'reject' } },
  'sessions by address': { affinity: { type: 'client-ip' } },
  batching: { batching: { mode: 'on', depth: 8, wait: '70ms' } },
  'limits and times': {
    retry: { attempts: 2, on: [502, 503] },
    queue: { length: 7, timeout: '1234ms' },
    timeouts: { connect: '300ms', response: '1h' },
    outlierDetection: { consecutiveFailures: 0, baseEjection: '1m' },
  },
};

const reread = (written: unknown) => {
  const { name } = written as { name: string };
  const parsed = parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: name }],
    pools: [written],
  });
  return parsed.ok ? parsed.config.pools[0] : parsed.problems;
};

describe('a pool as a person would write it', () => {
  it.each(Object.entries(pools))('is read as the same pool: %s', (_, input) => {
    const pool = poolConfig({ servers, ...input });
    expect(reread(asWritten(pool))).toEqual(pool);
    expect(reread(JSON.parse(JSON.stringify(asWritten(pool))))).toEqual(pool);
  });

  it.each(['canary', 'microservices', 'minimal', 'sticky-shop'])('holds for the example %s', (name) => {
    const text = readFileSync(new URL(`../../../resources/examples/${name}.yaml`, import.meta.url), 'utf8');
    const parsed = parseConfig(parse(text));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    for (const pool of parsed.config.pools) expect(reread(asWritten(pool))).toEqual(pool);
  });
});
