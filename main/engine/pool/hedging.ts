import type { RetryConfig } from '@shared/config/schema.ts';
import type { TrafficMeter } from '../metrics/traffic-meter.ts';

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
