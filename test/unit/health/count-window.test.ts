import { describe, expect, it } from 'vitest';
import { CountWindow, countWindowBytes } from '../../../main/engine/health/count-window.ts';
import { Memory } from '../../../main/engine/threads/memory.ts';

const windowMs = 10_000;

/** A window in every one of so many threads, all on one block. */
function windows(threads = 1): CountWindow[] {
  const memory = new Memory();
  const block = memory.common('window', countWindowBytes);
  memory.widen(threads);
  return Array.from({ length: threads }, (_, thread) => {
    const own = thread === 0 ? memory : new Memory(memory.viewOf(thread));
    return new CountWindow(own, block, 0);
  });
}

function counts(window: CountWindow, now: number, of = windowMs): [ended: number, failed: number] {
  window.read(now, of);
  return [window.ended, window.failed];
}

describe('a window of counts', () => {
  it('counts what ended and what of it failed', () => {
    const [window] = windows();
    window!.add(5_000, windowMs, false);
    window!.add(5_100, windowMs, true);
    window!.add(9_000, windowMs, true);
    expect(counts(window!, 9_000)).toEqual([3, 2]);
  });

  it('forgets in tenths what is older than it', () => {
    const [window] = windows();
    for (let second = 0; second < 10; second++) window!.add(second * 1_000 + 500, windowMs, second === 0);
    expect(counts(window!, 9_999)).toEqual([10, 1]);
    expect(counts(window!, 10_000)).toEqual([9, 0]);
    expect(counts(window!, 15_500)).toEqual([4, 0]);
    expect(counts(window!, 60_000)).toEqual([0, 0]);
  });

  it('uses a slot again for a later time without what stood there', () => {
    const [window] = windows();
    window!.add(500, windowMs, true);
    window!.add(10_500, windowMs, false);
    expect(counts(window!, 10_500)).toEqual([1, 0]);
  });

  it('adds up what every thread counted, as all of them see it', () => {
    const all = windows(3);
    for (const [thread, window] of all.entries()) window.add(1_000, windowMs, thread === 1);
    for (const window of all) expect(counts(window, 1_000)).toEqual([3, 1]);
  });

  it('forgets everything of all threads at once', () => {
    const [first, second] = windows(2);
    first!.add(1_000, windowMs, true);
    second!.add(1_000, windowMs, true);
    first!.clear();
    expect(counts(second!, 1_000)).toEqual([0, 0]);
    second!.add(1_000, windowMs, true);
    expect(counts(first!, 1_000)).toEqual([1, 1]);
  });

  it('begins anew when its length is changed', () => {
    const [window] = windows();
    window!.add(1_000, windowMs, true);
    expect(counts(window!, 1_000, 2_000)).toEqual([0, 0]);
    window!.add(1_000, 2_000, false);
    expect(counts(window!, 1_000, 2_000)).toEqual([1, 0]);
    expect(counts(window!, 1_000)).toEqual([0, 0]);
  });
});
