import { useEffect, useState } from 'react';

/**
 * The time, anew every second while `untilMs` lies ahead: for what says how long something still takes. Nothing ticks where nothing is
 * waited for.
 *
 * @param untilMs since the epoch; null where nothing ends
 * @returns milliseconds since the epoch
 */
export function useNow(untilMs: number | null): number {
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    if (untilMs === null) return;
    const tick = (): void => {
      setNow(Date.now());
      if (Date.now() >= untilMs) clearInterval(timer);
    };
    const timer = setInterval(tick, 1_000);
    tick();
    return () => clearInterval(timer);
  }, [untilMs]);
  // Something else may have asked in between.
  return Math.max(nowMs, Date.now());
}
