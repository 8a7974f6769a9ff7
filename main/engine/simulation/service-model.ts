import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';
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
}

/** What a run allowed an answer, of the pool's `timeouts`; 0 or left out for no limit. */
export interface RecordedTimeouts {
  readonly responseMs: number;
  readonly attemptMs?: number;
  readonly requestMs?: number;
}

/** One recorded attempt, as a fact about its server. */
interface Seen {
  readonly atMs: number;
  readonly failure: ModelledAttempt | null;
}

/** Fewer answers than this say nothing about how fast a server is. */
const leastAnswers = 5;

/**
 * The servers of a recording, as far as it tells of them:
 *
 * - A request takes as long as its answering attempt was recorded to take; at another server that times the ratio of their median
 *   response times. One that nobody answered takes the median of the server it comes to.
 * - At any moment a server does what its last recorded attempt before that did: a failed one lasts until one that went well.
 *   A response of 500 and more is a failure of that kind. One that another attempt overtook tells nothing of its server.
 *
 * It knows nothing of how a server slows down under load: that is in the recorded times, for the load that was there.
 */
export class ServiceModel {
  readonly #seen = new Map<string, Seen[]>();
  readonly #medians = new Map<string, number>();
  readonly #medianOfAll: number;
  readonly #recorded: RecordedTimeouts;

  /** @param recorded of the recorded run: the head of an answer that took longer had come before */
  constructor(requests: readonly RecordedRequest[], recorded: RecordedTimeouts) {
    this.#recorded = recorded;
    const answers = new Map<string, number[]>();
    for (const { arrivedMs, attempts } of requests) {
      for (const attempt of attempts) {
        if (attempt.outcome === 'client-aborted' || attempt.outcome === 'cancelled') continue;
        const failure = failureOf(attempt);
        listOf(this.#seen, attempt.server).push({ atMs: arrivedMs + attempt.startedAfterMs, failure });
        if (failure === null) listOf(answers, attempt.server).push(attempt.durationMs);
      }
    }
    for (const seen of this.#seen.values()) seen.sort((one, other) => one.atMs - other.atMs);
    for (const [server, times] of answers)
      if (times.length >= leastAnswers) this.#medians.set(server, median(times));
    this.#medianOfAll = median([...answers.values()].flat());
  }

  /** Median response time of a server in milliseconds; of all of them where it was hardly asked. */
  medianMs(server: string): number {
    return this.#medians.get(server) ?? this.#medianOfAll;
  }

  /** How a server fails at that moment of the recording; null where it answers. */
  failureAt(server: string, atMs: number): ModelledAttempt | null {
    const seen = this.#seen.get(server);
    if (!seen) return null;
    let low = 0;
    let high = seen.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (seen[middle]!.atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? null : seen[low - 1]!.failure;
  }

  /**
   * What comes of a request at a server at that moment.
   *
   * @param responseMs `timeouts.response` of the run that is simulated
   */
  attempt(
    request: RecordedRequest,
    server: string,
    atMs: number,
    { responseMs }: { responseMs: number },
  ): ModelledAttempt {
    const modelled = this.failureAt(server, atMs) ?? this.#answer(request, server);
    if ((modelled.headMs ?? modelled.durationMs) <= responseMs) return modelled;
    return { outcome: 'timed-out', status: 0, durationMs: responseMs };
  }

  #answer({ attempts }: RecordedRequest, server: string): ModelledAttempt {
    const answering = attempts.findLast(
      (attempt) => attempt.outcome === 'responded' && failureOf(attempt) === null,
    );
    if (answering) {
      const scaledMs = answering.durationMs * this.#scale(answering.server, server);
      // One that was overtaken there would have taken at least as long as it had run.
      const overtaken = attempts.find((each) => each.server === server && each.outcome === 'cancelled');
      const durationMs = Math.max(scaledMs, overtaken?.durationMs ?? 0);
      const { status } = answering;
      const knownMs = this.#headKnownBy(answering);
      const isLong = answering.durationMs > knownMs;
      return {
        outcome: 'responded',
        status,
        durationMs,
        ...(isLong && { headMs: Math.min(knownMs, durationMs) }),
      };
    }
    // Whose client went away would have taken at least as long as that waited.
    const waited = attempts.at(-1)?.outcome === 'client-aborted' ? attempts.at(-1)! : null;
    const leastMs = waited === null ? 0 : waited.durationMs * this.#scale(waited.server, server);
    return { outcome: 'responded', status: 200, durationMs: Math.max(leastMs, this.medianMs(server)) };
  }

  /** When the head of an answer must have come in the recorded run, in milliseconds after the attempt began. */
  #headKnownBy({ startedAfterMs }: RecordedAttempt): number {
    const { responseMs, attemptMs = 0, requestMs = 0 } = this.#recorded;
    const never = Number.POSITIVE_INFINITY;
    const requestLeftMs = requestMs === 0 ? never : Math.max(0, requestMs - startedAfterMs);
    return Math.min(responseMs, attemptMs || never, requestLeftMs);
  }

  #scale(from: string, to: string): number {
    if (from === to) return 1;
    const before = this.#medians.get(from);
    const after = this.#medians.get(to);
    return before === undefined || after === undefined || before === 0 ? 1 : after / before;
  }
}

function failureOf({ outcome, status, durationMs }: RecordedAttempt): ModelledAttempt | null {
  switch (outcome) {
    case 'responded':
      return status >= 500 ? { outcome, status, durationMs } : null;
    case 'timed-out':
      return { outcome, status: 0, durationMs: Number.POSITIVE_INFINITY };
    case 'client-aborted':
    case 'cancelled':
      return null;
    default:
      return { outcome, status, durationMs };
  }
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (!list) {
    list = [];
    lists.set(key, list);
  }
  return list;
}

/** 0 of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >>> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
