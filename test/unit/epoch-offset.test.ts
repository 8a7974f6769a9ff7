import { expect, it } from 'vitest';
import { EpochOffset } from '../../main/engine/epoch-offset.ts';

it('gives the same time for the same moment whenever it is asked, until the system clock is set', () => {
  let now = 1_000.25;
  let setBy = 0;
  const epoch = () => Math.floor(5_000_000.5 + now) + setBy;
  const offset = new EpochOffset({ now: () => now, epoch, after: () => () => {} });
  const told = new Set<number>();
  for (let look = 0; look < 50; look++) {
    now += 3.17;
    told.add(Math.round(1_000.25 + offset.ms));
  }
  expect([...told]).toEqual([5_001_000]);
  setBy = 60_000;
  expect(Math.round(1_000.25 + offset.ms)).toBeGreaterThan(5_060_000);
});
