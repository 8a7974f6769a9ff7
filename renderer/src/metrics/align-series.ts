import type { Ring } from './ring.ts';

/** Seconds, then one column of values for each series; null where nothing was measured. What a time chart draws. */
export type AlignedSeries = [number[], ...(number | null)[][]];

/** Puts series beside their times in ms: each ring ends with the newest sample, however many it holds. */
export function alignSeries(times: Ring, series: readonly Ring[]): AlignedSeries {
  const length = Math.min(times.length, Math.max(0, ...series.map((ring) => ring.length)));
  const column = (ring: Ring): number[] =>
    Array.from({ length }, (_, index) => ring.at(ring.length - length + index));
  return [
    column(times).map((ms) => ms / 1_000),
    ...series.map((ring) => column(ring).map((value) => (Number.isNaN(value) ? null : value))),
  ];
}
