import { createRouter } from '@shared/config/router.ts';
import type { Config, ListenerConfig } from '@shared/config/schema.ts';
import type { ListenerStatus } from '@shared/contract/system-values.ts';
import { curlLine, listenerUrl } from './listeners.ts';

/** A request that leads to a pool. */
export interface WayIn {
  readonly listener: ListenerConfig;
  readonly path: string;
  /** What its Host field has to say; left out where any will do. */
  readonly host?: string;
}

/** A pool's own cookie, where that is what its clients are to send. */
type OwnCookie = { readonly path: string; readonly domain?: string | undefined; readonly secure: boolean };

/**
 * The first request that leads to a pool and that clients send its cookie with, where it has one of a path or a domain. Undefined where
 * none does.
 */
export function wayTo(
  { listeners, pools }: Pick<Config, 'listeners' | 'pools'>,
  pool: string,
): WayIn | undefined {
  const affinity = pools.find(({ name }) => name === pool)?.affinity;
  const cookie = affinity?.type === 'cookie' ? affinity : undefined;
  for (const listener of listeners) {
    const way = wayInto(listener, pool, cookie);
    if (way) return way;
  }
  return undefined;
}

/** The first request through a listener that leads to a pool. Undefined where none does. */
export function wayInto(listener: ListenerConfig, pool: string, cookie?: OwnCookie): WayIn | undefined {
  const router = createRouter(listener.routes);
  // As its address has it: a route may be of that very name.
  const own = listener.bind.host === '0.0.0.0' ? '127.0.0.1' : listener.bind.host;
  for (const route of listener.routes) {
    const path = route.pool === pool ? pathBelow(route.path, cookie?.path ?? '/') : undefined;
    if (path === undefined) continue;
    for (const host of hostsOf(route.host, cookie?.domain)) {
      const name = host ?? own;
      if (router.find(name, path)?.pool !== pool || (cookie && !keepsCookie(cookie, name))) continue;
      return { listener, path, ...(host !== undefined && { host }) };
    }
  }
  return undefined;
}

/** A line for the shell that sends it. */
export function wayLine(
  { listener, path, host }: WayIn,
  status: Pick<ListenerStatus, 'url'> | undefined,
  ...options: readonly string[]
): string {
  const field = host === undefined ? [] : [`-H 'host: ${host}'`];
  return curlLine(`${listenerUrl(listener.bind, status)}${path}`, ...options, ...field);
}

/** Host names that may fit a route, the plainest first; undefined is that of the listener's address. */
function* hostsOf(pattern: string | undefined, domain: string | undefined): Generator<string | undefined> {
  if (pattern === undefined) yield* [undefined, 'localhost', 'www.example.test'];
  else if (pattern.startsWith('*.')) yield* [`www${pattern.slice(1)}`, `any${pattern.slice(1)}`];
  else yield pattern;
  if (domain !== undefined) yield* [domain.toLowerCase(), `www.${domain.toLowerCase()}`];
}

/** A path of a route that clients send a cookie of that path with (RFC 6265 section 5.1.4); undefined where there is none. */
function pathBelow(route: string, cookie: string): string | undefined {
  const [wide, narrow] = [trimmed(route), trimmed(cookie)];
  if (wide === narrow || narrow.startsWith(`${wide}/`)) return cookie;
  return wide.startsWith(`${narrow}/`) ? route : undefined;
}

/** Without a slash at its end: empty for all. */
function trimmed(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Those that clients take for safe without TLS. */
const thisMachine = ['localhost', '127.0.0.1', '::1'];

/** Whether a client that asked that host sends the cookie again (RFC 6265 sections 5.1.3 and 5.4). */
function keepsCookie({ domain, secure }: OwnCookie, host: string): boolean {
  if (secure && !thisMachine.includes(host)) return false;
  const wanted = domain?.toLowerCase();
  return wanted === undefined || host === wanted || host.endsWith(`.${wanted}`);
}
