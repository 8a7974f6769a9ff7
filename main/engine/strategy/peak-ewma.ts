/** Less than any response takes, more than nothing: what was measured is never 0, which means that nothing was. */
export const leastMs = 0.001;
/** The same of what has faded: `e^-x` is 0 from x = 745 on, and this times a weight or divided by one is not. */
const leastFadedMs = 1e-300;

/**
 * The peak EWMA after another measurement: a slower one counts at once and in full, a faster one only gradually, the sooner
 * the longer nothing was measured (Finagle's and Linkerd's PeakEwma: weight of the past e^(-elapsed / decay)).
 *
 * @param beforeMs the value so far; 0 where nothing was measured
 * @param beforeAt clock's `now()` of the last measurement
 * @param ms what was measured at `now`
 * @param decayMs after which the past has 1/e of its weight
 */
export function peakEwma(
  beforeMs: number,
  beforeAt: number,
  ms: number,
  now: number,
  decayMs: number,
): number {
  if (beforeMs === 0 || ms >= beforeMs) return Math.max(ms, leastMs);
  const past = Math.exp(-Math.max(0, now - beforeAt) / decayMs);
  return Math.max(beforeMs * past + ms * (1 - past), leastMs);
}

/**
 * What the value has come down to by `now`, nothing having been measured since: towards 0, so that a server that was slow
 * once is asked again (Finagle's observe(0) before every reading), and never 0: it still is not one that was never measured.
 */
export function decayedEwma(ms: number, at: number, now: number, decayMs: number): number {
  return Math.max(leastFadedMs, ms * Math.exp(-Math.max(0, now - at) / decayMs));
}

/** What a failed attempt counts as, at least and at most. */
const failureMs = 1_000;
const mostFailureMs = 60_000;

/**
 * What a failed attempt counts as: a second, or twice what was measured last, so that one that goes on failing is asked ever less, up to a minute. Failures are
 * quick, and measured as they are they would draw the traffic: Finagle does that and leaves it to its failure accrual to take such a
 * server out, while Linkerd's proxy can add a penalty that fades (`penalize-failures`), which this follows. With the default decay of 10 s
 * a second has faded to 20 ms after about 40 s.
 *
 * @param ms how long the attempt took
 * @param beforeMs the server's measurement, as it stood at the last one
 */
export function failureLatency(ms: number, beforeMs: number): number {
  return Math.min(mostFailureMs, Math.max(failureMs, ms, 2 * beforeMs));
}
