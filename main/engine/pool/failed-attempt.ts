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
