import type { PoolConfig } from '@shared/config/schema.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { findCookie } from '../affinity/session-cookie.ts';
import type { RequestFacts } from '../exchange.ts';
import type { KeyHashReader } from '../strategy/strategy.ts';
import { clientOf } from './figures.ts';
import { keySourceOf } from './recorded-keys.ts';

/**
 * Those who sent the recorded requests. A recording has no cookies and no values of fields: handles of sessions stand in for the
 * values that told clients apart, hashes for the keys of the `hash` strategy, and cookies are kept as a browser would.
 */
export class SimulatedClients {
  /** For the `hash` strategy; undefined where it can read its key in what was recorded. */
  readonly keyHashOf: KeyHashReader | undefined;
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #keyHashes = new WeakMap<RequestFacts, number>();
  /** The recorded pool had sessions: a request without one showed nothing of its client, even where nobody ever did. */
  readonly #hasSessions: boolean;
  /** Cookies of the service's own so far. */
  #given = 0;

  /** @param recorded the pool as it was recorded @param simulated and as it is to run */
  constructor(requests: readonly RecordedRequest[], recorded: PoolConfig, simulated: PoolConfig) {
    // Its affinity may have been changed since.
    this.#hasSessions = recorded.affinity.type !== 'none' || requests.some(({ session }) => session !== null);
    const source = keySourceOf(requests, recorded, simulated);
    if (source === 'hashes') this.keyHashOf = (facts) => this.#keyHashes.get(facts) ?? null;
    else if (source === 'missing') this.keyHashOf = () => null;
  }

  facts(request: RecordedRequest): RequestFacts {
    const { client, target } = request;
    const session = request.session ?? (this.#hasSessions ? null : client);
    const facts: RequestFacts = {
      clientAddress: client,
      target,
      header: (name) => {
        if (name === 'cookie') return this.#cookieField(clientOf(request));
        return name === 'host' ? null : session;
      },
    };
    if (request.key !== null) this.#keyHashes.set(facts, request.key);
    return facts;
  }

  /**
   * The service sets its own cookie: the value. Null where the client has it already, or was recorded without a session where others could
   * have one: to such a request the service gave none.
   */
  takeCookie(request: RecordedRequest, name: string): string | null {
    if (request.session === null && this.#hasSessions) return null;
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

  #cookieField(client: string): string | null {
    const pairs = [...(this.#cookies.get(client) ?? [])].map(([name, value]) => `${name}=${value}`);
    return pairs.length === 0 ? null : pairs.join('; ');
  }
}
