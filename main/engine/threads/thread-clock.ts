import { performance } from 'node:perf_hooks';
import { type Clock, systemClock } from '../clock.ts';

/** What has to be added to another thread's `performance.now()`, which counts from that thread's start, cancels out in this. */
function processMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What `joinClock` needs in another thread of this process. */
export function clockBase(clock: Clock): number {
  return processMs() - clock.now();
}

/** A clock whose `now()` is the same in this thread as that of the thread in which `base` was taken. */
export function joinClock(base: number): Clock {
  const shift = processMs() - performance.now() - base;
  return { ...systemClock, now: () => performance.now() + shift };
}
