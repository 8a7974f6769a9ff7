import { readdirSync, readFileSync } from 'node:fs';
import type { LimitLog } from './metrics/limit-log.ts';

/** Connections of one place, some of which it can do without. */
export interface SocketHolder {
  /** Where it is, for what is told of it. */
  readonly place: { readonly listener: string } | { readonly pool: string };
  readonly openSockets: number;
  /** For how long the one that is idle longest has been; below zero where none is that may be closed. @param now clock's `now()` */
  longestIdleMs(now: number): number;
  closeLongestIdle(now: number): void;
}

/** Connections of clients. */
export interface ClientHolder extends SocketHolder {
  /** Of the open ones, those whose last request was answered and whose next has not begun. */
  readonly restingSockets: number;
}

/** Everything in a thread that holds sockets. */
export interface SocketHolders {
  readonly clients: Iterable<ClientHolder>;
  readonly servers: Iterable<SocketHolder>;
}

/** How many the operating system gives this process, and how many of them it needs for other things. */
export interface DescriptorSupply {
  readonly limit: number;
  readonly inUse: number;
}

/**
 * Keeps the file descriptors of the process from running out. When they do, the system drops new connections without a word
 * (libuv accepts and closes them at once), so room is made before: whoever is idle longest gives way (as in nginx), and where nobody
 * is idle newcomers hear why they cannot stay. What runs keeps what it has.
 */
export interface Descriptors {
  /** Whether there is room for one more client and the connection to a server that it will want. Makes room where it can. */
  admit(listener: string): boolean;
  /** A connection to a server is about to be opened: makes room for it where there is none and somebody is idle. */
  makeRoom(): void;
  /** The system refused one although there should have been room. True where room was made and a second try makes sense. */
  relieve(pool: string | null): boolean;
  /** The system accepted a client and had none for it, so that it is gone already. */
  lost(listener: string): void;
  /** For a person: what to do about it. */
  readonly advice: string;
  /** So many clients at once may be told that there is no room; each keeps a descriptor until it has read that. */
  readonly mostRefused: number;
}

/** A connection that was used, or accepted, so recently does not make room: its next request may be on the way. */
export const restedMs = 1_000;

const unlimited: DescriptorSupply = { limit: Number.POSITIVE_INFINITY, inUse: 0 };
/** Closed at once when the system has none left: what was known of the supply was wrong. */
const closedAtOnce = 8;
/** Left for probes, files and processes that are started, if the limit is not that low. */
const mostReserve = 64;
/** Counting goes through all listeners and pools; a change of threads in between matters for no more than these. */
const mostUncounted = 64;
const mostRefused = 64;

/**
 * @param now clock's `now()`
 * @param threads how many share the supply
 */
export function createDescriptors(
  { limit, inUse }: DescriptorSupply,
  limits: Pick<LimitLog, 'reached'>,
  holders: () => SocketHolders,
  now: () => number,
  threads: () => number = () => 1,
): Descriptors {
  const reserve = Math.min(mostReserve, Math.floor(limit / 8));
  const available = (): number => Math.floor((limit - inUse - reserve) / threads());
  /** So many more fit in without counting, whatever the others do meanwhile; below zero for none. */
  let ample = 0;
  const advice = `raise the limit of open files (ulimit -n, now ${limit})`;

  /**
   * Whether so many more fit in. Every client whose request runs, or who came just now, is to have its connection to a server, even where it
   * has none yet; whoever rests needs none, and when that changes another who rests gives way.
   */
  function fits(moreClients: number, moreToServers: number): boolean {
    const { clients, servers } = holders();
    let [open, resting, toServers] = [moreClients, 0, moreToServers];
    for (const holder of clients) {
      open += holder.openSockets;
      resting += holder.restingSockets;
    }
    for (const holder of servers) toServers += holder.openSockets;
    // Even if nobody rested any more, each takes two at most.
    ample = Math.min(mostUncounted, Math.floor((available() - open - Math.max(open, toServers)) / 2));
    return open + Math.max(open - resting, toServers) <= available();
  }

  /** Closes one connection: of those that have rested, first to a server, which no client notices. False where none is idle. */
  function closeOne(): boolean {
    const { clients, servers } = holders();
    const at = now();
    const holder =
      idleLongest(servers, at, restedMs) ?? idleLongest(clients, at, 0) ?? idleLongest(servers, at, 0);
    if (!holder) return false;
    holder.closeLongestIdle(at);
    limits.reached('descriptors-short', { ...holder.place, detail: advice });
    return true;
  }

  function fitsIn(moreClients: number, moreToServers: number): boolean {
    if (limit === Number.POSITIVE_INFINITY) return true;
    if (ample > 0) {
      ample -= 1;
      return true;
    }
    while (!fits(moreClients, moreToServers)) if (!closeOne()) return false;
    return true;
  }

  function closeSome(): boolean {
    let closed = 0;
    while (closed < closedAtOnce && closeOne()) closed += 1;
    return closed > 0;
  }

  return {
    advice,
    mostRefused: Math.min(mostRefused, Math.floor(reserve / 2)),
    admit(listener) {
      if (fitsIn(1, 0)) return true;
      limits.reached('file-descriptors', { listener, detail: `a client got 503; ${advice}` });
      return false;
    },
    makeRoom() {
      // Where nobody is idle what is kept in reserve may do.
      fitsIn(0, 1);
    },
    relieve(pool) {
      limits.reached('file-descriptors', {
        pool,
        detail: `a connection to a server was not made; ${advice}`,
      });
      return closeSome();
    },
    lost(listener) {
      limits.reached('file-descriptors', {
        listener,
        detail: `a client was dropped by the system; ${advice}`,
      });
      closeSome();
    },
  };
}

/** The holder of the connection that is idle longest, for so long at least. */
function idleLongest(holders: Iterable<SocketHolder>, now: number, leastMs: number): SocketHolder | null {
  let found: SocketHolder | null = null;
  let longestMs = leastMs;
  for (const holder of holders) {
    const ms = holder.longestIdleMs(now);
    if (ms < longestMs || (found && ms === longestMs)) continue;
    found = holder;
    longestMs = ms;
  }
  return found;
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
