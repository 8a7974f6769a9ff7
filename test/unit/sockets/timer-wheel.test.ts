import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../main/engine/clock.ts';
import { Timed, TimerWheel } from '../../../main/engine/sockets/timer-wheel.ts';

/** Time that passes when told, and how many timers ran meanwhile. */
function handClock(): Clock & { pass(ms: number): void; timersRun: number } {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  return {
    timersRun: 0,
    now: () => now,
    epoch: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((each) => each !== next);
        now = next.at;
        this.timersRun++;
        next.run();
      }
      now = end;
    },
  };
}

class Thing extends Timed {
  firedAt: number | null = null;
  override onDeadline(now: number): void {
    this.firedAt = now;
  }
}

describe('the timer wheel', () => {
  it('comes to an end where it turns late and the only thing in it is due more than a round later', () => {
    let now = 0;
    let looks = 0;
    let fire = (): void => {};
    const wheel = new TimerWheel({
      now() {
        // Otherwise a failing test would never end.
        if (++looks > 10_000) throw new Error('it turns without end');
        return now;
      },
      epoch: () => now,
      after(_ms, run) {
        fire = run;
        return () => {};
      },
    });
    const thing = new Thing();
    for (const lateMs of [0, 20, 40, 10_000, 20_460, 20_480, 90_000]) {
      looks = 0;
      wheel.remove(thing);
      wheel.set(thing, now + 100);
      wheel.set(thing, now + lateMs + 120_000);
      now += 100 + lateMs;
      fire();
      expect(thing.firedAt).toBeNull();
      expect(wheel.count).toBe(1);
    }
    for (let turns = 0; turns < 20 && thing.firedAt === null; turns++) {
      now += 20_000;
      fire();
    }
    expect(thing.firedAt).not.toBeNull();
  });

  it.each([1, 19, 20, 21, 999, 20_000, 20_481, 75_000, 3_600_000])(
    'fires what is due in %i ms then, and at most 40 ms later',
    (ms) => {
      const clock = handClock();
      const wheel = new TimerWheel(clock);
      clock.pass(7);
      const thing = new Thing();
      wheel.set(thing, clock.now() + ms);
      clock.pass(ms - 1);
      expect(thing.firedAt).toBeNull();
      clock.pass(41);
      expect(thing.firedAt).toBeGreaterThanOrEqual(7 + ms);
    },
  );

  it('moves a deadline away and nearer', () => {
    const clock = handClock();
    const wheel = new TimerWheel(clock);
    const thing = new Thing();
    wheel.set(thing, 100);
    wheel.set(thing, 5_000);
    clock.pass(4_990);
    expect(thing.firedAt).toBeNull();
    wheel.set(thing, 60_000);
    clock.pass(30_000);
    wheel.set(thing, clock.now() + 200);
    clock.pass(250);
    expect(thing.firedAt).toBeGreaterThanOrEqual(34_990 + 200);
  });

  it('forgets what has no deadline any more or is removed', () => {
    const clock = handClock();
    const wheel = new TimerWheel(clock);
    const [a, b] = [new Thing(), new Thing()];
    wheel.set(a, 100);
    wheel.set(b, 100);
    wheel.set(a, Number.POSITIVE_INFINITY);
    wheel.remove(b);
    clock.pass(1_000);
    expect([a.firedAt, b.firedAt]).toEqual([null, null]);
  });

  it('costs no timer per change of a deadline', () => {
    const clock = handClock();
    const wheel = new TimerWheel(clock);
    const things = Array.from({ length: 100 }, () => new Thing());
    for (let round = 0; round < 1_000; round++) {
      clock.pass(1);
      for (const thing of things) wheel.set(thing, clock.now() + (round % 2 ? 75_000 : 30_000));
    }
    expect(clock.timersRun).toBeLessThan(5);
    expect(things.every((thing) => thing.firedAt === null)).toBe(true);
    clock.pass(76_000);
    expect(things.every((thing) => thing.firedAt !== null)).toBe(true);
  });

  it('catches up after the process slept', () => {
    const clock = handClock();
    let slept = 0;
    const wheel = new TimerWheel({ ...clock, now: () => clock.now() + slept, after: clock.after });
    const things = [100, 15_000, 400_000].map((ms) => {
      const thing = new Thing();
      wheel.set(thing, ms);
      return thing;
    });
    slept = 500_000;
    clock.pass(21_000);
    expect(things.every((thing) => thing.firedAt !== null)).toBe(true);
  });
});
