import type { AffinityConfig, PoolConfig } from '@shared/config/schema.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Notes } from './notes.ts';
import type { NginxFeatures } from './version.ts';
import { block, wholeSeconds, word } from './words.ts';

/** How the clients of a pool stay where they are. */
export interface NginxAffinity {
  /** Lines in place of the pool's method, where a hash decides. */
  readonly hash: readonly string[] | undefined;
  /** Lines besides the method. */
  readonly sticky: readonly string[];
  /** Blocks of the http level. */
  readonly maps: readonly string[];
  /** Value of a `Set-Cookie` for clients without a cookie: a variable, or undefined where none is needed. */
  readonly setCookie: string | undefined;
}

const none: NginxAffinity = { hash: undefined, sticky: [], maps: [], setCookie: undefined };

/** @param name of the upstream */
export function renderAffinity(
  pool: PoolConfig,
  name: string,
  features: NginxFeatures,
  notes: Notes,
): NginxAffinity {
  const { affinity } = pool;
  if (affinity.type === 'none') return none;
  if (affinity.onUnavailable === 'reject') {
    notes.lost(
      `Pool ${pool.name}: nginx sends a client whose server is unavailable to another one; onUnavailable: reject cannot be said.`,
    );
  }
  switch (affinity.type) {
    case 'cookie':
      return features.hasSticky
        ? stickyCookie(pool, affinity, name, notes)
        : hashedCookie(pool, affinity, name, notes);
    case 'app-cookie':
      return features.hasSticky
        ? stickyLearn(pool, affinity, name, notes)
        : hashedAppCookie(pool, affinity, name, notes);
    case 'header':
      return hashedHeader(pool, affinity, name, notes);
    case 'client-ip':
      return hashedAddress(pool, affinity, notes);
  }
}

type Of<T extends AffinityConfig['type']> = Extract<AffinityConfig, { type: T }>;

function stickyCookie(pool: PoolConfig, affinity: Of<'cookie'>, name: string, notes: Notes): NginxAffinity {
  const { ttlMs, expiry, maxAge, path, domain, httpOnly, secure, sameSite } = affinity;
  notes.differs(
    maxAge
      ? `Pool ${pool.name}: nginx has no table of sessions; the cookie itself ends after ${formatDuration(ttlMs)}, used or not.`
      : `Pool ${pool.name}: nginx has no table of sessions; a client stays until its browser is closed, and ttl: ${formatDuration(ttlMs)} (${expiry}) is gone.`,
  );
  const parameters = [
    ...(maxAge ? [`expires=${wholeSeconds(ttlMs)}`] : []),
    ...(domain === undefined ? [] : [`domain=${domain}`]),
    word(`path=${path}`),
    ...(httpOnly ? ['httponly'] : []),
    ...(secure ? ['secure'] : []),
    `samesite=${sameSite}`,
  ];
  const cookie = affinity.name ?? `ballast_${name}`;
  return { ...none, sticky: [`sticky cookie ${word(cookie)} ${parameters.join(' ')};`] };
}

const sameSiteWords = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/** A cookie of our own, where nginx has none: a random key for who brings none, and the field that hands it out. */
function hashedCookie(pool: PoolConfig, affinity: Of<'cookie'>, name: string, notes: Notes): NginxAffinity {
  notes.differs(
    `Pool ${pool.name}: sticky cookies need nginx 1.29.6. Before, the export gives each new client a random cookie and hashes it: clients stay on their server, but new ones are spread by weight at random, not by ${pool.strategy.kind}.`,
  );
  const own = `ballast_${name}`;
  const cookie = affinity.name ?? own;
  const variable = variableOf('cookie', cookie);
  if (variable === undefined) {
    notes.differs(
      `Pool ${pool.name}: nginx cannot read a cookie called ${cookie}; the export calls it ${own}.`,
    );
    return hashedCookie(pool, { ...affinity, name: undefined }, name, notes);
  }
  const { path, domain, secure, httpOnly, sameSite, maxAge, ttlMs } = affinity;
  const attributes = [
    `Path=${path}`,
    ...(maxAge ? [`Max-Age=${Math.ceil(ttlMs / 1_000)}`] : []),
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(secure ? ['Secure'] : []),
    `SameSite=${sameSiteWords[sameSite]}`,
  ];
  return {
    ...none,
    hash: [`hash $ballast_key_${name} consistent;  # the client's cookie decides`],
    maps: [
      ...keyMap(variable, name),
      ...block(`map ${variable} $ballast_set_${name}`, [
        'default "";',
        `"" "${cookie}=$request_id; ${attributes.join('; ')}";`,
      ]),
    ],
    setCookie: `$ballast_set_${name}`,
  };
}

