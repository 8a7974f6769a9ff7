import type { AttemptOutcome } from '@shared/contract/request-values.ts';

/** An attempt begun before the one that is explained. */
export interface EarlierAttempt {
  /** Id. */
  readonly server: string;
  /** Milliseconds after the request arrived. */
  readonly startedAfterMs: number;
  readonly durationMs: number;
  readonly outcome: AttemptOutcome;
  readonly status: number;
  readonly detail: string | null;
}

/** The one that ended last, which need not be the one begun last; null of none. */
export function endedLast(attempts: readonly EarlierAttempt[]): EarlierAttempt | null {
  let last: EarlierAttempt | null = null;
  for (const attempt of attempts) if (last === null || endOf(attempt) >= endOf(last)) last = attempt;
  return last;
}

/** It had not ended then. @param atMs milliseconds after the request arrived */
export function wasRunning(attempt: EarlierAttempt, atMs: number): boolean {
  return endOf(attempt) >= atMs;
}

function endOf({ startedAfterMs, durationMs }: EarlierAttempt): number {
  return startedAfterMs + durationMs;
}
