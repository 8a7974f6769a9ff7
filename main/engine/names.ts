import { lookup } from 'node:dns/promises';
import type { Clock } from './clock.ts';
import type { EventLog } from './journal/event-log.ts';
import type { Endpoint } from './pool/endpoint.ts';

/** The IP addresses a name means, in order of preference. Rejects with Node's error (`ENOTFOUND`, `EAI_AGAIN`...). */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** As the operating system resolves names, hosts file and search domains included, in its order. */
export const systemLookup: Lookup = async (name) => {
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

/** A name that means nothing is asked for again this soon. */
const soonMs = 2_000;

interface Entry {
  readonly name: string;
  readonly watchers: Map<Endpoint, { readonly refreshMs: number; readonly changed: () => void }>;
  hosts: readonly string[];
  /** Why the last lookup failed; null where it did not. */
  problem: string | null;
  looking: Promise<void> | null;
  cancel: () => void;
}

/**
 * What the names of servers mean, found out apart from any request: when a configuration brings them in, and every so often
 * after that. One lookup at a time for each name. A name that fails keeps its last good answer.
 */
export class Names {
  readonly #clock: Clock;
  readonly #lookup: Lookup;
  readonly #events: EventLog | null;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, look: Lookup, events: EventLog | null) {
    this.#clock = clock;
    this.#lookup = look;
    this.#events = events;
  }

  /** Looks up what is not known yet. Waits for the answers, but no longer than that. */
  async prepare(names: Iterable<string>, withinMs: number): Promise<void> {
    const missing: Promise<void>[] = [];
    for (const name of new Set(names)) {
      if (this.#entries.get(name)?.looking === null) continue;
      missing.push(this.#look(this.#entryOf(name)));
    }
    if (missing.length === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(withinMs, resolve);
      void Promise.all(missing).then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Keeps an endpoint up to date. @param changed its addresses are others than before */
  watch(endpoint: Endpoint, refreshMs: number, changed: () => void): void {
    if (!endpoint.isName) return;
    const entry = this.#entryOf(endpoint.address.host);
    entry.watchers.set(endpoint, { refreshMs, changed });
    if (entry.hosts.length > 0) endpoint.resolved(entry.hosts);
    else if (entry.problem !== null) endpoint.unresolved(entry.problem);
    if (entry.looking === null) this.#schedule(entry);
  }

  unwatch(endpoint: Endpoint): void {
    this.#entries.get(endpoint.address.host)?.watchers.delete(endpoint);
  }

  /** Forgets names that nobody watches. */
  prune(): void {
    for (const [name, entry] of this.#entries) {
      if (entry.watchers.size > 0) continue;
      entry.cancel();
      this.#entries.delete(name);
    }
  }

  stop(): void {
    for (const entry of this.#entries.values()) entry.cancel();
    this.#entries.clear();
  }

  #entryOf(name: string): Entry {
    let entry = this.#entries.get(name);
    if (!entry) {
      entry = { name, watchers: new Map(), hosts: [], problem: null, looking: null, cancel: () => {} };
      this.#entries.set(name, entry);
    }
    return entry;
  }

  #look(entry: Entry): Promise<void> {
    entry.cancel();
    entry.looking ??= this.#lookup(entry.name)
      .then(
        (hosts) => this.#found(entry, hosts),
        (error: unknown) => this.#failed(entry, error),
      )
      .then(() => {
        entry.looking = null;
        this.#schedule(entry);
      });
    return entry.looking;
  }

  #schedule(entry: Entry): void {
    entry.cancel();
    if (entry.watchers.size === 0 || this.#entries.get(entry.name) !== entry) return;
    let ms = entry.problem === null ? Number.POSITIVE_INFINITY : soonMs;
    for (const { refreshMs } of entry.watchers.values()) ms = Math.min(ms, refreshMs);
    entry.cancel = this.#clock.after(ms, () => void this.#look(entry));
  }

  #found(entry: Entry, hosts: readonly string[]): void {
    if (hosts.length === 0) {
      this.#failed(entry, Object.assign(new Error('no address'), { code: 'ENODATA' }));
      return;
    }
    const before = entry.hosts;
    const isNew = before.length !== hosts.length || hosts.some((host) => !before.includes(host));
    const failedBefore = entry.problem !== null;
    entry.hosts = hosts;
    entry.problem = null;
    if (failedBefore || (isNew && before.length > 0)) {
      const what = isNew ? `means ${hosts.join(', ')} now` : 'resolves again';
      this.#events?.add('name-resolved', failedBefore ? 'good' : 'neutral', `The name ${entry.name} ${what}`);
    }
    for (const [endpoint, { changed }] of entry.watchers) if (endpoint.resolved(hosts)) changed();
  }

  #failed(entry: Entry, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const isFirst = entry.problem === null;
    entry.problem = `the name ${entry.name} does not resolve (${code})`;
    for (const endpoint of entry.watchers.keys()) endpoint.unresolved(entry.problem);
    if (!isFirst) return;
    const rest = entry.hosts.length > 0 ? `; ${entry.hosts.join(', ')} stays in use` : '';
    this.#events?.add('name-failed', 'bad', `The name ${entry.name} does not resolve (${code})${rest}`);
  }
}
