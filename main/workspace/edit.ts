import { type AffinityDefinition, affinities } from '@shared/catalog/affinities.ts';
import { type StrategyKind, strategies } from '@shared/catalog/strategies.ts';
import { formatAddress, parseAddress } from '@shared/config/address.ts';
import type { Config, PoolConfig, ServerConfig } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import type { DocumentEdit } from './document.ts';
import { keepReplicas } from './edit-replicas.ts';
import {
  cutEntry,
  type Entry,
  insertEntry,
  listOfOne,
  newEntry,
  prependPair,
  removePair,
  replacePair,
  setValue,
} from './splice.ts';
import { isMapAt, keyText, mapAt, type Path, pairOf, type YamlSource } from './yaml-source.ts';

/** The text being changed, what the file says before the change, and what had to be done beyond what was asked. */
interface Work {
  readonly source: YamlSource;
  readonly config: Config;
  readonly notes: readonly string[];
}

type Edit<K extends DocumentEdit['kind']> = Extract<DocumentEdit, { kind: K }>;

/** Makes the change in the text. `config` is what the text says. Throws `ContractError` where it cannot be made. */
export function applyEdit(
  source: YamlSource,
  config: Config,
  change: DocumentEdit,
): { source: YamlSource; note: string | null } {
  const done = make({ source, config, notes: [] }, change);
  const kept = keepReplicas(done.source, config, change);
  const notes = [...done.notes, ...kept.notes];
  return { source: kept.source, note: notes.length === 0 ? null : notes.join('; ') };
}

function make(work: Work, change: DocumentEdit): Work {
  switch (change.kind) {
    case 'server.add':
      return addServer(work, change);
    case 'server.remove':
      return removeServer(work, change);
    case 'server.move':
      return moveServer(work, change);
    case 'server.set-weight':
      return setWeight(work, change);
    case 'pool.add':
      return addPool(work, change);
    case 'pool.remove':
      return removePool(work, change.pool);
    case 'pool.set-strategy':
      return setStrategy(work, change);
    case 'pool.set-affinity':
      return setAffinity(work, change);
    case 'pool.set-batching':
      return setBatching(work, change);
    case 'listener.set-pool':
      return setListenerPool(work, change);
    default:
      return assertNever(change);
  }
}

function addServer(work: Work, change: Edit<'server.add'>): Work {
  const { pool, index } = findPool(work.config, change.pool);
  const address = readAddress(change.address);
  refuseSameAddress(pool, address);
  if (change.name !== undefined) refuseSameName(pool, change.name);
  const name = change.name ?? freeName(pool);
  const data = { name, address, ...(change.weight !== undefined && { weight: change.weight }) };
  return at(work, insertEntry(work.source, serversAt(index), pool.servers.length, newEntry(data)));
}

function removeServer(work: Work, change: Edit<'server.remove'>): Work {
  const { pool, poolIndex, index } = findServer(work.config, change);
  if (pool.servers.length === 1) return emptied(work, pool.name);
  const named = nameAll(work.source, pool, poolIndex, (position) => position > index);
  return at(work, cutEntry(named, serversAt(poolIndex), index).source);
}

function moveServer(work: Work, change: Edit<'server.move'>): Work {
  const { pool, poolIndex, server, index } = findServer(work.config, change);
  const to = findPool(work.config, change.toPool);
  const isSame = to.index === poolIndex;
  const last = isSame ? pool.servers.length - 1 : to.pool.servers.length;
  const place = Math.min(change.index ?? last, last);
  if (isSame && place === index) return work;
  if (!isSame) {
    refuseSameName(to.pool, server.name);
    refuseSameAddress(to.pool, formatAddress(server.address));
    if (pool.servers.length === 1) refuseEmptying(work.config, pool.name);
  }
  // A name that follows from the place in the list would change hands: those concerned get theirs in writing.
  let source = nameAll(
    work.source,
    pool,
    poolIndex,
    (position) =>
      position === index ||
      (isSame ? position >= Math.min(index, place) && position <= Math.max(index, place) : position > index),
  );
  if (!isSame) source = nameAll(source, to.pool, to.index, (position) => position >= place);
  const cut = cutEntry(source, serversAt(poolIndex), index);
  if (pool.servers.length === 1) {
    const moved = insertEntry(source, serversAt(to.index), place, cut.entry);
    return dropPool(at(work, moved), pool.name, `pool ${pool.name} was left without a server and is gone`);
  }
  return at(work, insertEntry(cut.source, serversAt(to.index), place, cut.entry));
}

function setWeight(work: Work, change: Edit<'server.set-weight'>): Work {
  const { poolIndex, index } = findServer(work.config, change);
  return at(
    work,
    setValue(work.source, [...serversAt(poolIndex), index], 'weight', change.weight, 'address'),
  );
}

