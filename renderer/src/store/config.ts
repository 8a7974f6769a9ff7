import { formatAddress } from '@shared/config/address.ts';
import type { Config, ListenerConfig, PoolConfig, ServerConfig } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { ConfigSnapshot } from '@shared/contract/system-values.ts';
import { sharedServerNames } from '@shared/lib/event-text.ts';
import { create } from 'zustand';
import { keepIdentity } from './records.ts';

/** A pool without its servers, which have records of their own. */
export interface PoolRecord extends Omit<PoolConfig, 'servers'> {
  readonly serverIds: readonly string[];
}
export interface ServerRecord extends Omit<ServerConfig, 'address'> {
  readonly id: string;
  readonly pool: string;
  /** `127.0.0.1:3001`. */
  readonly address: string;
}

export interface ConfigState {
  /** Undefined until the first snapshot. */
  readonly revision: number | undefined;
  readonly config: Config | undefined;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly poolNames: readonly string[];
  readonly pools: Readonly<Record<string, PoolRecord>>;
  readonly servers: Readonly<Record<string, ServerRecord>>;
  readonly listenerNames: readonly string[];
  readonly listeners: Readonly<Record<string, ListenerConfig>>;
  /** Weights set here that the snapshot does not say yet, by server id. */
  readonly pendingWeights: Readonly<Record<string, number>>;
}

const nothing: ConfigState = {
  revision: undefined,
  config: undefined,
  canUndo: false,
  canRedo: false,
  poolNames: [],
  pools: {},
  servers: {},
  listenerNames: [],
  listeners: {},
  pendingWeights: {},
};

export const useConfig = create<ConfigState>(() => nothing);

export function setConfig(snapshot: ConfigSnapshot): void {
  useConfig.setState((state) => takeSnapshot(state, snapshot));
}

/** What the state is after a snapshot: records that say the same as before keep their identity. */
export function takeSnapshot(state: ConfigState, snapshot: ConfigSnapshot): ConfigState {
  const { config, revision, canUndo, canRedo } = snapshot;
  const pools: Record<string, PoolRecord> = {};
  const servers: Record<string, ServerRecord> = {};
  for (const { servers: members, ...pool } of config.pools) {
    for (const server of members) {
      const id = serverId(pool.name, server.name);
      const record = { ...server, id, pool: pool.name, address: formatAddress(server.address) };
      servers[id] = keepIdentity(state.servers[id], record);
    }
    const serverIds = members.map((server) => serverId(pool.name, server.name));
    pools[pool.name] = keepIdentity(state.pools[pool.name], { ...pool, serverIds });
  }
  const listeners: Record<string, ListenerConfig> = {};
  for (const listener of config.listeners)
    listeners[listener.name] = keepIdentity(state.listeners[listener.name], listener);
  const pendingWeights = Object.fromEntries(
    Object.entries(state.pendingWeights).filter(
      ([id, weight]) => servers[id] && servers[id].weight !== weight,
    ),
  );
  return {
    revision,
    config,
    canUndo,
    canRedo,
    pools,
    servers,
    listeners,
    poolNames: keepIdentity(state.poolNames, Object.keys(pools)),
    listenerNames: keepIdentity(state.listenerNames, Object.keys(listeners)),
    pendingWeights: keepIdentity(state.pendingWeights, pendingWeights),
  };
}

/** Shows a weight before it is confirmed. */
export function expectWeight(id: string, weight: number): void {
  useConfig.setState(({ pendingWeights }) => ({ pendingWeights: { ...pendingWeights, [id]: weight } }));
}

/** Back to what is configured: the weight was refused. */
export function dropExpectedWeight(id: string): void {
  useConfig.setState(({ pendingWeights: { [id]: _, ...rest } }) => ({ pendingWeights: rest }));
}

export const selectWeight =
  (id: string) =>
  ({ pendingWeights, servers }: ConfigState): number =>
    pendingWeights[id] ?? servers[id]?.weight ?? 1;

/** Ids of the servers of a pool, in the order of the file; empty for an unknown pool. */
export const selectServerIds =
  (pool: string) =>
  ({ pools }: ConfigState): readonly string[] =>
    pools[pool]?.serverIds ?? none;
const none: readonly string[] = [];

/** Every server id, in the order of the file. The result keeps its identity as long as the configuration does. */
export function selectAllServerIds({ servers }: ConfigState): readonly string[] {
  let ids = idsOf.get(servers);
  if (!ids) {
    ids = Object.keys(servers);
    idsOf.set(servers, ids);
  }
  return ids;
}
const idsOf = new WeakMap<object, readonly string[]>();

/** Names that servers of several pools have. The result keeps its identity as long as the configuration does. */
export function selectSharedNames({ servers }: ConfigState): ReadonlySet<string> {
  let names = sharedOf.get(servers);
  if (!names) {
    names = sharedServerNames(Object.keys(servers));
    sharedOf.set(servers, names);
  }
  return names;
}
const sharedOf = new WeakMap<object, ReadonlySet<string>>();
