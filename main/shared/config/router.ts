import type { RouteConfig } from './schema.ts';

export interface Router {
  /**
   * The route of a request as it was configured, or null where none matches: an exact host before `*.suffix` (the longer first) before any
   * host, and then the longest path prefix by whole segments. The path is compared as it was sent.
   *
   * @param host value of the Host field, with or without a port
   * @param target origin form, with or without a query
   */
  find(host: string, target: string): RouteConfig | null;
}

interface CompiledRoute {
  readonly host: string;
  readonly suffix: boolean;
  readonly path: string;
  readonly route: RouteConfig;
}

export function createRouter(routes: readonly RouteConfig[]): Router {
  const compiled = routes.map(compile).sort(bySpecificity);
  const only = compiled.length === 1 ? compiled[0] : undefined;
  if (only && only.host === '' && only.path === '/') return { find: () => only.route };
  return {
    find(host, target) {
      const name = hostName(host);
      const path = pathOf(target);
      for (const each of compiled) {
        if (matchesHost(each, name) && matchesPath(each.path, path)) return each.route;
      }
      return null;
    },
  };
}

function compile(route: RouteConfig): CompiledRoute {
  const { host = '', path } = route;
  const suffix = host.startsWith('*.');
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return { host: suffix ? host.slice(1) : host, suffix, path: trimmed, route };
}

function bySpecificity(a: CompiledRoute, b: CompiledRoute): number {
  const rank = (route: CompiledRoute): number => (route.host === '' ? 2 : route.suffix ? 1 : 0);
  return rank(a) - rank(b) || b.host.length - a.host.length || b.path.length - a.path.length;
}

function matchesHost({ host, suffix }: CompiledRoute, name: string): boolean {
  if (host === '') return true;
  return suffix ? name.length > host.length && name.endsWith(host) : name === host;
}

function matchesPath(prefix: string, path: string): boolean {
  if (prefix === '/') return true;
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}

/** Without port and final dot, in lower case. */
function hostName(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  const name = (end > 0 ? host.slice(0, end) : host).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
