import type { PoolConfig } from '@shared/config/schema.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import type { Notes } from './notes.ts';
import type { NginxFeatures } from './version.ts';
import { block, word } from './words.ts';

/** How an upstream picks. */
export interface Method {
  /** Within the upstream block. */
  readonly lines: readonly string[];
  /** Before it, on the http level. */
  readonly maps: readonly string[];
  /** The method has no `backup` servers, and this is what it is called. */
  readonly refusesBackup: string | null;
}

/** The nginx method that comes nearest to the pool's strategy; what it does otherwise goes into the notes. */
export function strategyMethod(
  pool: PoolConfig,
  name: string,
  features: NginxFeatures,
  notes: Notes,
): Method {
  const { strategy } = pool;
  switch (strategy.kind) {
    case 'round-robin':
      return method('# round robin, in turn; weights are left out because this strategy ignores them');
    case 'weighted-round-robin':
      return method("# weighted round robin: nginx's own default, smooth (5/1/1 serves a a b a c a a)");
    case 'least-connections':
      return method('least_conn;');
    case 'power-of-two':
      return { ...method('random two least_conn;'), refusesBackup: 'random' };
    case 'random':
      return { ...method('random;'), refusesBackup: 'random' };
    case 'least-time':
      return leastTime(pool, strategy.decayMs, features, notes);
    case 'ip-hash':
      notes.differs(
        `Pool ${pool.name}: hash $remote_addr consistent spreads clients over other servers than Ballast's ip-hash does; each still meets the same server every time.`,
      );
      if (strategy.ipv6Prefix < 128)
        notes.lost(
          `Pool ${pool.name}: nginx hashes whole IPv6 addresses; ipv6Prefix: ${strategy.ipv6Prefix} is gone.`,
        );
      return addressHash;
    case 'hash':
      return keyHash(pool, strategy, name, notes);
    case 'first':
      if (pool.servers.length > 2)
        notes.differs(
          `Pool ${pool.name}: nginx fills no server before the next. The first gets everything up to its max_conns; the others are its backups, and take turns.`,
        );
      return method('# first: the others are backups of the first server');
    default:
      return assertNever(strategy);
  }
}

/** By the whole address: nginx's own `ip_hash` looks at the first three numbers only. */
const addressHash: Method = {
  lines: [
    'hash $remote_addr consistent;  # the whole address decides (ip_hash looks at the first three numbers only)',
  ],
  maps: [],
  refusesBackup: 'hash',
};

function method(line: string): Method {
  return { lines: [line], maps: [], refusesBackup: null };
}

function leastTime(pool: PoolConfig, decayMs: number, features: NginxFeatures, notes: Notes): Method {
  if (!features.hasLeastTime) {
    notes.lost(
      `Pool ${pool.name}: least-time needs nginx 1.31 (or nginx Plus). Before, the export counts requests in flight only (least_conn), not how long they take.`,
    );
    return method('least_conn;');
  }
  notes.differs(
    `Pool ${pool.name}: nginx's least_time averages response times; Ballast lets a slow one count at once and fade over ${decayMs} ms (decay), which cannot be said.`,
  );
  return method('least_time last_byte inflight;');
}

function keyHash(
  { name: poolName }: PoolConfig,
  { key, boundedLoad, fallback }: Extract<PoolConfig['strategy'], { kind: 'hash' }>,
  name: string,
  notes: Notes,
): Method {
  notes.differs(
    `Pool ${poolName}: hash ... consistent spreads keys over other servers than Ballast's hash does; each key still meets the same server every time.`,
  );
  if (boundedLoad !== undefined)
    notes.lost(
      `Pool ${poolName}: nginx's hash has no bounded load (${boundedLoad}): a popular key may overload its server.`,
    );
  const isAlwaysThere = key === 'path' || key === 'uri' || key === 'client-ip';
  if (!isAlwaysThere && fallback !== 'weighted-round-robin')
    notes.differs(
      `Pool ${poolName}: requests without ${key} go by weighted round robin in nginx, not by ${fallback}.`,
    );
  const { variable, maps } = keyVariable(key, name);
  return { lines: [`hash ${variable} consistent;`], maps, refusesBackup: 'hash' };
}

/** Names that nginx cannot write as a variable are looked up by a map. */
function keyVariable(key: string, name: string): { variable: string; maps: string[] } {
  const colon = key.indexOf(':');
  const from = colon === -1 ? key : key.slice(0, colon);
  const inner = key.slice(colon + 1);
  switch (from) {
    case 'header':
      // nginx ignores fields with other characters in their names: then no request has this key.
      return { variable: `$http_${inner.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`, maps: [] };
    case 'cookie':
      if (/^[A-Za-z0-9_]+$/.test(inner)) return { variable: `$cookie_${inner}`, maps: [] };
      return mapped('$http_cookie', `~(?:^|; ?)${escaped(inner)}=([^;]*)`, name);
    case 'query':
      if (/^[A-Za-z0-9_]+$/.test(inner)) return { variable: `$arg_${inner}`, maps: [] };
      return mapped('$args', `~(?:^|&)${escaped(inner)}=([^&]*)`, name);
    case 'path':
      return mapped('$request_uri', '~^([^?]*)', name);
    case 'uri':
      return { variable: '$request_uri', maps: [] };
    default:
      return { variable: '$remote_addr', maps: [] };
  }
}

function mapped(source: string, pattern: string, name: string): { variable: string; maps: string[] } {
  const variable = `$ballast_hash_${name}`;
  return { variable, maps: block(`map ${source} ${variable}`, ['default "";', `${word(pattern)} $1;`]) };
}

/** As a regular expression that means just these characters. */
function escaped(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '\\$&');
}
