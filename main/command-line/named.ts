import type { ContractClient } from '@shared/contract/client.ts';
import { exitCodes, Failure } from './failure.ts';
import { readState } from './running.ts';

interface Wanted {
  readonly pool?: string;
  readonly server?: string;
}

/** The pools of a running Ballast with their servers, as far as names go. */
export type NamedPools = readonly {
  readonly name: string;
  readonly servers: readonly { readonly name: string }[];
}[];

/**
 * Options with the pool and the server they mean: a server's plain name will do where one pool has it. Throws a `Failure` of wrong
 * usage for a name that nothing has: to find nothing there would look as if nothing had happened.
 *
 * @param isRemembered whether something is known of what is not configured any more
 */
export async function named<T extends Wanted>(
  client: ContractClient,
  options: T,
  isRemembered: (wanted: Wanted) => Promise<boolean> = async () => false,
): Promise<T> {
  if (options.pool === undefined && options.server === undefined) return options;
  const { current } = await readState(client, 'config');
  const { wanted, problem } = resolveNames(current?.config.pools ?? [], options);
  if (problem === null || (await isRemembered(wanted))) return { ...options, ...wanted };
  throw new Failure(problem, { exitCode: exitCodes.usage });
}

/** What the names mean, and what to say where they mean nothing. */
export function resolveNames(
  pools: NamedPools,
  { pool, server }: Wanted,
): { readonly wanted: Wanted; readonly problem: string | null } {
  if (pool !== undefined && !pools.some(({ name }) => name === pool)) {
    return {
      wanted: { pool, ...(server !== undefined && { server }) },
      problem: `there is no pool "${pool}"; there is ${listed(pools.map(({ name }) => name))}`,
    };
  }
  if (server === undefined) return { wanted: { ...(pool !== undefined && { pool }) }, problem: null };
  const all = pools.flatMap(({ name, servers }) => servers.map((each) => ({ pool: name, name: each.name })));
  const ids = all.map((each) => `${each.pool}/${each.name}`);
  const meant = all.filter((each) => each.name === server && (pool === undefined || each.pool === pool));
  const [only] = meant;
  const id = only && meant.length === 1 ? `${only.pool}/${only.name}` : server;
  const wanted = { ...(pool !== undefined && { pool }), server: id };
  if (pool !== undefined && ids.includes(id) && !id.startsWith(`${pool}/`)) {
    const own = ids.filter((each) => each.startsWith(`${pool}/`));
    return { wanted, problem: `${id} is no server of pool ${pool}; there is ${listed(own)}` };
  }
  if (ids.includes(id)) return { wanted, problem: null };
  return {
    wanted,
    problem:
      meant.length > 1
        ? `several pools have a server "${server}"; write ${listed(
            meant.map((each) => `${each.pool}/${each.name}`),
            ' or ',
          )}`
        : `there is no server "${server}"; there is ${listed(ids)}`,
  };
}

const mostListed = 20;

function listed(names: readonly string[], last = ', '): string {
  if (names.length === 0) return 'none';
  const more = names.length > mostListed ? `, and ${names.length - mostListed} more` : '';
  return names.slice(0, mostListed).join(last) + more;
}
