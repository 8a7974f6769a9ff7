import type { Server as NetServer } from 'node:net';
import type { LimitKind } from '@shared/catalog/limits.ts';
import { type Address, formatAddress } from '@shared/config/address.ts';
import type { ListenerConfig } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { ClientHolder, Descriptors } from '../descriptors.ts';
import type { Exchange } from '../exchange.ts';
import type { Pool } from '../pool/pool.ts';
import { createAcceptor, probeReadPath } from '../sockets/accept.ts';
import type { ReadPath } from '../sockets/lane-socket.ts';
import { wheelOf } from '../sockets/timer-wheel.ts';
import type { Memory } from '../threads/memory.ts';
import { findUnshared, listen, type SharedListenOptions } from '../threads/reuse-port.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientContext } from './client-context.ts';
import { Clients } from './clients.ts';
import { ConnectionCount } from './connection-count.ts';
import { createRouter } from './routes.ts';

export interface ListenerDeps {
  readonly clock: Clock;
  findPool(name: string): Pool | undefined;
  /** Fills `id` and `idPrefix`. */
  nextRequestId(exchange: Exchange): void;
  /** Exactly once for every request, refused ones included. Nothing of the exchange may be kept. */
  finished(exchange: Exchange): void;
  /** Whether responses carry x-ballast-server, -attempts and -request. */
  responseFields(): boolean;
  limitReached(kind: LimitKind, listener: string): void;
  readonly descriptors: Descriptors;
  /** What the threads of the data plane share; one thread alone where it is left out. */
  readonly memory?: Memory;
  /** How sockets are read; found out at the first start where it is left out. */
  readonly readPath?: ReadPath;
}

/** An address that accepts client traffic. */
export interface Listener extends ClientHolder {
  readonly name: string;
  readonly openConnections: number;
  /** Bytes of requests that its connections keep in memory. */
  readonly keptBytes: number;
  /** Resolves with the address that was really bound; rejects with Node's error (`EADDRINUSE`, `EACCES`...). */
  start(): Promise<Address>;
  /** Routes and limits from now on; running requests keep the pool they have. The address stays. */
  update(config: ListenerConfig): void;
  /** That thread of the data plane is gone, its connections with it. */
  forgetThread(thread: number): void;
  /** Gives its address up, so that another may take it; connections go on. */
  release(): void;
  /** Takes the address it gave up again. Rejects with Node's error where somebody else was quicker. */
  retake(): Promise<void>;
  /** Accepts nothing new, lets running requests finish for so long, then cuts them. Resolves with how many were cut. */
  stop(graceMs: number): Promise<number>;
}

/**
 * `alone`: nobody else accepts there. `first`: other threads are to, and nobody accepts there yet; found out by binding it alone for a
 * moment, since the kernel lets any program of the same user in on a shared port. `joining`: others of ours may accept there already.
 */
export type BindMode = 'alone' | 'first' | 'joining';

