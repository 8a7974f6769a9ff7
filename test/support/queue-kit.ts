import type { Exchange } from '../../main/engine/exchange.ts';
import type { Waiter } from '../../main/engine/pool/request-queue.ts';
import type { Server } from '../../main/engine/pool/server.ts';
import { type poolKit, serversNamed } from './engine-kit.ts';

type Kit = ReturnType<typeof poolKit>;

/** A request that asks for a server and waits where there is none. */
export class Caller implements Waiter {
  isWaiting = false;
  waiterBefore: Waiter | null = null;
  waiterAfter: Waiter | null = null;
  server: Server | null = null;
  outcome: 'served' | 'refused' | null = null;
  readonly exchange: Exchange;
  readonly #kit: Kit;
  readonly #order: Caller[];

  /** @param meanwhile what another thread does after this one was told that it may wait, and before it does */
  constructor(
    kit: Kit,
    order: Caller[] = [],
    from: { client?: string; cookie?: string | null } = {},
    meanwhile: () => void = () => {},
  ) {
    this.#kit = kit;
    this.#order = order;
    this.exchange = kit.request(from);
    const server = kit.pool.choose(this.exchange);
    if (!server) meanwhile();
    if (server) this.served(server);
    else if (!kit.pool.enqueue(this)) this.outcome = 'refused';
  }

  served(server: Server): void {
    this.server = server;
    this.outcome = 'served';
    this.#order.push(this);
  }

  refused(): void {
    this.outcome = 'refused';
  }

  end(): void {
    const attempt = this.exchange.attempts[this.exchange.attemptCount - 1]!;
    attempt.outcome = 'responded';
    attempt.status = 200;
    this.#kit.pool.attemptEnded(this.exchange, attempt);
  }
}

/** Servers with so many requests in flight at most. */
export const limited = (limits: Record<string, number>, weights: Record<string, number> = {}) =>
  serversNamed(Object.fromEntries(Object.keys(limits).map((name) => [name, weights[name] ?? 1]))).map(
    (server) => ({
      ...server,
      maxRequests: limits[server.name!]!,
    }),
  );
/** Whoever was woken has run. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};
