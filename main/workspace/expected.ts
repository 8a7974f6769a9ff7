import { type StrategyKind, writtenOptions } from '@shared/catalog/strategies.ts';
import { formatAddress } from '@shared/config/address.ts';
import type { AffinityConfig, Config, PoolConfig, ServerConfig } from '@shared/config/schema.ts';
import { strategySchema } from '@shared/config/strategy-schema.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import type { DocumentEdit } from './document.ts';

/**
 * The configuration that a change must lead to, computed apart from the text. What is new (an added server's defaults, the
 * replica groups that followed) is taken from `after`.
 */
export function expectedAfter(before: Config, change: DocumentEdit, after: Config): Config {
  return { ...changed(before, change, after), replicas: after.replicas };
}

/** What every kind of affinity knows, and a change of the kind leaves alone. */
function tableOf({ ttlMs, expiry, maxSessions, onUnavailable }: Exclude<AffinityConfig, { type: 'none' }>) {
  return { ttlMs, expiry, maxSessions, onUnavailable };
}

function changed(before: Config, change: DocumentEdit, after: Config): Config {
  switch (change.kind) {
    case 'server.set-weight':
      return mapServer(before, change, (server) => ({ ...server, weight: change.weight }));
    case 'pool.set-strategy':
      return mapPool(before, change.pool, (pool) => ({
        ...pool,
        strategy: strategyWith(pool.strategy, change),
      }));
    case 'pool.set-affinity': {
      const affinity = after.pools.find(({ name }) => name === change.pool)?.affinity;
      if (affinity?.type !== change.affinity) return before;
      return mapPool(before, change.pool, (pool) => ({
        ...pool,
        affinity:
          pool.affinity.type === 'none' || affinity.type === 'none'
            ? affinity
            : { ...affinity, ...tableOf(pool.affinity) },
      }));
    }
    case 'pool.set-batching':
      return mapPool(before, change.pool, (pool) => ({
        ...pool,
        batching: { ...pool.batching, mode: change.batching },
      }));
    case 'listener.set-pool':
      return {
        ...before,
        listeners: before.listeners.map((listener) =>
          listener.name === change.listener
            ? { ...listener, routes: [{ path: '/', pool: change.pool }] }
            : listener,
        ),
      };
    case 'server.add': {
      const added = after.pools.find(({ name }) => name === change.pool)?.servers.at(-1);
      return mapPool(before, change.pool, (pool) => ({
        ...pool,
        servers: added ? [...pool.servers, added] : pool.servers,
      }));
    }
    case 'server.remove':
      return withoutServer(before, change);
    case 'server.move': {
      const server = serverOf(before, change);
      const without =
        change.pool === change.toPool
          ? mapPool(before, change.pool, (pool) => ({
              ...pool,
              servers: pool.servers.filter(({ name }) => name !== change.server),
            }))
          : withoutServer(before, change);
      return mapPool(without, change.toPool, (pool) => ({
        ...pool,
        servers: pool.servers.toSpliced(change.index ?? pool.servers.length, 0, ...(server ? [server] : [])),
      }));
    }
    case 'pool.add': {
      const added = after.pools.at(-1);
      const without = 'address' in change.first ? before : withoutServer(before, change.first);
      return {
        ...without,
        pools: added ? [...without.pools, withFirst(before, change, added)] : without.pools,
      };
    }
    case 'pool.remove':
      return { ...before, pools: before.pools.filter(({ name }) => name !== change.pool) };
    default:
      return assertNever(change);
  }
}

/** Of the same kind, options that are not named stay; every other one has its default. */
function strategyWith(
  before: PoolConfig['strategy'],
  { strategy, options = {} }: Extract<DocumentEdit, { kind: 'pool.set-strategy' }>,
): PoolConfig['strategy'] {
  const kept = before.kind === strategy ? writtenOptions(before) : {};
  const wanted = { kind: strategy as StrategyKind, ...kept, ...options };
  return strategySchema.parse(
    Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== null)),
  );
}

function withFirst(
  before: Config,
  { first, name }: Extract<DocumentEdit, { kind: 'pool.add' }>,
  added: PoolConfig,
): PoolConfig {
  if ('address' in first) {
    const [server] = added.servers;
    return server && formatAddress(server.address) === first.address.trim()
      ? { ...added, name }
      : { ...added, servers: [] };
  }
  const server = serverOf(before, first);
  return { ...added, name, servers: server ? [server] : [] };
}

function withoutServer(config: Config, at: { pool: string; server: string }): Config {
  const without = mapPool(config, at.pool, (pool) => ({
    ...pool,
    servers: pool.servers.filter(({ name }) => name !== at.server),
  }));
  return { ...without, pools: without.pools.filter(({ servers }) => servers.length > 0) };
}

function serverOf(config: Config, at: { pool: string; server: string }): ServerConfig | undefined {
  return config.pools.find(({ name }) => name === at.pool)?.servers.find(({ name }) => name === at.server);
}

function mapPool(config: Config, name: string, map: (pool: PoolConfig) => PoolConfig): Config {
  return { ...config, pools: config.pools.map((pool) => (pool.name === name ? map(pool) : pool)) };
}

function mapServer(
  config: Config,
  at: { pool: string; server: string },
  map: (server: ServerConfig) => ServerConfig,
): Config {
  return mapPool(config, at.pool, (pool) => ({
    ...pool,
    servers: pool.servers.map((server) => (server.name === at.server ? map(server) : server)),
  }));
}
