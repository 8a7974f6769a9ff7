import { findCookie } from '../affinity/session-cookie.ts';
import type { RequestFacts } from '../exchange.ts';

/** Reads a request's key: null where it has none, or an empty one. */
export type KeyReader = (facts: RequestFacts) => string | null;

/**
 * How the key that the file names is read: `header:NAME` (several fields of one name joined), `cookie:NAME` (the first of that name),
 * `query:NAME` (the first, as it stands there: neither names nor values are decoded), `path` (without query), `uri` (path and query) or `client-ip`.
 */
export function keyReader(key: string): KeyReader {
  const colon = key.indexOf(':');
  const name = key.slice(colon + 1);
  switch (colon === -1 ? key : key.slice(0, colon)) {
    case 'header': {
      const lower = name.toLowerCase();
      return (facts) => facts.header(lower) || null;
    }
    case 'cookie':
      return (facts) => findCookie(facts.header('cookie'), name) || null;
    case 'query':
      return ({ target }) => queryValue(target, name) || null;
    case 'path':
      return ({ target }) => pathOf(target);
    case 'uri':
      return ({ target }) => uriOf(target);
    default:
      return ({ clientAddress }) => clientAddress || null;
  }
}

/** Without scheme and authority, where a client sent a whole URL (RFC 9112 section 3.2.2). */
function uriOf(target: string): string {
  if (target.charCodeAt(0) === 0x2f /* / */) return target;
  const authority = target.indexOf('://');
  if (authority === -1) return target;
  const slash = target.indexOf('/', authority + 3);
  return slash === -1 ? '/' : target.slice(slash);
}

function pathOf(target: string): string {
  const uri = uriOf(target);
  const query = uri.indexOf('?');
  return query === -1 ? uri : uri.slice(0, query);
}

/** From the first `?` on, parameters are what stands between two `&`; a `?` further on is part of a value (RFC 3986 section 3.4). */
function queryValue(target: string, name: string): string | null {
  let from = target.indexOf('?') + 1;
  if (from === 0) return null;
  for (;;) {
    const equals = from + name.length;
    const end = target.indexOf('&', from);
    if (target.charCodeAt(equals) === 0x3d /* = */ && target.startsWith(name, from))
      return target.slice(equals + 1, end === -1 ? undefined : end);
    if (end === -1) return null;
    from = end + 1;
  }
}
