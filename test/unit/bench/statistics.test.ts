import { describe, expect, it } from 'vitest';
import {
  median,
  pairedRatios,
  quantile,
  seededRandom,
  shuffled,
  spread,
} from '../../../bench/lib/statistics.mjs';

describe('the statistics of a benchmark', () => {
  it('takes the middle, between two neighbours when there are two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9, 100])).toBe(10);
    expect(median([])).toBeNaN();
    expect(quantile([0, 10], 0.25)).toBe(2.5);
  });

  it('pairs only rounds that both took part in', () => {
    const own = [
      { round: 0, cost: 10 },
      { round: 1, cost: 40 },
      { round: 2, cost: 30 },
    ];
    const other = [
      { round: 2, cost: 10 },
      { round: 0, cost: 5 },
    ];
    expect(pairedRatios(own, other, ({ cost }) => cost)).toEqual([2, 3]);
  });

  it('drops a ratio to nothing instead of calling it infinite', () => {
    expect(pairedRatios([{ round: 0 }], [{ round: 0 }], () => 0)).toEqual([]);
  });

  it('puts the median inside its interval, and the interval inside the data', () => {
    const numbers = [1, 1.1, 0.9, 1.05, 0.95, 3];
    const found = spread(numbers, seededRandom(1));
    expect(found.median).toBeCloseTo(1.025);
    expect(found.low).toBeLessThanOrEqual(found.median);
    expect(found.high).toBeGreaterThanOrEqual(found.median);
    expect(found.low).toBeGreaterThanOrEqual(0.9);
    expect(found.high).toBeLessThanOrEqual(3);
    expect(found.q1).toBeLessThan(found.q3);
    expect(found.pairs).toBe(6);
  });

  it('repeats an order for the same seed, and keeps every item', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const once = shuffled(items, seededRandom(7));
    expect(shuffled(items, seededRandom(7))).toEqual(once);
    expect(shuffled(items, seededRandom(8))).not.toEqual(once);
    expect(once.toSorted()).toEqual(items);
  });

  it('puts every item into every place about equally often', () => {
    const random = seededRandom(3);
    const places = [0, 0, 0];
    for (let draw = 0; draw < 3_000; draw++) places[shuffled(['a', 'b', 'c'], random).indexOf('a')]!++;
    for (const count of places) expect(count).toBeGreaterThan(900);
  });
});
