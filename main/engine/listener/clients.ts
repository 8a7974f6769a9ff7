import { restedMs } from '../descriptors.ts';
import { ConnectionList } from '../sockets/connection-list.ts';
import type { ClientConnection } from './client-connection.ts';

/** Connections that one look at all of them finds: it takes up to a millisecond for 20,000, so the next ones should cost nothing. */
const mostFound = 64;
/** Where there is nobody to find, it is not looked for more often than that. */
const lookEveryMs = 10;

/** The connections of a listener. */
export class Clients extends ConnectionList<ClientConnection> {
  /** Idle longest when that was last looked at, the first of them at the end. */
  readonly #found: ClientConnection[] = [];
  /** Since when each of them was idle: whoever has had a request meanwhile is out of the order. */
  readonly #foundSince: number[] = [];
  /** Clock's `now()`: before that another look finds nobody. */
  #lookAt = 0;

  /**
   * The one that is idle longest, for a second at least; null where there is none. nginx keeps a list for it, which every request
   * pays for; here a look at all of them finds the next 64, and only while connections are short.
   */
  idleLongest(now: number): ClientConnection | null {
    for (;;) {
      const longest = this.#found.at(-1);
      if (longest === undefined) {
        if (now < this.#lookAt || !this.#look(now)) return null;
      } else if (longest.isIdle && longest.idleSince === this.#foundSince.at(-1)) return longest;
      else {
        this.#found.pop();
        this.#foundSince.pop();
      }
    }
  }

  /** False where it found nobody. */
  #look(now: number): boolean {
    const [found, since] = [this.#found, this.#foundSince];
    const restedSince = now - restedMs;
    let nextRested = now;
    for (const connection of this) {
      if (!connection.isIdle) continue;
      const { idleSince } = connection;
      if (idleSince > restedSince) {
        nextRested = Math.min(nextRested, idleSince);
        continue;
      }
      if (found.length === mostFound) {
        if (idleSince >= since[0]!) continue;
        found.shift();
        since.shift();
      }
      let at = found.length;
      while (at > 0 && since[at - 1]! < idleSince) at -= 1;
      found.splice(at, 0, connection);
      since.splice(at, 0, idleSince);
    }
    const isWhole = found.length < mostFound;
    this.#lookAt = isWhole ? Math.max(now + lookEveryMs, nextRested + restedMs) : now;
    return found.length > 0;
  }
}
