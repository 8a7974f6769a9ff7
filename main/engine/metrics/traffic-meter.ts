import type { Traffic } from '@shared/contract/values.ts';
import { RollingHistogram } from './rolling-histogram.ts';

export const windowMs = 10_000;
/** The slice in progress and those of the window. */
const slices = windowMs / 1_000 + 1;
/** Response times are kept in microseconds. */
const perMs = 1_000;

/** Counts and response times of one listener, pool or server, or of everything. */
export class TrafficMeter {
  activeRequests = 0;
  requests = 0;
  readonly statusClasses: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  ratePerSecond = 0;
  readonly #times = new RollingHistogram(slices);
  /** Finished requests and the time at the last ticks: the rate is the growth over the last second of them. */
  readonly #ticks: { atMs: number; requests: number }[] = [];
  /** Finished requests by slice, as the histogram's, for those that have no response time as well. */
  readonly #finished: number[] = [0];

  /** @param status 0 where there was no response; then no response time is recorded. */
  finish(status: number, durationMs: number): void {
    this.requests += 1;
    this.#finished[0] = this.#finished[0]! + 1;
    if (status < 100 || status > 599) return;
    const index = (Math.floor(status / 100) - 1) as 0 | 1 | 2 | 3 | 4;
    this.statusClasses[index] += 1;
    // A switched protocol lasts as long as people like; its duration is no response time.
    if (index !== 0) this.#times.record(durationMs * perMs);
  }

  /** Finished in the window. */
  get recentRequests(): number {
    return this.#finished.reduce((sum, count) => sum + count, 0);
  }

  /** Called at the sampler's pace with the clock's `now()`. */
  tick(now: number): void {
    this.#ticks.push({ atMs: now, requests: this.requests });
    while (this.#ticks.length > 2 && now - this.#ticks[1]!.atMs >= 1_000) this.#ticks.shift();
    const { atMs, requests } = this.#ticks[0]!;
    // Over what was really measured: a late tick does not inflate the rate, and the first second is not guessed.
    this.ratePerSecond = now > atMs ? ((this.requests - requests) * 1_000) / Math.max(now - atMs, 1_000) : 0;
  }

  /** Begins a new slice of the window. */
  roll(): void {
    this.#times.roll();
    this.#finished.unshift(0);
    if (this.#finished.length > slices) this.#finished.pop();
  }

  /** Continues the counts of a predecessor; its window stays behind. */
  inherit(from: TrafficMeter): void {
    this.requests = from.requests;
    for (const [index, count] of from.statusClasses.entries()) {
      this.statusClasses[index as 0 | 1 | 2 | 3 | 4] = count;
    }
  }

  read(): Traffic {
    const [p50, p95, p99] = this.#times.quantiles([0.5, 0.95, 0.99]);
    return {
      ratePerSecond: round(this.ratePerSecond, 10),
      activeRequests: this.activeRequests,
      requests: this.requests,
      statusClasses: [...this.statusClasses],
      p50Ms: toMs(p50),
      p95Ms: toMs(p95),
      p99Ms: toMs(p99),
    };
  }
}

function toMs(micros: number | null | undefined): number | null {
  return micros === null || micros === undefined ? null : round(micros / perMs, 1_000);
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
