/** Widths of the ruler to choose from, in milliseconds. */
export const spansMs = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000] as const;
export type SpanMs = (typeof spansMs)[number];
export const defaultSpanMs: SpanMs = 60_000;

/** The next narrower (`in`) or wider (`out`) ruler; the same at either end. */
export function zoom(spanMs: SpanMs, direction: 'in' | 'out'): SpanMs {
  const at = spansMs.indexOf(spanMs) + (direction === 'in' ? -1 : 1);
  return spansMs[Math.min(spansMs.length - 1, Math.max(0, at))]!;
}

/** `last 60 s`, `last 5 min`. */
export function spanText(spanMs: number): string {
  return spanMs < 120_000 ? `${spanMs / 1_000} s` : `${spanMs / 60_000} min`;
}

const stepsMs = [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000];

/** Moments to write on the ruler: at round times of the day, as close as the width allows. */
export function ticks(fromMs: number, toMs: number, widthPx: number, leastPx = 110): number[] {
  const perPx = (toMs - fromMs) / Math.max(1, widthPx);
  const step = stepsMs.find((each) => each / perPx >= leastPx) ?? stepsMs.at(-1)!;
  const found: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) found.push(at);
  return found;
}
