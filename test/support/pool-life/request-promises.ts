import { idempotentMethods } from '@shared/config/retry-schema.ts';
import type { Clock } from '../../../main/engine/clock.ts';
import type { AttemptRecord, Exchange } from '../../../main/engine/exchange.ts';
import type { ServerPool } from '../../../main/engine/pool/server-pool.ts';
import { longestPauseMs } from './acts.ts';
import { insist } from './insist.ts';

/** How far back the retry budget looks, and as long as one step of it more. */
const budgetMs = 11_000;

/** A request that is not over. */
interface Open {
  /** When it has to be over or answered, clock's `now()`. */
  readonly until: number;
  inFlight: number;
  /** When the last of its attempts ended. */
  idleSince: number;
}

/**
 * What is promised of each request: somebody has it or it waits, none longer than it may; a further attempt is made, and another
 * beside one, only where that is allowed, and each of them is paid for.
 */
export class RequestPromises {
  readonly #pool: ServerPool;
  readonly #clock: Clock;
  readonly #open = new Map<Exchange, Open>();
  /** When each attempt was begun that may have cost some of the retry budget. */
  #further: number[] = [];

  constructor(pool: ServerPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** All that are not over. */
  get open(): Iterable<Exchange> {
    return this.#open.keys();
  }

  /** Attempts under way, at servers that are gone from the pool too. */
  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this.#open.values()) sum += inFlight;
    return sum;
  }

  begins(exchange: Exchange): void {
    const now = this.#clock.now();
    const { requestMs } = this.#pool.config.timeouts;
    const until = requestMs === 0 ? Number.POSITIVE_INFINITY : now + requestMs;
    this.#open.set(exchange, { until, inFlight: 0, idleSince: now });
  }

  picked(exchange: Exchange, { decision, server }: AttemptRecord): void {
    const { config, queue, activeRequests, circuit } = this.#pool;
    const open = this.#open.get(exchange)!;
    const others = open.inFlight;
    open.inFlight += 1;
    const isHedge = decision!.hedge;
    const { id, attemptCount } = exchange;
    const is = (what: string): string => `request ${id} was led to ${server!.name}, ${what}`;
    // The attempt that ends where a status is tried elsewhere is in flight until its successor is chosen.
    const ending = isHedge ? 0 : others;
    insist(
      config.maxRequests === 0 || activeRequests - ending <= config.maxRequests,
      is(`and the pool has ${activeRequests} of ${config.maxRequests}`),
    );
    if (attemptCount > 1) this.#further.push(this.#clock.now());
    if (!isHedge) {
      insist(others <= 1, is(`while ${others} others ran`));
      return;
    }
    const tried = exchange.attempts.slice(0, attemptCount - 1).map((each) => each.server);
    insist(others > 0, is('beside nobody'));
    insist(others <= 3, is(`beside ${others} others`));
    insist(config.retry.attempts > 1, is('beside another, where one attempt is all there is'));
    insist(!tried.includes(server), is('beside another, a second time'));
    insist(!server!.backup, is('a backup, beside another'));
    insist(server!.unreachableAt === 0, is('where nobody listens, beside another'));
    insist(queue.length === 0, is('beside another, while others wait'));
    insist(!circuit.isOpen, is('beside another, while the circuit is open'));
    insist(exchange.session === null, is('beside another, and it has a session'));
    insist((idempotentMethods as readonly string[]).includes(exchange.method), is('beside another'));
  }

  attemptEnded(exchange: Exchange): void {
    const open = this.#open.get(exchange)!;
    open.inFlight -= 1;
    open.idleSince = this.#clock.now();
  }

  ended(exchange: Exchange): void {
    const open = this.#open.get(exchange);
    insist(open !== undefined, `request ${exchange.id} ended twice`);
    insist(open!.inFlight === 0, `request ${exchange.id} ended with ${open!.inFlight} attempts under way`);
    this.#open.delete(exchange);
  }

  /** Between two acts. */
  check(): void {
    const now = this.#clock.now();
    const { queue } = this.#pool;
    let waiting = 0;
    let idle = 0;
    for (const [{ id, queuedAt, attemptCount }, { until, inFlight, idleSince }] of this.#open) {
      insist(now <= until, `request ${id} is ${now - until} ms beyond timeouts.request`);
      if (inFlight > 0) continue;
      idle += 1;
      if (queuedAt !== 0) waiting += 1;
      else {
        const pausedMs = now - idleSince;
        insist(
          attemptCount > 0 && pausedMs <= longestPauseMs,
          `request ${id} is nowhere since ${pausedMs} ms`,
        );
      }
    }
    insist(queue.length === waiting, `the queue counts ${queue.length}, and ${waiting} wait`);
    this.#further = this.#further.filter((at) => now - at <= budgetMs);
    const { used } = this.#pool.retryBudget();
    const most = this.#further.length + idle;
    insist(used <= most, `the retry budget counts ${used}, and there were ${most}`);
  }

  /** Long after the last request. */
  checkEnd(): void {
    insist(this.#open.size === 0, `${this.#open.size} requests never ended`);
  }
}
