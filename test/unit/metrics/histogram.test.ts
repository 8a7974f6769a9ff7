import {
  createHistogram,
  histogramBucket,
  histogramBuckets,
  histogramError,
  histogramValue,
  quantiles,
  recordValue,
} from '@shared/lib/histogram.ts';
import { describe, expect, it } from 'vitest';
import { RollingHistogram } from '../../../main/engine/metrics/rolling-histogram.ts';

describe('histogram', () => {
  it('is off by no more than its stated error over its whole range', () => {
    let value = 1;
    let last = -1;
    while (value < 2 ** 32) {
      const bucket = histogramBucket(value);
      expect(bucket).toBeGreaterThanOrEqual(last);
      expect(bucket).toBeLessThan(histogramBuckets);
      expect(Math.abs(histogramValue(bucket) - value) / value).toBeLessThanOrEqual(histogramError);
      last = bucket;
      value = Math.max(value + 1, Math.floor(value * 1.0037));
    }
  });

  it('keeps whole values up to 64 exactly, and takes anything for some value', () => {
    for (let value = 0; value < 64; value++) expect(histogramValue(histogramBucket(value))).toBe(value);
    expect(histogramBucket(-5)).toBe(0);
    expect(histogramBucket(Number.NaN)).toBe(0);
    expect(histogramBucket(2 ** 40)).toBe(histogramBuckets - 1);
    expect(histogramBucket(Number.POSITIVE_INFINITY)).toBe(histogramBuckets - 1);
  });

  it('finds the quantiles that sorting finds, within the error', () => {
    const histogram = createHistogram();
    const values: number[] = [];
    let seed = 42;
    for (let index = 0; index < 10_000; index++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      const value = Math.floor(Math.exp((seed / 2 ** 32) * 15));
      values.push(value);
      recordValue(histogram, value);
    }
    values.sort((a, b) => a - b);
    const wanted = [0, 0.5, 0.95, 0.99, 1];
    for (const [index, found] of quantiles(histogram, wanted).entries()) {
      const exact = values[Math.max(0, Math.ceil(wanted[index]! * values.length) - 1)]!;
      expect(Math.abs(found! - exact)).toBeLessThanOrEqual(exact * histogramError);
    }
    expect(quantiles(createHistogram(), wanted)).toEqual([null, null, null, null, null]);
  });
});

describe('rolling histogram', () => {
  it('forgets a slice when the window has passed it, and only that', () => {
    const rolling = new RollingHistogram(3);
    rolling.record(10);
    rolling.roll();
    rolling.record(20);
    rolling.roll();
    rolling.record(30);
    expect(rolling.total).toBe(3);
    expect(rolling.quantiles([0, 1])).toEqual([10, 30]);
    rolling.roll();
    expect(rolling.quantiles([0, 1])).toEqual([20, 30]);
    rolling.roll();
    rolling.roll();
    expect(rolling.total).toBe(0);
    rolling.record(7);
    expect(rolling.quantiles([0.5])).toEqual([7]);
  });
});
