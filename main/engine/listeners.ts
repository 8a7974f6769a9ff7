import { type Address, formatAddress } from '@shared/config/address.ts';
import type { ListenerConfig } from '@shared/config/schema.ts';
import type { ListenerStatus } from '@shared/contract/system-values.ts';
import { BindError } from './bind-error.ts';
import type { ClientHolder } from './descriptors.ts';
import { type BindMode, createListener, type Listener, type ListenerDeps } from './listener/listener.ts';

interface Running {
  readonly listener: Listener;
  config: ListenerConfig;
  /** With the port that was really bound. */
  address: Address;
  /** Other threads can accept on the same address. */
  readonly isShared: boolean;
}

/** Listeners that are bound, and in nobody's way, for a configuration that has not come yet. */
export interface ListenersChange {
  /** Where each really listens, in the order of the configuration. */
  readonly addresses: readonly Address[];
  /** Makes the change at once. Listeners that are no longer wanted leave without losing a request. */
  commit(): void;
  /** Closes what was bound, and takes again what was given up for it. */
  abort(): Promise<void>;
}

export interface Listeners {
  /**
   * Binds what is new, without touching what runs; only a listener that leaves and is itself in the way (127.0.0.1 becomes
   * 0.0.0.0, on the same port) gives its address up, a moment before that is bound anew. Rejects with a `BindError`: then
   * what it had bound is closed, and what was given up is taken again.
   */
  prepare(configs: readonly ListenerConfig[], mode: BindMode): Promise<ListenersChange>;
  describe(): ListenerStatus[];
  holders(): ClientHolder[];
  /** That thread of the data plane is gone, its connections with it. */
  forgetThread(thread: number): void;
  /** Bytes of requests that connections of clients keep in memory. */
  readonly keptBytes: number;
  /** Connections that clients have, those of listeners that are leaving among them. */
  readonly openConnections: number;
  /** All leave without losing a request: others take over. Resolves with the number of requests that did not finish within the grace. */
  retire(graceMs: number): Promise<number>;
  /** Resolves with the number of requests that did not finish within the grace. */
  stop(graceMs: number): Promise<number>;
}

/** How long the running requests of a listener that was removed may take. */
const removedGraceMs = 30_000;

