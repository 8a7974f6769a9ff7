import { ContractError } from '@shared/contract/errors.ts';
import type { Server } from './pool/server.ts';
import type { ServerPool } from './pool/server-pool.ts';

/** By name. */
export type Pools = ReadonlyMap<string, ServerPool>;

/** Throws a `ContractError` `not-found` where there is none. */
export function findServer(
  pools: Pools,
  poolName: string,
  serverName: string,
): { pool: ServerPool; server: Server } {
  const pool = findPool(pools, poolName);
  const server = pool.servers.find(({ name }) => name === serverName);
  if (server) return { pool, server };
  const names = pool.servers.map(({ name }) => name).join(', ');
  throw new ContractError('not-found', `pool "${poolName}" has no server "${serverName}"; it has ${names}`);
}

/** Throws a `ContractError` `not-found` where there is none. */
export function findPool(pools: Pools, name: string): ServerPool {
  const pool = pools.get(name);
  if (pool) return pool;
  throw new ContractError(
    'not-found',
    `there is no pool "${name}"; there is ${[...pools.keys()].join(', ') || 'none'}`,
  );
}
