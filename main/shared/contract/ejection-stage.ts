import type { ServerStatus } from './server-values.ts';

/**
 * How far an ejection has come. `ejected`: no requests until its time is over (in panic some all the same). `awaiting-trial`: the
 * time is over, and the next request is a trial. `on-trial`: that request is under way, and others wait for how it ends.
 */
export type EjectionStage = 'none' | 'ejected' | 'awaiting-trial' | 'on-trial';

/** @param nowMs since the epoch */
export function ejectionStage(
  {
    ejectedUntilMs,
    available,
    inPanic,
    reason,
  }: Pick<ServerStatus, 'ejectedUntilMs' | 'available' | 'inPanic' | 'reason'>,
  nowMs: number,
): EjectionStage {
  if (ejectedUntilMs === null) return 'none';
  // What the engine said first: it knew the moment, whoever reads it may read it late.
  const isOver = (available && !inPanic) || nowMs >= ejectedUntilMs;
  if (!isOver) return 'ejected';
  return reason === 'ejected' ? 'on-trial' : 'awaiting-trial';
}

/**
 * Whether new clients are really served by it: not one that is only asked because nothing better is left (panic), nor one that has
 * failed and gets a single request to show that it is back.
 */
export function isInService(status: ServerStatus, nowMs: number): boolean {
  return status.available && !status.inPanic && ejectionStage(status, nowMs) === 'none';
}
