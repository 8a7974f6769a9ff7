import type { HealthCheckConfig } from '@shared/config/schema.ts';
import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { decisiveOf } from './figures.ts';
import { listOf } from './list-of.ts';
import { type FailedAttempt, failingsOf, type Outage, slackMs } from './outages.ts';

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

/** Fewer answers than this say nothing about how fast a server is. */
const leastAnswers = 5;

/** What a tunnel lasted says nothing of how fast the server is, nor would it last longer elsewhere. */
const switched = 101;

/** Where only probes noticed an outage. */
const refused: ModelledAttempt = { outcome: 'connect-failed', status: 0, durationMs: 1 };

/**
 * The servers of a recording, as far as it tells of them:
 *
 * - A request takes as long as its answering attempt was recorded to take; at another server that times the ratio of their median
 *   response times. One that nobody answered takes the median of the server it comes to.
 * - In an outage (see `failingsOf`) a server does what its last failed attempt before that moment did. A response of 500 and more is
 *   a failure of that kind. One that another attempt overtook tells nothing of its server.
 * - What failed by itself fails again, at whichever server, as the same attempt of the same request.
 *
 * It knows nothing of how a server slows down under load: that is in the recorded times, for the load that was there.
 */
export class ServiceModel {
  readonly #outages: ReadonlyMap<string, readonly Outage[]>;
  /** Failures that are a request's own, by the number of the attempt from 0. */
  readonly #own = new Map<RecordedRequest, readonly (ModelledAttempt | null)[]>();
  readonly #medians = new Map<string, number>();
  readonly #medianOfAll: number;
  readonly #recorded: RecordedTimeouts;

  /**
   * @param recorded of the recorded run: the head of an answer that took longer had come before
   * @param check of the recorded run: what its probes knew of the servers is in the requests
   */
  constructor(
    requests: readonly RecordedRequest[],
    recorded: RecordedTimeouts,
    check: HealthCheckConfig = { type: 'none' },
  ) {
    this.#recorded = recorded;
    const answers = new Map<string, number[]>();
    for (const { attempts } of requests) {
      for (const attempt of attempts) {
        if (attempt.outcome === 'client-aborted' || attempt.outcome === 'cancelled') continue;
        if (failureOf(attempt) === null && attempt.status !== switched)
          listOf(answers, attempt.server).push(attempt.durationMs);
      }
    }
    const { outages, alone } = failingsOf(requests, check, (attempt) => failureOf(attempt) !== null);
    this.#outages = outages;
    for (const request of requests) {
      const { attempts } = request;
      if (attempts.some((attempt) => alone.has(attempt)))
        this.#own.set(
          request,
          attempts.map((attempt) => (alone.has(attempt) ? failureOf(attempt) : null)),
        );
    }
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
    return attemptIn(this.#outageAt(server, atMs), atMs);
  }

  /** How a probe of it fails then; null where it goes well. */
  probeFailureAt(server: string, atMs: number): ModelledAttempt | null {
    const outage = this.#outageAt(server, atMs);
    return outage?.fromProbes === true ? attemptIn(outage, atMs) : null;
  }

  #outageAt(server: string, atMs: number): Outage | null {
    const outages = this.#outages.get(server) ?? [];
    const next = firstAfter(outages.length, (index) => outages[index]!.from > atMs);
    const outage = outages[next - 1];
    return outage !== undefined && atMs <= outage.to ? outage : null;
  }

  /**
   * What comes of a request at a server at that moment.
   *
   * @param responseMs `timeouts.response` of the run that is simulated
   * @param tries attempts that this request has had before
   */
  attempt(
    request: RecordedRequest,
    server: string,
    atMs: number,
    { responseMs }: { responseMs: number },
    tries = 0,
  ): ModelledAttempt {
    const failure = this.failureAt(server, atMs) ?? this.#own.get(request)?.[tries] ?? null;
    const modelled = failure ?? this.#answer(request, server);
    if ((modelled.headMs ?? modelled.durationMs) <= responseMs) return modelled;
    return { outcome: 'timed-out', status: 0, durationMs: responseMs };
  }

  #answer(request: RecordedRequest, server: string): ModelledAttempt {
    const { attempts } = request;
    const decisive = decisiveOf(request);
    const answering = decisive && isAnswer(decisive) ? decisive : attempts.findLast(isAnswer);
    if (answering) {
      if (answering.status === switched) return this.#tunnel(answering, server);
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

  /** Its head comes as fast as answers do. */
  #tunnel({ status, durationMs }: RecordedAttempt, server: string): ModelledAttempt {
    return { outcome: 'responded', status, durationMs, headMs: Math.min(durationMs, this.medianMs(server)) };
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

function isAnswer(attempt: RecordedAttempt): boolean {
  return attempt.outcome === 'responded' && failureOf(attempt) === null;
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

/** What an attempt in an outage comes to: what the one before did, and at first what the first one does. */
function attemptIn(outage: Outage | null, atMs: number): ModelledAttempt | null {
  if (outage === null) return null;
  const { failures } = outage;
  const next = firstAfter(failures.length, (index) => failures[index]!.atMs > atMs + slackMs);
  const failure: FailedAttempt | undefined = failures[Math.max(0, next - 1)];
  return failure === undefined ? refused : failureOf(failure.attempt);
}

/** The first of so many places where it is so; their number where it is nowhere so. Once it is, it is behind that as well. */
function firstAfter(count: number, isSo: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** 0 of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >>> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** From its beginning to the head of its response, or to its end where nothing is known of that. */
export function headOf({ headMs, durationMs }: ModelledAttempt): number {
  return headMs ?? durationMs;
}