function addPool(work: Work, { name, first }: Edit<'pool.add'>): Work {
  if (work.config.pools.some((pool) => pool.name === name))
    throw new ContractError('conflict', `there is a pool "${name}" already; choose another name`);
  const count = work.config.pools.length;
  if ('address' in first) {
    const entry = newEntry({ name: `${name}-1`, address: readAddress(first.address) });
    return at(work, insertEntry(work.source, ['pools'], count, listOfOne(name, 'servers', entry)));
  }
  const { pool, poolIndex, index } = findServer(work.config, first);
  const isLast = pool.servers.length === 1;
  if (isLast) refuseEmptying(work.config, pool.name);
  const named = nameAll(work.source, pool, poolIndex, (position) => position >= index);
  const cut: { source: YamlSource; entry: Entry } = cutEntry(named, serversAt(poolIndex), index);
  const entry = listOfOne(name, 'servers', cut.entry);
  const added = at(work, insertEntry(isLast ? named : cut.source, ['pools'], count, entry));
  return isLast
    ? dropPool(added, pool.name, `pool ${pool.name} was left without a server and is gone`)
    : added;
}

function removePool(work: Work, name: string): Work {
  findPool(work.config, name);
  const leading = leadingTo(work.config, name);
  if (leading.length > 0) {
    throw new ContractError(
      'conflict',
      `${listenersText(leading)} to pool ${name}; lead ${leading.length === 1 ? 'it' : 'them'} to another pool first`,
    );
  }
  return dropPool(work, name, null);
}

function setStrategy(work: Work, change: Edit<'pool.set-strategy'>): Work {
  const { index } = findPool(work.config, change.pool);
  if (!Object.hasOwn(strategies, change.strategy)) {
    throw new ContractError(
      'invalid-config',
      `unknown strategy "${change.strategy}"; choose one of ${Object.keys(strategies).join(', ')}`,
    );
  }
  const kind = change.strategy as StrategyKind;
  const options = change.options ?? {};
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(strategies[kind].options, key))
      throw new ContractError('invalid-config', unknownOption(kind, key));
  }
  const place: Path = ['pools', index];
  const inner: Path = [...place, 'strategy'];
  const wanted = Object.entries(options).flatMap(([key, value]) =>
    value === null ? [] : [[key, value] as const],
  );
  if (!isMapAt(work.source, inner)) {
    const value = wanted.length === 0 ? kind : { kind, ...Object.fromEntries(wanted) };
    return at(work, setValue(work.source, place, 'strategy', value, 'name'));
  }
  let source = setValue(work.source, inner, 'kind', kind);
  const written = mapAt(source, inner)!.items.map(keyText);
  for (const key of written) {
    const isKnown = key === 'kind' || Object.hasOwn(strategies[kind].options, key);
    if (!isKnown || options[key] === null) source = removePair(source, inner, key);
  }
  for (const [key, value] of wanted) source = setValue(source, inner, key, value);
  return at(work, source);
}