/** The set of running listeners, changed as a whole. A listener is known by what it is bound to: its name may change. */
export function createListeners(
  deps: ListenerDeps & {
    /** Told what a person who looks for a fault in Ballast needs. */
    readonly log: (text: string) => void;
  },
): Listeners {
  let running: Running[] = [];
  /** Removed, and not yet without connections. */
  const leaving = new Set<Listener>();
  const all = (): Listener[] => [...running.map(({ listener }) => listener), ...leaving];
  const sum = (what: 'openConnections' | 'keptBytes'): number =>
    all().reduce((total, listener) => total + listener[what], 0);

  function retire(listener: Listener, graceMs: number): Promise<number> {
    leaving.add(listener);
    return listener.retire(graceMs).finally(() => leaving.delete(listener));
  }

  async function leave(each: (listener: Listener) => Promise<number>): Promise<number> {
    const listeners = all();
    running = [];
    const unfinished = await Promise.all(listeners.map(each));
    return unfinished.reduce((total, count) => total + count, 0);
  }

  async function bind(config: ListenerConfig, mode: BindMode): Promise<Running> {
    const ownDeps: ListenerDeps = {
      ...deps,
      nextRequestId(exchange) {
        exchange.listener = own.config.name; // a listener may be renamed while it runs
        deps.nextRequestId(exchange);
      },
    };
    const listener = createListener(config, ownDeps, mode);
    const own: Running = { listener, config, address: config.bind, isShared: mode !== 'alone' };
    try {
      own.address = await listener.start();
      return own;
    } catch (error) {
      throw new BindError(config.name, config.bind, error);
    }
  }

  /** Binds all or none. @param leaving what may be asked for its address */
  async function bindAll(
    configs: readonly ListenerConfig[],
    leaving: readonly Running[],
    mode: BindMode,
  ): Promise<{ bound: readonly Running[]; undo(): Promise<void> }> {
    const bound: Running[] = [];
    const released: Running[] = [];
    const undo = async (): Promise<void> => {
      await Promise.all(bound.map(({ listener }) => listener.stop(0)));
      for (const { listener, config, address } of released) {
        await listener.retake().catch((error: unknown) => {
          throw new BindError(config.name, address, error);
        });
      }
    };
    const bindEach = async (wanted: readonly ListenerConfig[], how: BindMode): Promise<BindError[]> => {
      const results = await Promise.allSettled(wanted.map((config) => bind(config, how)));
      bound.push(...results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
      return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as BindError] : []));
    };
    let failures = await bindEach(configs, mode);
    const inTheWay = failures.map((failure) => leaving.filter((each) => mayBlock(each, failure)));
    if (failures.length > 0 && inTheWay.every((each) => each.length > 0)) {
      released.push(...new Set(inTheWay.flat()));
      await Promise.all(released.map(({ listener }) => listener.release()));
      const isBound = new Set(bound.map(({ config }) => config));
      // What other threads of ours hold there still is no reason to stay away.
      failures = await bindEach(
        configs.filter((config) => !isBound.has(config)),
        mode === 'alone' ? 'alone' : 'joining',
      );
    }
    const [failure] = failures;
    if (!failure) return { bound, undo };
    await undo();
    throw failure;
  }

  return {
    async prepare(configs, mode) {
      const kept = new Map<ListenerConfig, Running>();
      for (const config of configs) {
        const taken = new Set(kept.values());
        const same = running.find((each) => !taken.has(each) && isSame(each, config, mode !== 'alone'));
        if (same) kept.set(config, same);
      }
      const added = configs.filter((config) => !kept.has(config));
      const leaving = running.filter((each) => !new Set(kept.values()).has(each));
      const { bound, undo } = await bindAll(added, leaving, mode);
      const runningOf = (config: ListenerConfig): Running =>
        kept.get(config) ?? bound.find((each) => each.config === config)!;
      const chosen = configs.map((config) => [config, runningOf(config)] as const);
      return {
        addresses: chosen.map(([, { address }]) => address),
        abort: undo,
        commit() {
          const next = chosen.map(([config, own]): Running => {
            if (own.config !== config) own.listener.update(config);
            own.config = config;
            return own;
          });
          const removed = running.filter((each) => !next.includes(each));
          running = next;
          for (const { listener } of removed)
            retire(listener, removedGraceMs).catch((error: unknown) =>
              deps.log(`stopping listener: ${String(error)}`),
            );
        },
      };
    },
    holders: all,
    get openConnections() {
      return sum('openConnections');
    },
    get keptBytes() {
      return sum('keptBytes');
    },
    describe: () =>
      running.map(({ config, address, listener }) => ({
        name: config.name,
        address: formatAddress(address),
        url: `http://${formatAddress(reachable(address))}`,
        openConnections: listener.openConnections,
      })),
    forgetThread(thread) {
      for (const listener of all()) listener.forgetThread(thread);
    },
    retire: (graceMs) => leave((listener) => retire(listener, graceMs)),
    stop: (graceMs) => leave((listener) => listener.stop(graceMs)),
  };
}

/**
 * The same address, as written or as really bound. Any free port is nobody's identity: such a listener is known by its name. One that no other thread can accept on has to be bound anew where others are to. */
function isSame({ config, address, isShared }: Running, wanted: ListenerConfig, shared: boolean): boolean {
  if (shared && !isShared) return false;
  if (wanted.bind.port !== 0) return formatAddress(address) === formatAddress(wanted.bind);
  return config.bind.port === 0 && config.name === wanted.name && config.bind.host === wanted.bind.host;
}

/** Two addresses with the same port exclude each other where one of them means every address of this machine. */
function mayBlock({ address }: Running, { code, bind }: BindError): boolean {
  return code === 'EADDRINUSE' && bind.port !== 0 && bind.port === address.port;
}

/** An address that means all of this machine's is reached by its loopback one. */
function reachable({ host, port }: Address): Address {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  if (host === '::') return { host: '::1', port };
  return { host, port };
}
