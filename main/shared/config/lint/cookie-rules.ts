import type { Config, ListenerConfig, PoolConfig, RouteConfig } from '../schema.ts';
import type { FileRule, Finding } from './lint-rule.ts';

/** A cookie that binds the clients of a pool, and the routes that lead to the pool. */
interface CookiePool {
  readonly index: number;
  readonly pool: PoolConfig;
  /** Undefined where every pool has its own. */
  readonly name: string | undefined;
  readonly domain: string | undefined;
  /** Below which clients send it, without a slash at its end. */
  readonly path: string;
  readonly ways: readonly Way[];
}

interface Way {
  readonly listener: ListenerConfig;
  readonly route: RouteConfig;
}

/** Session cookies that clients do not send, or mix up: by name, domain and path a client keeps one (RFC 6265 section 5.3). */
export const cookieRules: readonly FileRule[] = [
  {
    name: 'cookie-never-sent',
    settings: ['affinity', 'path', 'routes'],
    find: ({ config }) =>
      poolsBy('cookie', config).flatMap(({ index, path, ways }): Finding[] => {
        if (ways.length === 0 || ways.some((way) => sendsAt(way, path))) return [];
        const paths = [...new Set(ways.map(({ route }) => route.path))];
        const other = paths.includes('/') ? '' : `write path: ${paths.join(' or ')}, or `;
        return [
          {
            at: ['pools', index, 'affinity', 'path'],
            message: `affinity binds nobody: clients send the cookie below ${path} only, where no route leads to this pool, and with every request they are new; ${other}leave path out`,
          },
        ];
      }),
  },
  {
    name: 'cookie-of-two-pools',
    settings: ['affinity', 'name', 'path'],
    find: ({ config }) => {
      const pools = poolsBy('cookie', config);
      const applications = poolsBy('app-cookie', config);
      return pools.flatMap((own, at): Finding[] => {
        const other = [...pools.slice(0, at), ...applications].find((each) => areMixedUp(own, each));
        if (other === undefined) return [];
        const whose = `clients mix up cookie ${own.name} of this pool with that of`;
        const why = 'it has the same name on the same host (cookies ignore ports)';
        return [
          {
            at: ['pools', own.index, 'affinity', 'name'],
            message: applications.includes(other)
              ? `${whose} the application behind pool ${other.pool.name}: ${why}, so one takes the other's place and clients are bound anew (unless the application sets its own for another path); leave name out, and this pool has a cookie of its own`
              : `${whose} pool ${other.pool.name}: ${why}, so a pool gets the other's and binds its clients anew; leave name out, and every pool has a cookie of its own`,
          },
        ];
      });
    },
  },
];

function poolsBy(type: 'cookie' | 'app-cookie', config: Config): CookiePool[] {
  return config.pools.flatMap((pool, index) => {
    const { affinity } = pool;
    if (affinity.type !== type) return [];
    // For what an application sets its cookie nobody here knows: for all, as most do.
    const { path = '/', domain } = affinity.type === 'cookie' ? affinity : {};
    const ways = config.listeners.flatMap((listener) =>
      listener.routes.flatMap((route) => (route.pool === pool.name ? [{ listener, route }] : [])),
    );
    return [{ index, pool, name: affinity.name, domain, path: trimmed(path), ways }];
  });
}

/** Whether requests of the route have a cookie of that path. A proxy in front may show its clients other paths. */
function sendsAt({ listener, route }: Way, path: string): boolean {
  if (listener.trustForwarded || isBelow(trimmed(route.path), path)) return true;
  if (!isBelow(path, trimmed(route.path))) return false;
  return !listener.routes.some(
    (other) =>
      other.pool !== route.pool &&
      other.host === route.host &&
      other.path.length > route.path.length &&
      isBelow(path, trimmed(other.path)),
  );
}

function areMixedUp(one: CookiePool, other: CookiePool): boolean {
  const { name, domain } = one;
  if (name === undefined || name !== other.name || domain !== other.domain) return false;
  const meet = ({ listener, route }: Way, ways: readonly Way[]): boolean =>
    ways.some(
      (way) =>
        haveOneHost(listener.bind.host, way.listener.bind.host) &&
        (domain !== undefined || fitOneName(route.host, way.route.host)),
    );
  if (one.path === other.path) return one.ways.some((way) => meet(way, other.ways));
  // Of two that are sent the one of the longer path comes first, and is read.
  const [wide, narrow] = isBelow(one.path, other.path) ? [other, one] : [one, other];
  return (
    isBelow(narrow.path, wide.path) &&
    wide.ways.some((way) => sendsAt(way, narrow.path) && meet(way, narrow.ways))
  );
}

/** Whether a path is the other, or below it by whole segments. Both without a slash at their end. */
function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** Empty for all. */
function trimmed(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

const everyAddress = ['0.0.0.0', '::'];
/** As people write this machine, now this way, now that. */
const thisMachine = ['localhost', '127.0.0.1', '::1'];

/** Whether clients write one host for both listeners. */
function haveOneHost(one: string, other: string): boolean {
  return (
    one === other ||
    everyAddress.includes(one) ||
    everyAddress.includes(other) ||
    (thisMachine.includes(one) && thisMachine.includes(other))
  );
}

/** Whether there is a host name that both patterns fit; undefined is any. */
function fitOneName(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return true;
  return fits(one, other) || fits(other, one);
}

function fits(name: string, pattern: string): boolean {
  return pattern.startsWith('*.') && name.endsWith(pattern.slice(1));
}
