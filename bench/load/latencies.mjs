// What both generators of Node report of latencies, in microseconds as wrk does (report.lua).

/** @param {Float64Array | number[]} sorted milliseconds, the shortest first */
export function latencyFigures(sorted) {
  const at = (/** @type {number} */ share) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 1_000;
  let sum = 0;
  for (const each of sorted) sum += each;
  return {
    meanMicros: (sum / Math.max(1, sorted.length)) * 1_000,
    p50Micros: at(0.5),
    p99Micros: at(0.99),
    maxMicros: at(1),
  };
}
