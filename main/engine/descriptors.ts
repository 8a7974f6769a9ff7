import { readdirSync, readFileSync } from 'node:fs';
import type { LimitLog } from './metrics/limit-log.ts';

/** Something that holds sockets, some of which it can do without. */
export interface SocketHolder {
  readonly openSockets: number;
  /** Closes up to so many that carry nothing just now, the ones idle longest first. Returns how many. */
  closeIdle(most: number): number;
}

/** Everything in a thread that holds sockets. */
export interface SocketHolders {
  readonly clients: SocketHolder;
  readonly servers: Iterable<SocketHolder>;
}

/** How many the operating system gives this process, and how many of them it needs for other things. */
export interface DescriptorSupply {
  readonly limit: number;
  readonly inUse: number;
}

/**
 * Keeps the file descriptors of the process from running out. When they do, the system drops new connections without a word
 * (libuv accepts and closes them at once), so a listener stops before: what is idle makes room, then newcomers hear why.
 */
export interface Descriptors {
  /** Whether there is room for one more client and the connection to a server that it will want. Makes room where it can. */
  admit(listener: string): boolean;
  /** The system refused one although there should have been room. True where room was made and a second try makes sense. */
  relieve(pool: string | null): boolean;
  /** For a person: what to do about it. */
  readonly advice: string;
  /** So many clients at once may be told that there is no room; each keeps a descriptor until it has read that. */
  readonly mostRefused: number;
}

const unlimited: DescriptorSupply = { limit: Number.POSITIVE_INFINITY, inUse: 0 };
/** Closed at once when there is no room: asking for each single one would be dear. */
const closedAtOnce = 8;
/** Left for probes, files and processes that are started, if the limit is not that low. */
const mostReserve = 64;
const mostRefused = 64;

/**
 * @param threads how many share the supply
 */
export function createDescriptors(
  { limit, inUse }: DescriptorSupply,
  limits: Pick<LimitLog, 'reached'>,
  holders: () => SocketHolders,
  threads: () => number = () => 1,
): Descriptors {
  const reserve = Math.min(mostReserve, Math.floor(limit / 8));
  const available = (): number => Math.floor((limit - inUse - reserve) / threads());
  const advice = `raise the limit of open files (ulimit -n, now ${limit})`;

  /** Whether one more client can have what it needs. Each will want a connection to a server, if it has none just now. */
  function hasRoom(): boolean {
    const { clients, servers } = holders();
    let toServers = 0;
    for (const holder of servers) toServers += holder.openSockets;
    const client = clients.openSockets + 1;
    return client + Math.max(client, toServers + 1) <= available();
  }

  function makeRoom(): number {
    let closed = 0;
    const { clients, servers } = holders();
    for (const holder of [...servers, clients]) {
      closed += holder.closeIdle(closedAtOnce - closed);
      if (closed >= closedAtOnce) break;
    }
    return closed;
  }

  return {
    advice,
    mostRefused: Math.min(mostRefused, Math.floor(reserve / 2)),
    admit(listener) {
      if (limit === Number.POSITIVE_INFINITY || hasRoom()) return true;
      makeRoom();
      if (hasRoom()) return true;
      limits.reached('file-descriptors', { listener, detail: `a client got 503; ${advice}` });
      return false;
    },
    relieve(pool) {
      limits.reached('file-descriptors', {
        pool,
        detail: `a connection to a server was not made; ${advice}`,
      });
      return makeRoom() > 0;
    },
  };
}

/** What Linux says of the present process; elsewhere there is no cheap way to know, and a refusal of the system decides. */
export function descriptorSupply(): DescriptorSupply {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (soft === undefined) return unlimited;
    return { limit: Number(soft), inUse: readdirSync('/proc/self/fd').length };
  } catch {
    return unlimited;
  }
}

/** Codes that say that this machine or process has no room, which no server can help. */
export function isOwnFault(code: string | undefined): boolean {
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOBUFS' || code === 'ENOMEM';
}
