import { hash } from 'node:crypto';
import type { RequestFacts } from '../exchange.ts';
import type { AffinityCause } from '../journal/decision.ts';
import { addressPrefix } from './address-prefix.ts';
import type { ActiveAffinityConfig } from './affinity-config.ts';
import { cookieName, findCookie } from './session-cookie.ts';

/** Who a request comes from, as far as sessions go. */
export interface ClientKey {
  /** Name of the cookie it stands in, where it does. */
  readonly cookie: string | null;
  /** Two configurations with the same text tell clients apart by the same thing. */
  readonly source: string;
  /** What a request shows of its client; null where it shows nothing. */
  shown(facts: RequestFacts): string | null;
  /** The key of the session of whoever shows that. */
  keyOf(shown: string): string;
  /** Why there is no session: nothing was shown, or nothing that is known. */
  readonly nothingShown: AffinityCause;
  readonly unknown: AffinityCause;
}

/** How a pool tells its clients apart. */
export function clientKey(config: ActiveAffinityConfig, pool: string): ClientKey {
  switch (config.type) {
    case 'cookie': {
      const name = config.name ?? cookieName(pool);
      return {
        ...ofCookie(name),
        source: `cookie ${name}`,
        nothingShown: 'no-cookie',
        unknown: 'expired-cookie',
      };
    }
    case 'app-cookie':
      return {
        ...ofCookie(config.name),
        source: `app-cookie ${config.name}`,
        nothingShown: 'no-app-cookie',
        unknown: 'unknown-app-cookie',
      };
    case 'header': {
      const { header } = config;
      return {
        cookie: null,
        source: `header ${header}`,
        shown: (facts) => facts.header(header) || null,
        keyOf: digest,
        nothingShown: 'no-header',
        unknown: 'new-header',
      };
    }
    case 'client-ip': {
      const { ipv4Prefix, ipv6Prefix } = config;
      return {
        cookie: null,
        source: `client-ip ${ipv4Prefix} ${ipv6Prefix}`,
        shown: ({ clientAddress }) => addressPrefix(clientAddress, ipv4Prefix, ipv6Prefix),
        keyOf: (shown) => shown,
        nothingShown: 'new-client',
        unknown: 'new-client',
      };
    }
  }
}

function ofCookie(name: string): Pick<ClientKey, 'cookie' | 'shown' | 'keyOf'> {
  return {
    cookie: name,
    shown: (facts) => findCookie(facts.header('cookie'), name) || null,
    keyOf: digest,
  };
}

/** SHA-256: whoever sees the table, or the file it is kept in, cannot be any of these clients. */
function digest(shown: string): string {
  return hash('sha256', shown, 'base64url');
}

/** What people see of a key: enough to tell two apart, or the address where that is no secret. */
export function shownKey(key: string, type: ActiveAffinityConfig['type']): string {
  return type === 'client-ip' ? key : `#${key.slice(0, 8)}`;
}
