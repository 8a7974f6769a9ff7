import { type Address, formatAddress, isLoopback } from './address.ts';

interface Route {
  readonly host?: string | undefined;
  readonly path: string;
  readonly pool: string;
}

interface Referring {
  readonly listeners: readonly {
    readonly name: string;
    readonly bind: { readonly host: string; readonly port: number };
    /** As written still, where something else is wrong with the listener. */
    readonly pool?: string | undefined;
    readonly routes?: readonly Route[] | undefined;
  }[];
  readonly pools: readonly {
    readonly name: string;
    readonly servers: readonly {
      readonly name: string;
      readonly address: { readonly host: string; readonly port: number };
    }[];
  }[];
  readonly replicas: readonly {
    readonly name: string;
    readonly pool?: string | undefined;
    readonly count?: number | undefined;
    readonly ports?: readonly number[] | undefined;
  }[];
}

interface Report {
  addIssue(issue: { code: 'custom'; message: string; path: (string | number)[] }): void;
}

/** The rules that span several parts of the file: names are unique, what is referred to exists, every pool can serve. */
export function checkReferences(config: Referring, report: Report): void {
  const say = (message: string, path: (string | number)[]): void =>
    report.addIssue({ code: 'custom', message, path });
  const pools = config.pools.map((pool) => pool.name);
  const needPool = (pool: string, path: (string | number)[]): void => {
    if (!pools.includes(pool)) say(`there is no pool "${pool}"; write one of ${pools.join(', ')}`, path);
  };

  unique(
    config.listeners,
    ({ name }) => name,
    (name, index) =>
      say(`a second listener is called "${name}"; give it another name`, ['listeners', index, 'name']),
  );
  unique(
    config.listeners,
    ({ bind }) => (bind.port === 0 ? undefined : formatAddress(bind)),
    (bind, index) =>
      say(`a second listener is bound to ${bind}; give it another port`, ['listeners', index, 'bind']),
  );
  for (const [index, { bind }] of config.listeners.entries()) {
    const other = config.listeners.find((each) => each.bind.port === bind.port && takesAll(each.bind, bind));
    if (!other || bind.port === 0) continue;
    say(
      `listener "${other.name}" takes every address of port ${bind.port}, ${formatAddress(bind)} too; give one of them another port`,
      ['listeners', index, 'bind'],
    );
  }
  unique(
    config.pools,
    ({ name }) => name,
    (name, index) => say(`a second pool is called "${name}"; give it another name`, ['pools', index, 'name']),
  );
  unique(
    config.replicas,
    ({ name }) => name,
    (name, index) =>
      say(`a second replica group is called "${name}"; give it another name`, ['replicas', index, 'name']),
  );

  for (const [index, listener] of config.listeners.entries()) {
    const routes = routesOf(listener);
    for (const [at, route] of routes.entries())
      needPool(route.pool, ['listeners', index, 'routes', at, 'pool']);
    unique(
      routes,
      ({ host, path }) => `${host ?? ''}${path}`,
      (_, at) =>
        say('a second route has the same host and path; it would never be used', [
          'listeners',
          index,
          'routes',
          at,
        ]),
    );
  }
  for (const [index, pool] of config.pools.entries()) {
    if (pool.servers.length === 0) {
      say(`pool "${pool.name}" has no servers; write servers: [{ address: 127.0.0.1:3001 }]`, [
        'pools',
        index,
        'servers',
      ]);
    }
    unique(
      pool.servers,
      ({ name }) => name,
      (name, at) =>
        say(`a second server of pool "${pool.name}" is called "${name}"; give it another name`, [
          'pools',
          index,
          'servers',
          at,
          'name',
        ]),
    );
    unique(
      pool.servers,
      ({ address }) => formatAddress(address),
      (address, at) =>
        say(
          `a second server of pool "${pool.name}" has the address ${address}; give one of them more weight instead`,
          ['pools', index, 'servers', at, 'address'],
        ),
    );
  }
  for (const listener of config.listeners) {
    const reached = routesOf(listener).map(({ pool }) => pool);
    for (const [index, pool] of config.pools.entries()) {
      if (!reached.includes(pool.name)) continue;
      for (const [at, { address }] of pool.servers.entries()) {
        if (!leadsTo(address, listener.bind)) continue;
        say(
          `${formatAddress(address)} is listener "${listener.name}" itself, which leads to this pool: a request would go round for ever; write the address of the process that serves`,
          ['pools', index, 'servers', at, 'address'],
        );
      }
    }
  }
  for (const [index, group] of config.replicas.entries()) {
    if ((group.pool === undefined) === (group.ports === undefined)) {
      say('a replica group backs the servers of a pool or listens on ports; write either pool or ports', [
        'replicas',
        index,
      ]);
    } else if (group.pool !== undefined) {
      needPool(group.pool, ['replicas', index, 'pool']);
      const servers = config.pools.find((pool) => pool.name === group.pool)?.servers.length ?? 0;
      if (servers > 0 && (group.count ?? 1) > servers) {
        say(
          `pool "${group.pool}" lists ${servers} servers, too few for ${group.count} processes; add servers or lower count`,
          ['replicas', index, 'count'],
        );
      }
    }
  }
}

function routesOf({ pool, routes }: Referring['listeners'][number]): readonly Route[] {
  return routes ?? (pool === undefined ? [] : [{ path: '/', pool }]);
}

/** Whether one address means every address of this machine, the other one too. `::` takes IPv4 as well. */
function takesAll(all: { readonly host: string }, other: { readonly host: string }): boolean {
  if (all.host === other.host) return false;
  return all.host === '::' || (all.host === '0.0.0.0' && other.host !== '::' && !other.host.includes(':'));
}

/** Whether connecting to the one reaches what listens on the other. */
function leadsTo(address: Address, bind: Address): boolean {
  if (bind.port === 0 || address.port !== bind.port) return false;
  return address.host === bind.host || (isLoopback(address.host) && takesAll(bind, address));
}

/** Calls `twice` for every item whose key an earlier one had. An undefined key is not compared. */
function unique<T>(
  items: readonly T[],
  key: (item: T) => string | undefined,
  twice: (key: string, index: number) => void,
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const own = key(item);
    if (own === undefined) continue;
    if (seen.has(own)) twice(own, index);
    seen.add(own);
  }
}
