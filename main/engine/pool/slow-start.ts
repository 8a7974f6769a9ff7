import type { Server } from './server.ts';

/** A server that comes back has this share of its weight at least. */
const leastShare = 0.1;

/**
 * Slow start: a server that takes requests again after a time without, cold as it may be, gets its share by and by. Its effective weight
 * is its weight times the part of the window that has passed, but never less than 10 % of it, which is Envoy's formula with its
 * defaults (`slow_start_config`, aggression 1, `min_weight_percent` 10). HAProxy's `slowstart` and nginx's `slow_start` rise in the
 * same straight line.
 */
export class SlowStart {
  /** How long a weight rises; 0 where it does not. */
  windowMs = 0;
  readonly #latest: Float64Array;
  /** Some weight is not the configured one. */
  #hasRisen = false;

  /** @param latest when any server's slow start last began, shared by all threads */
  constructor(latest: Float64Array) {
    this.#latest = latest;
  }

  /** Sets every server's effective weight, and tells whether any may be rising. While none rises, that is to look at one number. */
  weigh(servers: readonly Server[], now: number): boolean {
    const isRising = this.windowMs !== 0 && this.#isWithin(this.#latest[0]!, now);
    if (!isRising && !this.#hasRisen) return false;
    this.#hasRisen = isRising;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[index]!;
      server.weight = isRising ? this.effectiveWeight(server, now) : server.configuredWeight;
    }
    return isRising;
  }

  effectiveWeight({ configuredWeight, slowStartedAt }: Server, now: number): number {
    if (!this.#isWithin(slowStartedAt, now)) return configuredWeight;
    const weight = configuredWeight * Math.max(leastShare, (now - slowStartedAt) / this.windowMs);
    // So that people can read it.
    return Math.round(weight * 1_000) / 1_000;
  }

  #isWithin(since: number, now: number): boolean {
    return since !== 0 && now - since < this.windowMs;
  }
}
