import type { PoolConfig } from '@shared/config/schema.ts';
import type { AttemptRecord } from '../exchange.ts';
import { statusesOf } from '../proxy/retry-rules.ts';

const first = 400;
const end = 600;

/** Whether what came of an attempt says anything about its server. Neither a client that went away does, nor our own want of sockets or of patience. */
export function tellsOfServer({ outcome, spared }: AttemptRecord): boolean {
  return outcome !== 'client-aborted' && outcome !== 'cancelled' && !spared;
}

/**
 * What counts as a request of a server, and which of them as failed: for ejections and the circuit breaker, for FAILED beside REQUESTS in
 * `ballast status`, for the interface, and for the share it had.
 *
 * - A request of the server's is an attempt that was answered, whatever the status, and one that failed.
 * - A failed one is counted in both. Neither in the one nor in the other are attempts that say nothing of the server (`tellsOfServer`):
 *   its client went away, another attempt beside it was answered first (the loser of a hedge), this machine had no socket for it, or
 *   it had next to no time left.
 *
 * Whether a request failed for its client is another question (`hasFailed`): there every 5xx counts, and what a retry saved does not.
 *
 * Which attempts count against their server: those that broke, and those answered with a status that the pool calls a failure
 * (`outlierDetection.statuses`, where that is left out those it tries again elsewhere, `retry.on`). A client that went away never counts;
 * nor does any other status, which may be what the service means: of the proxies, nginx is as careful, while Envoy counts every 5xx.
 */
export class FailureRule {
  #counts: Uint8Array = new Uint8Array(end - first);
  #of: PoolConfig | null = null;

  isFailed(attempt: AttemptRecord, config: PoolConfig): boolean {
    if (!tellsOfServer(attempt)) return false;
    if (attempt.outcome !== 'responded') return true;
    const { status } = attempt;
    if (status < first || status >= end) return false;
    if (this.#of !== config) this.#configure(config);
    return this.#counts[status - first] === 1;
  }

  #configure(config: PoolConfig): void {
    this.#of = config;
    this.#counts = statusesOf(config.outlierDetection.statuses ?? config.retry.on);
  }
}
