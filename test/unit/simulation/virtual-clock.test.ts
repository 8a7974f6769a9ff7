import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import { createVirtualClock } from '../../../main/engine/simulation/virtual-clock.ts';

describe('a virtual clock', () => {
  it('runs timers in the order of their time, and of their setting where that is the same', () => {
    const clock = createVirtualClock({ start: 0 });
    const random = seededRandom(1);
    const due = Array.from({ length: 500 }, () => Math.floor(random() * 50));
    const ran: number[] = [];
    for (const [number, ms] of due.entries()) clock.after(ms, () => ran.push(number));
    while (clock.nextAt !== Number.POSITIVE_INFINITY) {
      const at = clock.nextAt;
      clock.runNext();
      expect(clock.now()).toBe(at);
    }
    const expected = [...due.entries()].sort((one, other) => one[1] - other[1]).map(([number]) => number);
    expect(ran).toEqual(expected);
  });

  it('does not run what was cancelled, and knows of none then', () => {
    const clock = createVirtualClock({ start: 0 });
    const cancels = [3, 1, 2].map((ms) => clock.after(ms, () => expect.unreachable()));
    for (const cancel of cancels) cancel();
    expect(clock.nextAt).toBe(Number.POSITIVE_INFINITY);
    clock.runNext();
    expect(clock.now()).toBe(0);
  });

  it('never goes back, and tells the time of day as far from its start', () => {
    const clock = createVirtualClock({ start: 100, epochStart: 5_000 });
    clock.after(1, () => {});
    clock.moveTo(200);
    clock.runNext();
    clock.moveTo(150);
    expect([clock.now(), clock.epoch()]).toEqual([200, 5_100]);
  });
});
