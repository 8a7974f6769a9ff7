import type { SavedSession } from '@shared/contract/saved-sessions.ts';
import { describe, expect, it } from 'vitest';
import { countOn, handleOf, SessionNumbers } from '../../../main/engine/affinity/session-numbers.ts';
import { Memory } from '../../../main/engine/threads/memory.ts';

const largest = 2 ** 31 - 1;

function counting(after = 0): { numbers: SessionNumbers; memory: Memory; given: SharedArrayBuffer } {
  const given = new SharedArrayBuffer(4);
  new Int32Array(given)[0] = after;
  const memory = new Memory();
  countOn(memory, given);
  return { numbers: new SessionNumbers(memory), memory, given };
}

const saved = (...numbers: number[]) => ({
  pools: numbers.map((number) => ({
    pool: 'api',
    source: 'cookie x',
    sessions: [{ handle: handleOf(number) } as SavedSession],
  })),
});

describe('the numbers of sessions', () => {
  it('are counted by all threads together, and go on in the next engine', () => {
    const { numbers, memory, given } = counting();
    const other = new SessionNumbers(new Memory(memory.viewOf(1)));
    expect([numbers.next(), other.next(), numbers.next()]).toEqual([1, 2, 3]);
    const next = new Memory();
    countOn(next, given);
    expect(new SessionNumbers(next).next()).toBe(4);
  });

  it('leave out those of an earlier run, and never fall back behind those that were given', () => {
    const { numbers } = counting(5);
    numbers.leaveOut(saved(7, 3));
    expect(numbers.next()).toBe(8);
    numbers.leaveOut(saved(2, 9_999_999_999));
    expect(numbers.next()).toBe(9);
  });

  it('begin anew behind the largest that a slot can hold, and are never 0, which is no session', () => {
    const { numbers } = counting(largest - 1);
    expect([numbers.next(), numbers.next(), numbers.next()]).toEqual([largest, 1, 2]);
    const around = counting(-2).numbers;
    expect([around.next(), around.next(), around.next()]).toEqual([largest, 1, 2]);
  });
});
