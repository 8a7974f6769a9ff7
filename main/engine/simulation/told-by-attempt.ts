import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';
import { decisiveOf } from './figures.ts';
import { type ModelledAttempt, silent } from './modelled-attempt.ts';
import { slackMs } from './outages.ts';

/** What the recorded run allowed, of the pool's `timeouts`; 0 or left out for no limit. */
export interface RecordedTimeouts {
  readonly connectMs?: number;
  readonly responseMs: number;
  readonly attemptMs?: number;
  readonly requestMs?: number;
}

/** What a recorded attempt tells of its server: that it failed, that it answered, or only how long nothing had come. */
export class ToldByAttempt {
  readonly #recorded: RecordedTimeouts;

  constructor(recorded: RecordedTimeouts) {
    this.#recorded = recorded;
  }

  /** How it failed; null where it did not. A status is a failure from 500 on, and where another server was asked because of it. */
  failure(request: RecordedRequest, attempt: RecordedAttempt): ModelledAttempt | null {
    const { outcome, status, durationMs } = attempt;
    switch (outcome) {
      case 'responded':
        if (status < 500 && !isGivenUp(request, attempt)) return null;
        return this.withHead(attempt, { outcome, status, durationMs });
      case 'failed-mid-response':
        return this.withHead(attempt, { outcome, status, durationMs });
      case 'timed-out':
        return this.#isCutShort(attempt) ? null : silent;
      case 'connect-failed':
        return this.#isCutShort(attempt) ? null : this.#withoutConnection(attempt);
      case 'client-aborted':
      case 'cancelled':
        return null;
      default:
        return { outcome, status, durationMs };
    }
  }

  /** It was answered, and not in vain. */
  isAnswer(request: RecordedRequest, attempt: RecordedAttempt): boolean {
    return attempt.outcome === 'responded' && this.failure(request, attempt) === null;
  }

  /** It was ended before anything had come of it: it would have taken longer. */
  isOpen(attempt: RecordedAttempt): boolean {
    const { outcome, status } = attempt;
    if (outcome === 'cancelled' || outcome === 'client-aborted') return status === 0;
    return this.#isCutShort(attempt);
  }

  /** As it is modelled, with what is known of when its head had come. */
  withHead(attempt: RecordedAttempt, modelled: ModelledAttempt): ModelledAttempt {
    const knownMs = this.#headKnownBy(attempt);
    return attempt.durationMs > knownMs
      ? { ...modelled, headMs: Math.min(knownMs, modelled.durationMs) }
      : modelled;
  }

  /** When the head of an answer must have come in the recorded run, in milliseconds after the attempt began. */
  #headKnownBy({ startedAfterMs }: RecordedAttempt): number {
    const { responseMs, attemptMs = 0, requestMs = 0 } = this.#recorded;
    const never = Number.POSITIVE_INFINITY;
    const requestLeftMs = requestMs === 0 ? never : Math.max(0, requestMs - startedAfterMs);
    return Math.min(responseMs, attemptMs || never, requestLeftMs);
  }

  /** Refused, or waited for in vain: as long as `timeouts.connect` lets it, where another time was up before that. */
  #withoutConnection(attempt: RecordedAttempt): ModelledAttempt {
    const { durationMs } = attempt;
    const { connectMs = Number.POSITIVE_INFINITY, attemptMs = 0 } = this.#recorded;
    const failed = { outcome: 'connect-failed', status: 0 } as const;
    if ((attemptMs > 0 && durationMs >= attemptMs) || this.#isCut(attempt))
      return { ...failed, durationMs: Math.max(connectMs, durationMs), isDeaf: true };
    return { ...failed, durationMs, ...(durationMs >= connectMs && { isDeaf: true }) };
  }

  /** It ended because the time was up that its request had altogether. */
  #isCut({ startedAfterMs, durationMs }: RecordedAttempt): boolean {
    const { requestMs = 0 } = this.#recorded;
    return requestMs > 0 && startedAfterMs + durationMs >= requestMs - slackMs;
  }

  /** That, before it had half of that time: the engine does not hold it against its server either. */
  #isCutShort(attempt: RecordedAttempt): boolean {
    const { outcome, durationMs } = attempt;
    if (outcome !== 'timed-out' && outcome !== 'connect-failed') return false;
    return durationMs * 2 < (this.#recorded.requestMs ?? 0) && this.#isCut(attempt);
  }
}

/** Whose client went away before the end, as far as that can be seen: in the queue and between two attempts nothing else says so. */
export function hasLeft({ attempts, status, failed }: RecordedRequest): boolean {
  if (attempts.some(({ outcome }) => outcome === 'client-aborted')) return true;
  return !failed && (status === 0 || status >= 500);
}

/** Its response was not passed on, for another server was asked (`retry.on`). */
function isGivenUp(request: RecordedRequest, attempt: RecordedAttempt): boolean {
  return attempt.status >= 400 && request.attempts.length > 1 && decisiveOf(request) !== attempt;
}
