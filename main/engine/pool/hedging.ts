import type { RetryConfig } from '@shared/config/schema.ts';
import type { Exchange } from '../exchange.ts';
import type { TrafficMeter } from '../metrics/traffic-meter.ts';
import { unavailability } from './availability.ts';
import { wasTried } from './candidates.ts';
import type { Server } from './server.ts';

/** Of fewer requests in the window a share says nothing. */
const leastMeasured = 20;
const lookEveryMs = 1_000;

/** After how long the attempts of a pool are hedged, where that follows from the response times it had. */
export class HedgeDelay {
  /** In milliseconds; 0 where none is hedged. */
  afterMs = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  configure({ hedge }: RetryConfig): void {
    this.afterMs = hedge?.afterMs ?? 0;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  /** To be called at least about once a second. @param traffic of the pool */
  tick(now: number, { hedge }: RetryConfig, traffic: TrafficMeter): void {
    if (!hedge || hedge.quantile === 0 || now - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now;
    this.afterMs = traffic.recentRequests < leastMeasured ? 0 : (traffic.quantileMs(hedge.quantile) ?? 0);
  }
}

/**
 * Whether a server that the exchange has not tried takes a new client's request now.
 *
 * @param mayWait one that is only full is as good
 */
export function hasUntried(
  servers: readonly Server[],
  exchange: Exchange,
  now: number,
  mayWait: boolean,
): boolean {
  return servers.some((server) => {
    if (wasTried(exchange, server)) return false;
    const reason = unavailability(server, now, false);
    return reason === null || (reason === 'full' && mayWait);
  });
}

/** The same, for a request that has a server already: it needs no backup, nor one where nobody listened lately. */
export function hasFree(servers: readonly Server[], exchange: Exchange, now: number): boolean {
  return hasUntried(
    servers.filter((server) => !server.backup && server.unreachableAt === 0),
    exchange,
    now,
    false,
  );
}
