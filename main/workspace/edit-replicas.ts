import { formatAddress } from '@shared/config/address.ts';
import type { Config, ReplicaConfig } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { DocumentEdit } from './document.ts';
import { cutEntry, removePair, replacePair, setValue } from './splice.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/**
 * A replica group that backs the servers of a pool follows that pool's list. When a server is dragged out of the pool, its
 * process should go on behind it: the group then names the ports of its processes instead of the pool. Processes of removed
 * servers leave the group, and a group without any leaves the file.
 */
export function keepReplicas(
  source: YamlSource,
  before: Config,
  change: DocumentEdit,
): { source: YamlSource; notes: string[] } {
  const lists = listsAfter(before, change);
  if (!lists) return { source, notes: [] };
  const left = new Set([...lists.values()].flat());
  const notes: string[] = [];
  let result = source;
  // From the last to the first, so that a group cut out does not move those still to be looked at.
  for (let index = before.replicas.length - 1; index >= 0; index--) {
    const group = before.replicas[index]!;
    if (group.pool === undefined) continue;
    const wanted = backed(group, serversOf(before, group.pool)).filter((address) => left.has(address));
    const list = lists.get(group.pool);
    if (list && isSame(backed(group, list), wanted) && (group.count ?? 0) <= list.length) continue;
    const changed = rewrite(result, group, index, wanted, list, before.replicas.length - notes.length);
    result = changed.source;
    notes.push(changed.note);
  }
  return { source: result, notes };
}

function rewrite(
  source: YamlSource,
  group: ReplicaConfig,
  index: number,
  wanted: readonly string[],
  list: readonly string[] | undefined,
  groupsLeft: number,
): { source: YamlSource; note: string } {
  const place = ['replicas', index];
  if (wanted.length === 0) {
    const isOnly = groupsLeft === 1;
    return {
      source: isOnly ? removePair(source, [], 'replicas') : cutEntry(source, ['replicas'], index).source,
      note: `replica group ${group.name} has no server left and is gone too`,
    };
  }
  if (list && group.count !== undefined && isSame(list.slice(0, wanted.length), wanted)) {
    return {
      source: setValue(source, place, 'count', wanted.length),
      note: `replica group ${group.name} now has ${wanted.length} ${wanted.length === 1 ? 'process' : 'processes'}`,
    };
  }
  if (!wanted.every((address) => address.startsWith('127.0.0.1:'))) {
    throw new ContractError(
      'conflict',
      `replica group ${group.name} backs pool ${group.pool} and could not follow this change; write its ports instead of its pool in the file first`,
    );
  }
  const ports = wanted.map((address) => Number(address.slice(address.lastIndexOf(':') + 1)));
  const named = replacePair(source, place, 'pool', 'ports', ports);
  return {
    source: readYaml(removePair(named, place, 'count').text),
    note: `replica group ${group.name} now lists its ports, since its processes back more than pool ${group.pool}`,
  };
}

/** Addresses of every pool's servers, in order, once the change is made; undefined where it touches none. */
function listsAfter(before: Config, change: DocumentEdit): Map<string, string[]> | undefined {
  const lists = new Map(before.pools.map(({ name }) => [name, serversOf(before, name)]));
  const take = (from: { pool: string; server: string }): string => {
    const pool = before.pools.find(({ name }) => name === from.pool)!;
    const index = pool.servers.findIndex(({ name }) => name === from.server);
    const [address] = lists.get(from.pool)!.splice(index, 1);
    if (lists.get(from.pool)!.length === 0) lists.delete(from.pool);
    return address!;
  };
  switch (change.kind) {
    case 'server.remove':
      take(change);
      return lists;
    case 'server.move': {
      const isSame = change.pool === change.toPool;
      const address = take(change);
      const list = lists.get(change.toPool) ?? [];
      list.splice(change.index ?? list.length, 0, address);
      if (isSame) lists.set(change.toPool, list);
      return lists;
    }
    case 'pool.add':
      if ('address' in change.first) return undefined;
      lists.set(change.name, [take(change.first)]);
      return lists;
    case 'pool.remove':
      lists.delete(change.pool);
      return lists;
    default:
      return undefined;
  }
}

function serversOf(config: Config, pool: string): string[] {
  return (config.pools.find(({ name }) => name === pool)?.servers ?? []).map(({ address }) =>
    formatAddress(address),
  );
}

function backed(group: ReplicaConfig, servers: readonly string[]): string[] {
  return servers.slice(0, group.count ?? servers.length);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}
