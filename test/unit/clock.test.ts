import { afterEach, expect, it } from 'vitest';
import { holdTime, releaseTime, systemClock } from '../../main/engine/clock.ts';

afterEach(releaseTime);

function wait(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

it('stands still while it is held, at the time when it was first asked for, and goes on afterwards', () => {
  holdTime();
  wait(3);
  const asked = performance.now();
  const now = systemClock.now();
  const epoch = systemClock.epoch();
  expect(now).toBeGreaterThanOrEqual(asked);
  wait(3);
  expect(systemClock.now()).toBe(now);
  expect(systemClock.epoch()).toBe(epoch);
  releaseTime();
  expect(systemClock.now()).toBeGreaterThanOrEqual(now + 3);
  expect(systemClock.epoch()).toBeGreaterThan(epoch);
});

it('does not remember the time of an earlier hold', () => {
  holdTime();
  const first = systemClock.now();
  releaseTime();
  wait(2);
  holdTime();
  expect(systemClock.now()).toBeGreaterThan(first);
});
