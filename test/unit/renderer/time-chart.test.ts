import { describe, expect, it } from 'vitest';
import { alignSeries } from '../../../renderer/src/metrics/align-series.ts';
import { createRing } from '../../../renderer/src/metrics/ring.ts';

function ringOf(capacity: number, ...values: number[]) {
  const ring = createRing(capacity);
  for (const value of values) ring.push(value);
  return ring;
}

describe('series beside their times', () => {
  it('ends every series with the newest time, however long the times are', () => {
    const times = ringOf(8, 1_000, 2_000, 3_000, 4_000);
    expect(alignSeries(times, [ringOf(4, 10, 20)])).toEqual([
      [3, 4],
      [10, 20],
    ]);
  });

  it('leaves a gap where nothing was measured, and before a shorter series begins', () => {
    const times = ringOf(8, 1_000, 2_000, 3_000);
    expect(alignSeries(times, [ringOf(4, 1, Number.NaN, 3), ringOf(4, 7)])).toEqual([
      [1, 2, 3],
      [1, null, 3],
      [null, null, 7],
    ]);
  });

  it('is empty before the first sample', () => {
    expect(alignSeries(createRing(4), [createRing(4)])).toEqual([[], []]);
  });
});
