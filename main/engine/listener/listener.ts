import type { Server as NetServer } from 'node:net';
import type { LimitKind } from '@shared/catalog/limits.ts';
import { type Address, formatAddress } from '@shared/config/address.ts';
import { createRouter } from '@shared/config/router.ts';
import type { ListenerConfig } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { ClientHolder, Descriptors } from '../descriptors.ts';
import type { Exchange } from '../exchange.ts';
import type { Pool } from '../pool/pool.ts';
import { createAcceptor, probeReadPath } from '../sockets/accept.ts';
import type { ReadPath } from '../sockets/lane-socket.ts';
import { wheelOf } from '../sockets/timer-wheel.ts';
import { Memory } from '../threads/memory.ts';
import { findUnshared, listen, type SharedListenOptions } from '../threads/reuse-port.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientContext } from './client-context.ts';
import { Clients } from './clients.ts';
import { closeEmptied } from './close-emptied.ts';
import { ConnectionCount } from './connection-count.ts';

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
  /** Gives its address up, so that another may take it; connections go on, also those that the system had accepted for it. */
  release(): Promise<void>;
  /** Takes the address it gave up again. Rejects with Node's error where somebody else was quicker. */
  retake(): Promise<void>;
  /**
   * Leaves without losing anything, while others go on, here or elsewhere: accepts what has come, then nothing new; every connection
   * is told with its next response that it was the last, and one without requests is closed after a rest. What is left after
   * the grace is cut. Resolves with how many requests were.
   */
  retire(graceMs: number): Promise<number>;
  /** Accepts nothing new, closes what is idle, lets running requests finish for so long, then cuts them. Resolves with how many were cut. */
  stop(graceMs: number): Promise<number>;
}

/** As long as nothing may have come at a listener that leaves for its next request to be unlikely just now (as nginx's `keepalive_min_timeout`). */
const retiredIdleMs = 5_000;
/** Where others accept on the address too, those that are just connecting get so long without a newcomer, and altogether. */
const restMs = 20;
const longestRestMs = 1_000;

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
  /** Connections accepted since start. */
  let accepted = 0;
  let current = config;
  /** Where it really listens. */
  let bound: Address | undefined;
  let whenEmpty: (() => void) | undefined;
  let leaving: Promise<number> | undefined;
  /** Begins the last wait anew, with so much grace. */
  let waitAgain: ((graceMs: number) => void) | undefined;
  /** Leaving was hastened, with so much grace. */
  let hastenedMs: number | undefined;

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
        else count?.remove();
        connections.delete(connection);
        if (connections.size === 0) whenEmpty?.();
      },
    };
    context = shared;
    const lost = (): void => deps.descriptors.lost(current.name);
    const accepting = createAcceptor(
      path,
      (openSocket) => {
        accepted += 1;
        const noRoom = whyNoRoom();
        const connection = new ClientConnection(shared);
        connections.add(connection);
        connection.attach(openSocket(connection));
        if (noRoom === null) return;
        refused += 1;
        // Beyond that their connections are closed without a word.
        connection.turnAway(noRoom, refused > deps.descriptors.mostRefused);
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
    count = new ConnectionCount(deps.memory ?? new Memory(), shared.authority);
    return bound;
  };

  /** Null where there is room for one more, which is taken; what is idle makes room. */
  const whyNoRoom = (): string | null => {
    const { maxConnections } = current.limits;
    if (!count?.add(maxConnections)) {
      const longest = connections.idleLongest(deps.clock.now());
      if (!longest) {
        deps.limitReached('max-connections', current.name);
        return `listener "${current.name}" has ${maxConnections} connections, as many as it may (limits.maxConnections)`;
      }
      longest.closeWhenIdle();
      deps.limitReached('displaced-connections', current.name);
      count?.add(Number.POSITIVE_INFINITY);
    }
    if (deps.descriptors.admit(current.name)) return null;
    count?.remove();
    return `Ballast has no file descriptor left for another connection; ${deps.descriptors.advice}`;
  };

  /** Stops to listen, after everything that came before was accepted. */
  const closeServer = async (rest: number): Promise<void> => {
    const closing = server;
    if (closing?.listening) await closeEmptied(closing, () => accepted, deps.clock, rest, longestRestMs);
  };

  const retire = async (graceMs: number): Promise<number> => {
    if (!context) return 0;
    await closeServer(mode === 'alone' ? 0 : restMs);
    if (hastenedMs !== undefined) {
      for (const connection of connections.list()) connection.closeWhenIdle();
      return whenGone(hastenedMs);
    }
    context.stopping = true;
    const { idleTimeoutMs } = context.limits;
    const idleMs = Math.min(retiredIdleMs, idleTimeoutMs);
    context.limits = { ...context.limits, idleTimeoutMs: idleMs };
    for (const connection of connections.list()) connection.retire(idleTimeoutMs - idleMs);
    return whenGone(graceMs);
  };

  const stop = async (graceMs: number): Promise<number> => {
    if (!context) return 0;
    context.stopping = true;
    await closeServer(0);
    for (const connection of connections.list()) connection.closeWhenIdle();
    return whenGone(graceMs);
  };

  const whenGone = async (graceMs: number): Promise<number> => {
    if (connections.size > 0) {
      await new Promise<void>((resolve) => {
        let cancel = (): void => {};
        waitAgain = (ms) => {
          cancel();
          cancel = deps.clock.after(ms, resolve);
        };
        whenEmpty = () => {
          cancel();
          resolve();
        };
        waitAgain(graceMs);
      });
    }
    let unfinished = 0;
    for (const connection of connections.list()) {
      if (connection.isBusy) unfinished++;
      connection.destroy('the listener stopped before the response was complete');
    }
    return unfinished;
  };

  /** It leaves gently, and there is no more time for that. */
  const hasten = (graceMs: number): void => {
    hastenedMs = graceMs;
    if (context) context.stopping = true;
    for (const connection of connections.list()) connection.closeWhenIdle();
    waitAgain?.(graceMs);
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
      if (!context) return;
      const shorterMs = context.limits.idleTimeoutMs - next.limits.idleTimeoutMs;
      configure(context);
      if (shorterMs !== 0) for (const connection of connections.list()) connection.shortenIdle(shorterMs);
    },
    forgetThread: (thread) => count?.forgetThread(thread),
    release: () => closeServer(0),
    async retake() {
      if (server && bound && !server.listening) await listen(server, listenOptions(bound));
    },
    retire(graceMs) {
      leaving ??= retire(graceMs);
      return leaving;
    },
    stop(graceMs) {
      if (leaving) hasten(graceMs);
      leaving ??= stop(graceMs);
      return leaving;
    },
  };
}