function unknownOption(kind: StrategyKind, key: string): string {
  const known = Object.keys(strategies[kind].options);
  const which = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`;
  return `strategy ${kind} has no option "${key}"; ${which}`;
}

/** Keys that every kind of affinity knows. */
const affinityKeys = ['type', 'ttl', 'expiry', 'maxSessions', 'onUnavailable'];

/** The key without which that kind of affinity cannot be. */
function nameFor({ affinity, name }: Edit<'pool.set-affinity'>): Record<string, string> {
  const { names } = affinities[affinity] as AffinityDefinition;
  if (names === undefined) return {};
  if (name !== undefined) return { [names.key]: name };
  throw new ContractError(
    'invalid-params',
    `${affinity} needs the name of ${names.what}, e.g. ${names.example}`,
  );
}

function setAffinity(work: Work, change: Edit<'pool.set-affinity'>): Work {
  const { pool, index } = findPool(work.config, change.pool);
  if (pool.affinity.type === change.affinity) return work;
  const place: Path = ['pools', index];
  const inner: Path = [...place, 'affinity'];
  const named = nameFor(change);
  // `type: none` knows no ttl: what was written beside the type cannot stay.
  if (isMapAt(work.source, inner) && change.affinity !== 'none') {
    let source = setValue(work.source, inner, 'type', change.affinity);
    for (const key of mapAt(source, inner)!.items.map(keyText))
      if (!affinityKeys.includes(key)) source = removePair(source, inner, key);
    for (const [key, value] of Object.entries(named)) source = setValue(source, inner, key, value, 'type');
    return at(work, source);
  }
  const value = { type: change.affinity, ...named };
  const map = mapAt(work.source, place)!;
  return at(
    work,
    pairOf(map, 'affinity')
      ? replacePair(work.source, place, 'affinity', 'affinity', value)
      : setValue(work.source, place, 'affinity', value, pairOf(map, 'strategy') ? 'strategy' : 'name'),
  );
}

function setBatching(work: Work, change: Edit<'pool.set-batching'>): Work {
  const { pool, index } = findPool(work.config, change.pool);
  if (pool.batching.mode === change.batching) return work;
  const place: Path = ['pools', index];
  const inner: Path = [...place, 'batching'];
  const after = pairOf(mapAt(work.source, place)!, 'strategy') ? 'strategy' : 'name';
  return at(
    work,
    isMapAt(work.source, inner)
      ? setValue(work.source, inner, 'mode', change.batching)
      : setValue(work.source, place, 'batching', change.batching, after),
  );
}

function setListenerPool(work: Work, change: Edit<'listener.set-pool'>): Work {
  const index = work.config.listeners.findIndex(({ name }) => name === change.listener);
  const listener = work.config.listeners[index];
  if (!listener) {
    const known = work.config.listeners.map(({ name }) => name).join(', ');
    throw new ContractError('not-found', `there is no listener "${change.listener}"; there is ${known}`);
  }
  findPool(work.config, change.pool);
  const place: Path = ['listeners', index];
  const routes = listener.routes;
  if (!pairOf(mapAt(work.source, place)!, 'routes'))
    return at(work, setValue(work.source, place, 'pool', change.pool));
  if (routes.length === 1 && routes[0]!.path === '/' && routes[0]!.host === undefined)
    return at(work, setValue(work.source, [...place, 'routes', 0], 'pool', change.pool));
  const replaced = at(work, replacePair(work.source, place, 'routes', 'pool', change.pool));
  return note(
    replaced,
    `the ${routes.length} routes of listener ${listener.name} are gone: everything goes to ${change.pool}`,
  );
}

/** The last server of a pool is removed: the pool goes with it, unless traffic would be left without one. */
function emptied(work: Work, pool: string): Work {
  refuseEmptying(work.config, pool);
  return dropPool(work, pool, `it was the last server of pool ${pool}, which is gone too`);
}

function refuseEmptying(config: Config, pool: string): void {
  const leading = leadingTo(config, pool);
  if (leading.length === 0) return;
  throw new ContractError(
    'conflict',
    `pool ${pool} would be left without a server while ${listenersText(leading)} to it; add another server to it, or lead the traffic to another pool first`,
  );
}

function dropPool(work: Work, name: string, said: string | null): Work {
  const index = work.config.pools.findIndex((pool) => pool.name === name);
  const without = at(work, cutEntry(work.source, ['pools'], index).source);
  return said === null ? without : note(without, said);
}

/** Writes down the default names of those servers that have none in the file. */
function nameAll(
  source: YamlSource,
  pool: PoolConfig,
  poolIndex: number,
  isConcerned: (position: number) => boolean,
): YamlSource {
  let result = source;
  for (const [position, server] of pool.servers.entries()) {
    const place: Path = [...serversAt(poolIndex), position];
    const map = mapAt(result, place);
    if (!map || !isConcerned(position) || map.has('name')) continue;
    result = prependPair(result, place, 'name', server.name);
  }
  return result;
}

function findPool(config: Config, name: string): { pool: PoolConfig; index: number } {
  const index = config.pools.findIndex((pool) => pool.name === name);
  const pool = config.pools[index];
  if (!pool) {
    const known = config.pools.map((each) => each.name).join(', ');
    throw new ContractError('not-found', `there is no pool "${name}"; there is ${known}`);
  }
  return { pool, index };
}

function findServer(
  config: Config,
  wanted: { pool: string; server: string },
): { pool: PoolConfig; poolIndex: number; server: ServerConfig; index: number } {
  const { pool, index: poolIndex } = findPool(config, wanted.pool);
  const index = pool.servers.findIndex(({ name }) => name === wanted.server);
  const server = pool.servers[index];
  if (!server) {
    const known = pool.servers.map(({ name }) => name).join(', ');
    throw new ContractError(
      'not-found',
      `pool ${pool.name} has no server "${wanted.server}"; it has ${known}`,
    );
  }
  return { pool, poolIndex, server, index };
}

function leadingTo(config: Config, pool: string): string[] {
  return config.listeners
    .filter(({ routes }) => routes.some((route) => route.pool === pool))
    .map(({ name }) => name);
}

function listenersText(names: readonly string[]): string {
  return names.length === 1 ? `listener ${names[0]} leads` : `listeners ${names.join(', ')} lead`;
}

function readAddress(text: string): string {
  const address = parseAddress(text.trim());
  if (address && address.port > 0) return formatAddress(address);
  throw new ContractError('invalid-config', `"${text}" is no address; write host:port, e.g. 127.0.0.1:3001`);
}

function refuseSameName(pool: PoolConfig, name: string): void {
  if (!pool.servers.some((server) => server.name === name)) return;
  throw new ContractError(
    'conflict',
    `pool ${pool.name} has a server called ${name} already; rename one of the two in the file first`,
  );
}

function refuseSameAddress(pool: PoolConfig, address: string): void {
  const same = pool.servers.find((server) => formatAddress(server.address) === address);
  if (!same) return;
  throw new ContractError(
    'conflict',
    `pool ${pool.name} has ${address} already: it is ${same.name}; give that one more weight instead`,
  );
}

function freeName(pool: PoolConfig): string {
  const taken = new Set(pool.servers.map(({ name }) => name));
  let number = pool.servers.length + 1;
  while (taken.has(`${pool.name}-${number}`)) number++;
  return `${pool.name}-${number}`;
}

function serversAt(pool: number): Path {
  return ['pools', pool, 'servers'];
}

function at(work: Work, source: YamlSource): Work {
  return { ...work, source };
}

function note(work: Work, text: string): Work {
  return { ...work, notes: [...work.notes, text] };
}
