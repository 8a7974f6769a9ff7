import type { RouteConfig } from '@shared/config/schema.ts';

/** One server block: the names it answers to and where each path leads. */
export interface HostBlock {
  /** Undefined for every host without a block of its own. */
  readonly host: string | undefined;
  /** Shorter paths last; every path once. */
  readonly paths: readonly { readonly path: string; readonly pool: string }[];
}

/**
 * Ballast looks for a route host by host (the exact one, then `*.suffix`, then any) and falls through where no path matches;
 * nginx settles on one server block first. So each block holds what its hosts can fall through to, but for the paths that an
 * earlier route covers.
 */
export function hostBlocks(routes: readonly RouteConfig[]): HostBlock[] {
  const hosts = [...new Set(routes.map(({ host }) => host))].filter((host) => host !== undefined).sort();
  return [undefined, ...hosts].map((host) => ({ host, paths: pathsFor(host, routes) }));
}

function pathsFor(host: string | undefined, routes: readonly RouteConfig[]): HostBlock['paths'] {
  const paths: { path: string; pool: string }[] = [];
  for (const rank of ranksFor(host, routes)) {
    const earlier = [...paths];
    for (const route of rank) {
      const path = trimmed(route.path);
      if (paths.some((each) => each.path === path) || earlier.some((each) => covers(each.path, path)))
        continue;
      paths.push({ path, pool: route.pool });
    }
  }
  return paths.sort((a, b) => b.path.length - a.path.length || (a.path < b.path ? -1 : 1));
}

/** The routes that a request for this host tries, best first. */
function ranksFor(host: string | undefined, routes: readonly RouteConfig[]): RouteConfig[][] {
  const of = (wanted: string | undefined): RouteConfig[] => routes.filter((route) => route.host === wanted);
  if (host === undefined) return [of(undefined)];
  const wildcards = [...new Set(routes.map((route) => route.host))]
    .filter((other) => other?.startsWith('*.') && other !== host && host.endsWith(other.slice(1)))
    .sort((a, b) => b!.length - a!.length);
  return [of(host), ...wildcards.map(of), of(undefined)];
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Whether every path that the second prefix matches is matched by the first. */
function covers(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}