export function createListener(
  config: ListenerConfig,
  deps: ListenerDeps,
  mode: BindMode = 'alone',
): Listener {
  const connections = new Clients();
  /** Of them, those that were told that there is no room. */
  let refused = 0;
  const { name, bind } = config;
  let server: NetServer | undefined;
  let context: ClientContext | undefined;
  let count: ConnectionCount | undefined;
  let current = config;
  /** Where it really listens. */
  let bound: Address | undefined;
  let whenEmpty: (() => void) | undefined;
  let stopped: Promise<number> | undefined;

  const configure = (target: ClientContext): void => {
    target.router = createRouter(current.routes);
    target.limits = current.limits;
    target.trustsForwarded = current.trustForwarded;
  };

  const listenOptions = ({ host, port }: Address): SharedListenOptions => ({
    host,
    port,
    backlog: 511,
    ...(mode !== 'alone' && { reusePort: true }),
  });

  const open = async (): Promise<Address> => {
    const path = deps.readPath ?? (await probeReadPath());
    const shared: ClientContext = {
      name,
      clock: deps.clock,
      wheel: wheelOf(deps.clock),
      path,
      router: createRouter(current.routes),
      limits: current.limits,
      trustsForwarded: current.trustForwarded,
      authority: formatAddress(bind),
      stopping: false,
      resting: 0,
      spareAttempts: [],
      findPool: deps.findPool,
      nextRequestId: deps.nextRequestId,
      finished: deps.finished,
      responseFields: deps.responseFields,
      limitReached: (kind) => deps.limitReached(kind, current.name),
      freeDescriptors: (pool) => deps.descriptors.relieve(pool),
      descriptorAdvice: deps.descriptors.advice,
      closed(connection) {
        if (connection.isTurnedAway) refused -= 1;
        connections.delete(connection);
        count?.set(connections.size - refused);
        if (connections.size === 0) whenEmpty?.();
      },
    };
    context = shared;
    const lost = (): void => deps.descriptors.lost(current.name);
    const accepting = createAcceptor(
      path,
      (openSocket) => {
        const noRoom = whyNoRoom();
        const connection = new ClientConnection(shared);
        connections.add(connection);
        connection.attach(openSocket(connection));
        if (noRoom === null) {
          count?.set(connections.size - refused);
          return;
        }
        // Beyond that their connections are closed without a word.
        if (refused >= deps.descriptors.mostRefused) {
          connection.destroy(noRoom);
          return;
        }
        refused += 1;
        connection.turnAway(noRoom);
      },
      lost,
    );
    const port = mode === 'first' ? await findUnshared(bind.host, bind.port) : bind.port;
    await listen(accepting, listenOptions({ host: bind.host, port }));
    // An error of a single accept must not end the process.
    accepting.on('error', lost);
    server = accepting;
    const place = accepting.address();
    const isPlace = place !== null && typeof place === 'object';
    bound = { host: bind.host, port: isPlace ? place.port : port };
    shared.authority = formatAddress(bound);
    if (deps.memory) count = new ConnectionCount(deps.memory, shared.authority);
    return bound;
  };

  /** Null where there is room for one more; what is idle makes room. */
  const whyNoRoom = (): string | null => {
    const { maxConnections } = current.limits;
    if (connections.size - refused + (count?.others ?? 0) >= maxConnections) {
      const longest = connections.idleLongest(deps.clock.now());
      if (!longest) {
        deps.limitReached('max-connections', current.name);
        return `listener "${current.name}" has ${maxConnections} connections, as many as it may (limits.maxConnections)`;
      }
      longest.closeWhenIdle();
      deps.limitReached('displaced-connections', current.name);
    }
    if (deps.descriptors.admit(current.name)) return null;
    return `Ballast has no file descriptor left for another connection; ${deps.descriptors.advice}`;
  };

  const close = async (graceMs: number): Promise<number> => {
    if (!context) return 0;
    context.stopping = true;
    server?.close();
    for (const connection of connections.list()) connection.closeWhenIdle();
    if (connections.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = deps.clock.after(graceMs, resolve);
        whenEmpty = () => {
          cancel();
          resolve();
        };
      });
    }
    let unfinished = 0;
    for (const connection of connections.list()) {
      if (connection.isBusy) unfinished++;
      connection.destroy('the listener stopped before the response was complete');
    }
    return unfinished;
  };

  return {
    name,
    get openConnections() {
      return connections.size;
    },
    get keptBytes() {
      let sum = 0;
      for (const connection of connections.list()) sum += connection.keptBytes;
      return sum;
    },
    get place() {
      return { listener: current.name };
    },
    get openSockets() {
      return connections.size - refused;
    },
    get restingSockets() {
      return context?.resting ?? 0;
    },
    longestIdleMs(now) {
      const longest = connections.idleLongest(now);
      return longest === null ? -1 : now - longest.idleSince;
    },
    closeLongestIdle: (now) => connections.idleLongest(now)?.closeWhenIdle(),
    start: open,
    update(next) {
      current = next;
      if (context) configure(context);
    },
    forgetThread: (thread) => count?.forgetThread(thread),
    release() {
      server?.close();
    },
    async retake() {
      if (server && bound && !server.listening) await listen(server, listenOptions(bound));
    },
    stop(graceMs) {
      stopped ??= close(graceMs);
      return stopped;
    },
  };
}
