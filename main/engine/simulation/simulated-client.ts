import type { PoolConfig } from '@shared/config/schema.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { findCookie } from '../affinity/session-cookie.ts';
import type { RequestFacts } from '../exchange.ts';
import { clientOf } from './figures.ts';

/**
 * Those who sent the recorded requests. A recording has no cookies and no values of fields, only names for who belongs together:
 * these stand in for the values, and cookies are kept as a browser would.
 */
export class SimulatedClients {
  readonly #cookies = new Map<string, Map<string, string>>();
  /** The recorded pool hashed by a key: a request without one had none. */
  readonly #hasKeys: boolean;
  readonly #keyCookie: string | null;
  /** The same of sessions. */
  readonly #hasSessions: boolean;
  /** Cookies of the service's own so far. */
  #given = 0;

  /** @param recorded the pool as it was recorded @param simulated and as it is to run */
  constructor(requests: readonly RecordedRequest[], simulated: PoolConfig) {
    this.#hasKeys = requests.some(({ key }) => key !== null);
    this.#hasSessions = requests.some(({ session }) => session !== null);
    this.#keyCookie = keyCookieOf(simulated);
  }

  facts(request: RecordedRequest): RequestFacts {
    const { client, target } = request;
    const key = request.key ?? (this.#hasKeys ? null : client);
    const session = request.session ?? (this.#hasSessions ? null : client);
    return {
      clientAddress: client,
      target,
      header: (name) => {
        if (name === 'cookie') return this.#cookieField(clientOf(request), key);
        if (name === 'host') return null;
        return this.#hasKeys ? key : (session ?? key);
      },
    };
  }

  /** The service sets its own cookie: the value, or null where the client has it already. */
  takeCookie(request: RecordedRequest, name: string): string | null {
    if (this.#cookies.get(clientOf(request))?.has(name)) return null;
    this.#given += 1;
    const value = `c${this.#given}`;
    this.keepCookie(request, `${name}=${value}`);
    return value;
  }

  /** A response has set a cookie. @param field the value of Set-Cookie */
  keepCookie(request: RecordedRequest, field: string): void {
    const name = field.slice(0, field.indexOf('='));
    const value = findCookie(field, name) ?? '';
    const client = clientOf(request);
    const jar = this.#cookies.get(client) ?? new Map<string, string>();
    jar.set(name, value);
    this.#cookies.set(client, jar);
  }

  #cookieField(client: string, key: string | null): string | null {
    const pairs = [...(this.#cookies.get(client) ?? [])].map(([name, value]) => `${name}=${value}`);
    if (this.#keyCookie !== null && key !== null) pairs.push(`${this.#keyCookie}=${key}`);
    return pairs.length === 0 ? null : pairs.join('; ');
  }
}

/** The cookie that the strategy hashes by, where it does. */
function keyCookieOf({ strategy }: PoolConfig): string | null {
  const { key } = strategy as { readonly key?: unknown };
  return typeof key === 'string' && key.startsWith('cookie:') ? key.slice('cookie:'.length) : null;
}
