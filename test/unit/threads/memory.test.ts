import { expect, it } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { Lock } from '../../../main/engine/threads/lock.ts';
import { Memory } from '../../../main/engine/threads/memory.ts';
import { clockBase, joinClock } from '../../../main/engine/threads/thread-clock.ts';

const sent = <T>(view: T): T => view; // a structured clone keeps shared blocks shared

it('gives every thread the same common blocks and each its own', () => {
  const first = new Memory();
  first.common('pool', 8);
  first.own('traffic', 8);
  first.widen(3);
  const second = new Memory(sent(first.viewOf(1)));
  expect(second.thread).toBe(1);
  expect(second.width).toBe(3);
  expect(second.common('pool', 8)).toBe(first.common('pool', 8));
  expect(second.own('traffic', 8).mine).toBe(first.own('traffic', 8).all[1]);
  expect(first.own('traffic', 8).all).toHaveLength(3);
  expect(() => second.common('unheard of', 8)).toThrow(/was not given/);
});

it('begins anew under a name that was given up, and leaves the old block to who uses it', () => {
  const memory = new Memory();
  const before = memory.common('server', 8);
  new Int32Array(before)[0] = 7;
  memory.forget('server');
  const after = memory.common('server', 8);
  expect(new Int32Array(after)[0]).toBe(0);
  expect(new Int32Array(before)[0]).toBe(7);
});

it('gives names the same numbers everywhere, later ones too', () => {
  const first = new Memory();
  const a = first.numberOf('api/a');
  first.widen(2);
  const second = new Memory(first.viewOf(1));
  const b = first.numberOf('api/b');
  expect(() => second.numberOf('api/b')).toThrow(/no number/);
  second.adopt(first.viewOf(1));
  expect([second.numberOf('api/a'), second.numberOf('api/b')]).toEqual([a, b]);
  expect(second.nameOf(b)).toBe('api/b');
});

it('a lock that a crashed thread held is freed, and nobody else’s', () => {
  const first = new Memory();
  first.common('pool', 8);
  first.widen(3);
  const words = new Int32Array(first.common('pool', 8));
  const [own, second, third] = [0, 1, 2].map((thread) => {
    const memory = thread === 0 ? first : new Memory(first.viewOf(thread));
    return new Lock(memory, words, 0);
  }) as [Lock, Lock, Lock];
  second.acquire();
  expect(own.freeFrom(2)).toBe(false);
  expect(own.freeFrom(1)).toBe(true);
  third.acquire();
  third.acquire(); // who holds it may take it again
  third.release();
  expect(words[0]).not.toBe(0);
  third.release();
  expect(words[0]).toBe(0);
});

it('a clock is taken over as it is although the thread is stopped between two readings', () => {
  let ms = 0;
  let reading = 0;
  // Each reading of either takes time, and every other one far more.
  const read = (shift: number) => () => {
    reading += 1;
    ms += reading % 2 === 0 || reading > 40 ? 0.001 : 7 + (reading % 5);
    return ms + shift;
  };
  const base = clockBase({ ...systemClock, now: read(-1_000) }, read(0));
  expect(base).toBeGreaterThan(999.99);
  expect(base).toBeLessThan(1_000.01);
});

it('a thread reads the clock of the one that started it', () => {
  const joined = joinClock(clockBase(systemClock));
  const before = systemClock.now();
  const now = joined.now();
  const after = systemClock.now();
  expect(now).toBeGreaterThan(before - 1);
  expect(now).toBeLessThan(after + 1);
});
