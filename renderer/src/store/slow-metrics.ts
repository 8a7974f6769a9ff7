import type { Metrics } from '@shared/contract/metrics-values.ts';
import { create } from 'zustand';

const everyMs = 1_000;

/** Metrics about once a second, for what React decides by them (is there traffic at all?). Numbers on screen use `LiveText`. */
export const useSlowMetrics = create<{ metrics: Metrics | undefined }>(() => ({ metrics: undefined }));

export function takeSlowMetrics(metrics: Metrics): void {
  const before = useSlowMetrics.getState().metrics;
  if (before && metrics.atMs >= before.atMs && metrics.atMs - before.atMs < everyMs) return;
  useSlowMetrics.setState({ metrics });
}
