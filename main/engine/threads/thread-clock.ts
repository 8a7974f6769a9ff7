import { performance } from 'node:perf_hooks';
import { type Clock, systemClock } from '../clock.ts';

const looks = 16;

/** The same in all threads of a process, unlike `performance.now()`, which counts from each thread's start. */
function processMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * How far the process's time is ahead of another. A busy machine stops a thread between any two readings, for milliseconds: of several
 * looks that one counts during which the least time passed.
 */
function ahead(now: () => number, common: () => number): number {
  let leastMs = Number.POSITIVE_INFINITY;
  let found = 0;
  for (let look = 0; look < looks; look++) {
    const before = common();
    const at = now();
    const after = common();
    if (after - before >= leastMs) continue;
    leastMs = after - before;
    found = (before + after) / 2 - at;
  }
  return found;
}

/** What `joinClock` needs in another thread of this process. @param common the process's time; given by tests */
export function clockBase(clock: Clock, common = processMs): number {
  return ahead(() => clock.now(), common);
}

/** A clock whose `now()` is the same in this thread as that of the thread in which `base` was taken. */
export function joinClock(base: number): Clock {
  const shift = ahead(() => performance.now(), processMs) - base;
  return { ...systemClock, now: () => performance.now() + shift };
}
