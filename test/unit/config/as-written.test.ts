import { readFileSync } from 'node:fs';
import { fallbackKinds } from '@shared/catalog/strategies.ts';
import { asWritten } from '@shared/config/as-written.ts';
import { parseConfig } from '@shared/config/parse.ts';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
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

/** Forms of every key of a pool but its name; the first one of a key is the shortest. */
const forms: {
  readonly [K in keyof Required<Omit<PoolInput, 'name' | 'servers'>>]: readonly PoolInput[K][];
} = {
  strategy: [
    ...fallbackKinds,
    { kind: 'least-time', decay: '1500ms' },
    { kind: 'ip-hash', ipv6Prefix: 64 },
    { kind: 'hash', key: 'header:X-User', fallback: 'round-robin' },
    { kind: 'hash', key: 'path', boundedLoad: 2 },
    { kind: 'hash', key: 'cookie:cart', boundedLoad: 1.25, fallback: 'least-connections' },
    ...['query:page', 'path', 'uri', 'client-ip'].map((key) => ({ kind: 'hash' as const, key })),
  ],
  healthCheck: [
    { type: 'none' },
    { type: 'tcp', interval: '1501ms', timeout: '90s', jitter: 0, rise: 1, fall: 9, initial: 'healthy' },
    { type: 'tcp', fastInterval: '50ms', downInterval: '1h' },
    { type: 'http', path: '/health?x=1', interval: '2m', expect: [200, '2xx', '300-399'], method: 'HEAD' },
    { type: 'http', host: 'a.test', headers: { 'x-pauseMs': '5', port: '80' }, initial: 'unhealthy' },
    { type: 'http', headers: { Host: 'b.test' }, body: { contains: 'ok', bytes: 100 } },
    { type: 'http', body: { matches: '(?i)ok|fine' } },
    { type: 'grpc', service: 'shop.v1.Orders', host: 'c.test:90' },
    { type: 'http', body: { contains: 'fine' } },
    { type: 'http', body: { matches: 'x+' } },
    { type: 'grpc' },
  ],
  outlierDetection: [
    {},
    { consecutiveFailures: 0, failurePercent: 30, window: '20s', minimumRequests: 5, ejectLast: true },
    {
      latencyFactor: 2.5,
      minimumLatency: '7ms',
      baseEjection: '1m',
      maxEjection: '10m',
      maxEjectedPercent: 50,
    },
    { statuses: [503, '5xx', '502-504'] },
    { statuses: [] },
  ],
  circuitBreaker: [
    {},
    { failurePercent: 40, window: '30s', minimumRequests: 7, open: '1234ms', maxOpen: '1h', trials: 1 },
  ],
  affinity: [
    { type: 'none' },
    { type: 'cookie', ttl: '36h', onUnavailable: 'reject', maxSessions: 7, expiry: 'fixed' },
    { type: 'cookie', name: '__Secure-app', domain: 'a.test', sameSite: 'none', secure: true, maxAge: false },
    { type: 'cookie', path: '/app', httpOnly: false },
    { type: 'app-cookie', name: 'JSESSIONID', ttl: '90s' },
    { type: 'header', header: 'X-Session' },
    { type: 'client-ip' },
    { type: 'client-ip', ipv4Prefix: 24, ipv6Prefix: 48 },
  ],
  retry: [
    {},
    { attempts: 2, on: [502, '5xx', 'timed-out'], methods: ['GET', 'POST'], budgetPercent: 3, bodyBytes: 0 },
    { backoff: { base: '30ms', max: '70ms' }, budgetMinPerSecond: 0 },
    { hedge: {} },
    ...['p50', 'p75', 'p90', 'p95', 'p99', '1ms', '90s'].map((after, index) => ({
      hedge: { after, most: 1 + (index % 3) },
    })),
  ],
  timeouts: [
    {},
    { connect: '300ms', response: '1h', attempt: '2s', request: '1d', idle: '61s', drain: '3m' },
    { tunnel: '2h', tunnelEnd: '5s', tunnelDrain: '1001ms', resolve: '45s' },
  ],
  maxRequests: [0, 500],
  queue: [{}, { length: 7, timeout: '1234ms' }],
  idleConnections: [0, 5],
  slowStart: ['0s', '90s'],
  panicThreshold: [0, 50],
  batching: ['off', 'on', 'adaptive', { mode: 'on', depth: 8, wait: '70ms' }],
};
const members = [
  servers,
  [
    { address: 'localhost:80' },
    { name: 'six', address: '[::1]:81', weight: 0, priority: 9, backup: true, maxRequests: 3 },
  ],
] as const;

/** Every form of every key by itself, and many of them together by chance. */
function manyPools(): PoolInput[] {
  const random = seededRandom(5);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const single = Object.entries(forms).flatMap(([key, each]) =>
    each.map((form) => ({ servers, [key]: form }) as PoolInput),
  );
  const mixed = Array.from({ length: 300 }, () => {
    const keys = Object.entries(forms).map(([key, each]) => [key, one<unknown>(each)]);
    return { ...Object.fromEntries(keys), servers: one<unknown>(members) } as PoolInput;
  });
  return [...single, ...mixed];
}

/** Every value that stands somewhere in a pool, by its path; a list counts as one value. */
function valuesOf(value: unknown, path: string, into: Map<string, Set<string>>): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    for (const [key, each] of Object.entries(value)) valuesOf(each, `${path}.${key}`, into);
  else into.set(path, (into.get(path) ?? new Set()).add(JSON.stringify(value)));
}

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

  it('is read as the same pool in every form of every key, and in many of them together', () => {
    for (const input of manyPools()) {
      const pool = poolConfig(input);
      expect(reread(JSON.parse(JSON.stringify(asWritten(pool))))).toEqual(pool);
    }
  });

  it('is tried with more than one value of every key there is', () => {
    const seen = new Map<string, Set<string>>();
    for (const input of manyPools()) valuesOf(poolConfig(input), '', seen);
    const always = [...seen].filter(([, values]) => values.size === 1).map(([path]) => path);
    // Written in one pool at all, or one of a kind.
    const once = ['.name', '.affinity.header', '.healthCheck.service', '.affinity.domain'];
    expect(
      always.filter((path) => !once.includes(path) && !path.startsWith('.healthCheck.headers.')),
    ).toEqual([]);
  });

  it.each(['canary', 'microservices', 'minimal', 'sticky-shop'])('holds for the example %s', (name) => {
    const text = readFileSync(new URL(`../../../resources/examples/${name}.yaml`, import.meta.url), 'utf8');
    const parsed = parseConfig(parse(text));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    for (const pool of parsed.config.pools) expect(reread(asWritten(pool))).toEqual(pool);
  });
});
