import type { AttemptOutcome } from '@shared/contract/request-values.ts';

/** What comes of an attempt in the model. */
export interface ModelledAttempt {
  readonly outcome: Exclude<AttemptOutcome, 'client-aborted' | 'cancelled'>;
  /** 0 where no response comes. */
  readonly status: number;
  /** Infinity where nothing ever comes: the pool's timeout ends it. */
  readonly durationMs: number;
  /** When the head of its response had come at the latest, where that is known and was before the end. */
  readonly headMs?: number;
  /** Of one without a connection: nobody said no, it was waited for in vain. */
  readonly isDeaf?: true;
}

/** Nobody listens there. */
export const refused: ModelledAttempt = { outcome: 'connect-failed', status: 0, durationMs: 1 };

/** Nothing ever comes. */
export const silent: ModelledAttempt = {
  outcome: 'timed-out',
  status: 0,
  durationMs: Number.POSITIVE_INFINITY,
};

/** From its beginning to the head of its response, or to its end where nothing is known of that. */
export function headOf({ headMs, durationMs }: ModelledAttempt): number {
  return headMs ?? durationMs;
}
