import { expect, it } from 'vitest';
import { createQuietWatch } from '../../../main/drill/quiet-watch.ts';

function setUp() {
  let now = 0;
  const clock = { now: () => now, epoch: () => now, after: () => () => {} };
  const watch = createQuietWatch({ clock, quietMs: 1_000 });
  return {
    watch,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

it('is quiet while only the generator sends', () => {
  const { watch } = setUp();
  for (let finished = 0; finished < 50; finished++) {
    watch.sent();
    watch.sent();
    watch.observe(finished);
    expect(watch.isQuiet()).toBe(true);
  }
});

it('is not quiet for a while after others sent something', () => {
  const { watch, pass } = setUp();
  watch.sent();
  watch.observe(2);
  expect(watch.isQuiet()).toBe(false);
  pass(999);
  expect(watch.isQuiet()).toBe(false);
  watch.observe(2);
  pass(1);
  expect(watch.isQuiet()).toBe(true);
});

it('does not take requests that never arrived for its own forever', () => {
  const { watch } = setUp();
  watch.sent();
  watch.neverArrived();
  watch.observe(1);
  expect(watch.isQuiet()).toBe(false);
});

it('begins anew when the engine does', () => {
  const { watch } = setUp();
  for (let i = 0; i < 10; i++) watch.sent();
  watch.observe(10);
  watch.observe(0);
  expect(watch.isQuiet()).toBe(true);
  watch.sent();
  watch.observe(1);
  expect(watch.isQuiet()).toBe(true);
  watch.observe(2);
  expect(watch.isQuiet()).toBe(false);
});
