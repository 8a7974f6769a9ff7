import type { Clock } from '../../../main/engine/clock.ts';
import type { AttemptRecord, Exchange } from '../../../main/engine/exchange.ts';
import type { Server } from '../../../main/engine/pool/server.ts';
import type { ServerPool } from '../../../main/engine/pool/server-pool.ts';
import { insist } from './insist.ts';

/** The queue looks for what changed by the passing of time within 40 ms; the rest is the coarseness of the wheel. */
const settledMs = 60;

/**
 * What is promised to those that wait: nobody waits while a server is free that takes its like, be it in panic. Reckoned here from the
 * facts of the servers, without the code that decides.
 */
export class QueuePromises {
  readonly #pool: ServerPool;
  readonly #clock: Clock;
  #changedAt = 0;

  constructor(pool: ServerPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Something was told or done that may open or close a server. */
  changed(): void {
    this.#changedAt = this.#clock.now();
  }

  /** Who comes later does not go before who waits and could go there as well. @param requests all that are not over */
  picked(exchange: Exchange, { decision, server }: AttemptRecord, requests: Iterable<Exchange>): void {
    if (exchange.attemptCount > 1 || decision!.affinity === 'kept') return;
    for (const { id, queuedAt, attemptCount, session } of requests)
      insist(
        queuedAt === 0 || queuedAt >= exchange.startedAt || attemptCount > 0 || session !== null,
        `request ${exchange.id} was led to ${server!.name}, and overtook request ${id}, which waits`,
      );
  }

  /** Between two acts. @param requests all that are not over @param inFlight at servers that are gone from the pool, too */
  check(requests: Iterable<Exchange>, inFlight: number): void {
    const pool = this.#pool;
    const now = this.#clock.now();
    if (now - this.#changedAt < settledMs || pool.circuit.isOpen) return;
    const { maxRequests } = pool.config;
    if (maxRequests !== 0 && inFlight >= maxRequests) return;
    // An ejection's end, and a drain's, is told by the clock alone.
    if (pool.servers.some(({ ejectedUntil }) => isJustOver(ejectedUntil, now))) return;
    const panicLevel = this.#panicLevel(now);
    const open = pool.servers.filter((server) => takesNew(server, now, server.level === panicLevel));
    if (open.length === 0) return;
    for (const exchange of requests) {
      // Whoever may not leave its server waits for that one.
      if (exchange.queuedAt === 0 || now - exchange.queuedAt < settledMs || exchange.session !== null)
        continue;
      const tried = exchange.attempts.slice(0, exchange.attemptCount).map(({ server }) => server);
      const free = open.filter((server) => !tried.includes(server)).map(({ name }) => name);
      insist(free.length === 0, `request ${exchange.id} waits, and ${free.join(', ')} could take it`);
    }
  }

  /** The level whose servers are asked whatever their health; -1 where the pool is not in panic. */
  #panicLevel(now: number): number {
    const { servers, config } = this.#pool;
    const isIn = servers.filter(
      ({ adminState, configuredWeight }) => adminState === 'ready' && configuredWeight > 0,
    );
    const well = isIn.filter((server) => !isOut(server, now));
    const levels = (well.length > 0 ? well : isIn).map(({ level }) => level);
    const level = Math.min(...levels);
    const ready = isIn.filter((server) => server.level === level).length;
    const available = well.filter((server) => server.level === level).length;
    return ready > 0 && available * 100 < config.panicThreshold * ready ? level : -1;
  }
}

function isJustOver(at: number, now: number): boolean {
  return at !== 0 && at <= now && now - at < settledMs;
}

function isOut({ verdict, ejectedUntil, isOnTrial }: Server, now: number): boolean {
  return verdict === 'unhealthy' || (ejectedUntil !== 0 && (now < ejectedUntil || isOnTrial));
}

function takesNew(server: Server, now: number, inPanic: boolean): boolean {
  const { adminState, configuredWeight, maxRequests, activeRequests } = server;
  const isFull = maxRequests !== 0 && activeRequests >= maxRequests;
  return adminState === 'ready' && configuredWeight > 0 && !isFull && (inPanic || !isOut(server, now));
}
