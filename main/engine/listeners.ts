import { type Address, formatAddress } from '@shared/config/address.ts';
import type { ListenerConfig } from '@shared/config/schema.ts';
import type { ListenerStatus } from '@shared/contract/values.ts';
import { BindError } from './bind-error.ts';
import { createListener, type Listener, type ListenerDeps } from './listener/listener.ts';

interface Running {
  readonly listener: Listener;
  config: ListenerConfig;
  /** With the port that was really bound. */
  address: Address;
}

export interface Listeners {
  /**
   * Binds what is new, without touching what runs. Rejects with a `BindError`, and what it had bound is closed again.
   * `commit` then makes the change, at once, and returns the listeners that are no longer wanted.
   */
  prepare(configs: readonly ListenerConfig[]): Promise<{ commit(): Listener[] }>;
  describe(): ListenerStatus[];
  /** Resolves with the number of requests that did not finish within the grace. */
  stop(graceMs: number): Promise<number>;
}

/** The set of running listeners, changed as a whole. A listener is known by what it is bound to: its name may change. */
export function createListeners(deps: ListenerDeps): Listeners {
  let running: Running[] = [];

  async function bind(config: ListenerConfig): Promise<Running> {
    const listener = createListener(config, {
      ...deps,
      nextRequestId(exchange) {
        exchange.listener = own.config.name; // a listener may be renamed while it runs
        deps.nextRequestId(exchange);
      },
    });
    const own: Running = { listener, config, address: config.bind };
    try {
      own.address = await listener.start();
      return own;
    } catch (error) {
      throw new BindError(config.name, config.bind, error);
    }
  }

  return {
    async prepare(configs) {
      const kept = new Map<ListenerConfig, Running>();
      for (const config of configs) {
        const taken = new Set(kept.values());
        const same = running.find((each) => !taken.has(each) && isSame(each, config));
        if (same) kept.set(config, same);
      }
      const added = configs.filter((config) => !kept.has(config));
      const results = await Promise.allSettled(added.map(bind));
      const bound = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const failure = results.find((result) => result.status === 'rejected');
      if (failure) {
        await Promise.all(bound.map(({ listener }) => listener.stop(0)));
        throw failure.reason;
      }
      return {
        commit() {
          const next = configs.map((config): Running => {
            const own = kept.get(config) ?? bound.find((each) => each.config === config)!;
            if (own.config !== config) own.listener.update(config);
            own.config = config;
            return own;
          });
          const removed = running.filter((each) => !next.includes(each));
          running = next;
          return removed.map(({ listener }) => listener);
        },
      };
    },
    describe: () =>
      running.map(({ config, address, listener }) => ({
        name: config.name,
        address: formatAddress(address),
        url: `http://${formatAddress(reachable(address))}`,
        openConnections: listener.openConnections,
      })),
    async stop(graceMs) {
      const stopping = running;
      running = [];
      const unfinished = await Promise.all(stopping.map(({ listener }) => listener.stop(graceMs)));
      return unfinished.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** The same address, as written or as really bound. Any free port is nobody's identity: such a listener is known by its name. */
function isSame({ config, address }: Running, wanted: ListenerConfig): boolean {
  if (wanted.bind.port !== 0) return formatAddress(address) === formatAddress(wanted.bind);
  return config.bind.port === 0 && config.name === wanted.name && config.bind.host === wanted.bind.host;
}

/** An address that means all of this machine's is reached by its loopback one. */
function reachable({ host, port }: Address): Address {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  if (host === '::') return { host: '::1', port };
  return { host, port };
}