/** A session takes nginx about 128 bytes: "8000 sessions in a megabyte", says its documentation. */
const sessionsPerMegabyte = 8_000;

function stickyLearn(
  pool: PoolConfig,
  affinity: Of<'app-cookie'>,
  name: string,
  notes: Notes,
): NginxAffinity {
  const { ttlMs, expiry, maxSessions } = affinity;
  const lookup = variableOf('cookie', affinity.name);
  if (lookup === undefined) return unreadable(pool, `a cookie called ${affinity.name}`, notes);
  if (expiry === 'fixed') {
    notes.differs(
      `Pool ${pool.name}: nginx ends a learned session ${formatDuration(ttlMs)} after its last request, not after its first.`,
    );
  }
  const megabytes = Math.max(1, Math.ceil(maxSessions / sessionsPerMegabyte));
  const create = lookup.replace('$cookie_', '$upstream_cookie_');
  return {
    ...none,
    sticky: [
      `sticky learn create=${create} lookup=${lookup} zone=ballast_sessions_${name}:${megabytes}m timeout=${wholeSeconds(ttlMs)} header;`,
    ],
  };
}

function hashedAppCookie(
  pool: PoolConfig,
  affinity: Of<'app-cookie'>,
  name: string,
  notes: Notes,
): NginxAffinity {
  const variable = variableOf('cookie', affinity.name);
  if (variable === undefined) return unreadable(pool, `a cookie called ${affinity.name}`, notes);
  notes.lost(
    `Pool ${pool.name}: learning the application's cookie needs nginx 1.29.6. Before, the export hashes the cookie ${affinity.name}: a client stays on one server, but that need not be the one that set its cookie.`,
  );
  return {
    ...none,
    hash: [`hash $ballast_key_${name} consistent;  # the application's cookie decides`],
    maps: keyMap(variable, name),
  };
}

function hashedHeader(pool: PoolConfig, affinity: Of<'header'>, name: string, notes: Notes): NginxAffinity {
  const variable = variableOf('http', affinity.header.replaceAll('-', '_'));
  if (variable === undefined) return unreadable(pool, `a field called ${affinity.header}`, notes);
  notes.differs(
    `Pool ${pool.name}: affinity by ${affinity.header} becomes a hash of it, in place of ${pool.strategy.kind}; there is no table, so sessions do not expire.`,
  );
  return {
    ...none,
    hash: [`hash $ballast_key_${name} consistent;  # the field ${affinity.header} decides`],
    maps: keyMap(variable, name),
  };
}

function hashedAddress(pool: PoolConfig, affinity: Of<'client-ip'>, notes: Notes): NginxAffinity {
  notes.differs(
    `Pool ${pool.name}: affinity by client address becomes a hash of the address, in place of ${pool.strategy.kind}; there is no table, so sessions do not expire.`,
  );
  const { ipv4Prefix, ipv6Prefix } = affinity;
  const prefixes = [
    ...(ipv4Prefix === 32 ? [] : [`ipv4Prefix: ${ipv4Prefix}`]),
    ...(ipv6Prefix === 128 ? [] : [`ipv6Prefix: ${ipv6Prefix}`]),
  ];
  if (prefixes.length > 0)
    notes.lost(
      `Pool ${pool.name}: nginx hashes the whole address; ${prefixes.join(' and ')} cannot be said.`,
    );
  return {
    ...none,
    hash: [
      'hash $remote_addr consistent;  # the whole address decides (ip_hash looks at the first three numbers only)',
    ],
  };
}

function unreadable(pool: PoolConfig, what: string, notes: Notes): NginxAffinity {
  notes.lost(`Pool ${pool.name}: nginx cannot read ${what}; affinity is gone.`);
  return none;
}

/** What is hashed: what the client shows, and something else at every request where it shows nothing. */
function keyMap(variable: string, name: string): string[] {
  return block(`map ${variable} $ballast_key_${name}`, [`default ${variable};`, '"" $request_id;']);
}

/** nginx's variable for a cookie or a field; undefined where its name has what a variable's may not. */
function variableOf(kind: 'cookie' | 'http', name: string): string | undefined {
  return /^[A-Za-z0-9_]+$/.test(name) ? `$${kind}_${name}` : undefined;
}
