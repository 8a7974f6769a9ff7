import type { UnavailableReason } from '@shared/contract/server-values.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { isFull, unavailability } from './availability.ts';
import type { Panic } from './panic.ts';
import type { Server } from './server.ts';

/** A process that was killed is not started again in less. */
const comesBackMs = 100;

/**
 * Whom of a pool's servers a request may be led to at all, in panic and as the last resort too. The one answer for whoever asks: the
 * choice itself, the queue that wakes those that wait, a retry that gives a response up for another, a hedge.
 */
export class Askable {
  /** In configured order. */
  servers: readonly Server[] = [];
  /** Ejected servers are asked where there is no other (`ejectLast: false`). */
  asksEjected = true;
  readonly #panic: Panic;

  constructor(panic: Panic) {
    this.#panic = panic;
  }

  /** Why a server takes no request of such a client; null where it does. What panic makes of probes and failures is reckoned in. */
  reasonOf(server: Server, now: number, bound: boolean): UnavailableReason | null {
    const reason = unavailability(server, now, bound);
    if ((reason !== 'unhealthy' && reason !== 'ejected') || !this.#panic.covers(server)) return reason;
    if (server.configuredWeight === 0 && !bound) return 'weight-zero';
    return isFull(server) ? 'full' : null;
  }

  /** Out for that reason, and asked all the same where nobody else is left. ADR 0010, rule 3. Says nothing of its load. */
  isLastResort(server: Server, reason: UnavailableReason): boolean {
    // Of weight 0 is who leaves by and by: only its own sessions are led there, however bad things are.
    if (server.configuredWeight === 0 || server.adminState !== 'ready') return false;
    return reason === 'ejected' ? this.asksEjected : reason === 'unhealthy' && isHopeful(server);
  }

  /**
   * Whether looking for a server makes sense for those that wait: one has a slot, or is free and the last resort of a pool where nobody
   * stands at his limit who could be waited for.
   *
   * @param hasReturned some that wait have been at a server already: for those that one is no reason to wait
   */
  hasSlot(now: number, hasReturned: boolean): boolean {
    this.#panic.see(this.servers, now);
    let isAnyFull = false;
    let isLastFree = false;
    for (let index = 0; index < this.servers.length; index++) {
      const server = this.servers[index]!;
      // A session may wait for a server that takes no new clients.
      const reason = this.reasonOf(server, now, true);
      if (reason === null) return true;
      if (reason === 'full') isAnyFull ||= server.adminState === 'ready' && server.configuredWeight > 0;
      else isLastFree ||= this.isLastResort(server, reason) && !isFull(server);
    }
    return isLastFree && (hasReturned || !isAnyFull);
  }

  /**
   * Who may be asked whatever the load, as a number that differs when that does: then a slot may be free without any request's end, by
   * the passing of time too (an ejection is over, panic begins). Limits are left out, of servers and of the pool: that one was raised is told
   * by who takes the configuration over.
   */
  outlook(now: number): number {
    this.#panic.see(this.servers, now);
    let outlook = 0;
    for (let index = 0; index < this.servers.length; index++) {
      const server = this.servers[index]!;
      const reason = this.reasonOf(server, now, false);
      const kind = isOpen(reason) ? 1 : this.isLastResort(server, reason) ? 2 : 3;
      // Why it takes no new clients may hide what keeps its own out: a server that drains may be ejected too.
      const forBound = isOpen(this.reasonOf(server, now, true)) ? 4 : 0;
      outlook = (Math.imul(outlook, 31) + kind + forBound) | 0;
    }
    return outlook;
  }

  /** Nobody is in who could have a slot some time. */
  isOut(now: number): boolean {
    this.#panic.see(this.servers, now);
    return this.servers.every((server) => {
      const reason = this.reasonOf(server, now, true);
      return reason !== null && reason !== 'full' && !this.isLastResort(server, reason);
    });
  }

  /**
   * Whether a new client's exchange finds another server then, as the chooser would.
   *
   * @param now clock's `now()` @param at the same, when it will ask @param mayWait one that is only full is as good
   */
  hasAnother(exchange: Exchange, now: number, at: number, mayWait: boolean): boolean {
    this.#panic.see(this.servers, now);
    let isAnyFull = false;
    let isLastFull = false;
    let isLastFree = false;
    for (let index = 0; index < this.servers.length; index++) {
      const server = this.servers[index]!;
      if (wasTried(exchange, server)) continue;
      const reason = this.reasonOf(server, at, false);
      if (reason === null) return true;
      if (reason === 'full') isAnyFull = true;
      else if (!this.isLastResort(server, reason)) continue;
      else if (isFull(server)) isLastFull = true;
      else isLastFree = true;
    }
    // Who is only full is worth waiting for: nobody is asked as the last resort then.
    if (isAnyFull) return mayWait;
    if (isLastFree) return true;
    return isLastFull ? mayWait : this.mayBeBack(exchange, at) !== null;
  }

  /** Whether a request that has a server already finds a second one: none that it tried, no backup, and none where nobody listened lately. */
  hasFree(exchange: Exchange, now: number): boolean {
    this.#panic.see(this.servers, now);
    return this.servers.some(
      (server) =>
        !server.backup &&
        server.unreachableAt === 0 &&
        !wasTried(exchange, server) &&
        this.reasonOf(server, now, false) === null,
    );
  }

  /** The attempt at the server that failed this very request longest ago and not again since, if that may have come back; null for none. */
  mayBeBack(exchange: Exchange, now: number): AttemptRecord | null {
    const { attempts, attemptCount } = exchange;
    for (let index = 0; index < attemptCount - 1; index++) {
      const attempt = attempts[index]!;
      const { server, startedAt, endedAt } = attempt;
      // The one before a hedge may be under way still.
      if (!server || endedAt < startedAt || now - endedAt < comesBackMs) continue;
      if (wasTriedSince(exchange, server, index + 1) || !this.servers.includes(server)) continue;
      const reason = unavailability(server, now, false);
      const mayGo = reason === 'unhealthy' && this.isLastResort(server, reason) && !isFull(server);
      if (reason === null || mayGo) return attempt;
    }
    return null;
  }
}

/** At its limit at most. */
function isOpen(reason: UnavailableReason | null): reason is null | 'full' {
  return reason === null || reason === 'full';
}

/** What probes say against an unhealthy one is only that nobody listened, or is out of date. */
function isHopeful({ unreachableAt, answersProbes }: Server): boolean {
  return unreachableAt !== 0 || answersProbes;
}

export function wasTried(exchange: Exchange, server: Server): boolean {
  return wasTriedSince(exchange, server, 0);
}

function wasTriedSince(exchange: Exchange, server: Server, from: number): boolean {
  for (let index = from; index < exchange.attemptCount; index++) {
    if (exchange.attempts[index]!.server === server) return true;
  }
  return false;
}
