import type { HealthCheckConfig } from '@shared/config/schema.ts';
import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';
import { decisiveOf } from './figures.ts';
import { firstAfter } from './first-after.ts';
import { listOf } from './list-of.ts';
import { headOf, type ModelledAttempt, refused, silent } from './modelled-attempt.ts';
import { type FailedAttempt, failingsOf, type Outage, slackMs } from './outages.ts';
import { Silences } from './silences.ts';
import { type RecordedTimeouts, ToldByAttempt } from './told-by-attempt.ts';

/** Fewer answers than this say nothing about how fast a server is. */
const leastAnswers = 5;

/** What a tunnel lasted says nothing of how fast the server is, nor would it last longer elsewhere. */
const switched = 101;

/** So much longer is longer, however the recorded microseconds were rounded: of a request, and of an attempt in it. */
const longerMs = 2 * slackMs;

/**
 * The servers of a recording, as far as it tells of them:
 *
 * - A request takes as long as its answering attempt was recorded to take; at another server that times the ratio of their median
 *   response times. One that nobody answered takes the median of the server it comes to.
 * - What was ended before anything came of it (another attempt overtook it, the client went away) takes longer than it had run. Several
 *   of them in a row at a server: there every request takes longer than the longest of them (see `Silences`).
 * - In an outage (see `failingsOf`) a server does what its last failed attempt before that moment did. A response of 500 and more is
 *   a failure of that kind, and so is one that was given up for another server's.
 * - What failed by itself fails again, at whichever server, as the same attempt of the same request.
 *
 * It knows nothing of how a server slows down under load: that is in the recorded times, for the load that was there.
 */
export class ServiceModel {
  readonly #told: ToldByAttempt;
  readonly #outages: ReadonlyMap<string, readonly Outage[]>;
  readonly #silences: Silences;
  /** Failures that are a request's own, by the number of the attempt from 0. */
  readonly #own = new Map<RecordedRequest, readonly (ModelledAttempt | null)[]>();
  readonly #medians = new Map<string, number>();
  readonly #medianOfAll: number;

  /**
   * @param recorded of the recorded run: the head of an answer that took longer had come before
   * @param check of the recorded run: what its probes knew of the servers is in the requests
   */
  constructor(
    requests: readonly RecordedRequest[],
    recorded: RecordedTimeouts,
    check: HealthCheckConfig = { type: 'none' },
  ) {
    const told = new ToldByAttempt(recorded);
    this.#told = told;
    const answers = new Map<string, number[]>();
    for (const request of requests) {
      for (const attempt of request.attempts)
        if (told.isAnswer(request, attempt) && attempt.status !== switched)
          listOf(answers, attempt.server).push(attempt.durationMs);
    }
    this.#silences = new Silences(requests, told);
    const isFailed = (attempt: RecordedAttempt, request: RecordedRequest): boolean =>
      told.failure(request, attempt) !== null;
    const { outages, alone } = failingsOf(requests, check, isFailed);
    this.#outages = outages;
    for (const request of requests) {
      const { attempts } = request;
      if (attempts.some((attempt) => alone.has(attempt)))
        this.#own.set(
          request,
          attempts.map((attempt) => (alone.has(attempt) ? told.failure(request, attempt) : null)),
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
    const outage = this.#outageAt(server, atMs);
    return outage && this.#failureIn(outage, server, atMs);
  }

  /** How a probe of it fails then; null where it goes well. */
  probeFailureAt(server: string, atMs: number): ModelledAttempt | null {
    const outage = this.#outageAt(server, atMs);
    return outage?.fromProbes === true ? this.#failureIn(outage, server, atMs) : null;
  }

  #outageAt(server: string, atMs: number): Outage | null {
    const outages = this.#outages.get(server) ?? [];
    const next = firstAfter(outages.length, (index) => outages[index]!.from > atMs);
    const outage = outages[next - 1];
    return outage !== undefined && atMs <= outage.to ? outage : null;
  }

  /** What an attempt in an outage comes to: what the one before did, and at first what the first one does. */
  #failureIn({ failures }: Outage, server: string, atMs: number): ModelledAttempt | null {
    const next = firstAfter(failures.length, (index) => failures[index]!.atMs > atMs + slackMs);
    const failure: FailedAttempt | undefined = failures[Math.max(0, next - 1)];
    if (failure !== undefined) return this.#told.failure(failure.request, failure.attempt);
    // Only probes noticed it, and whoever was overtaken: somebody is there, and says nothing.
    return this.#silences.at(server, atMs) === null ? refused : silent;
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
    const modelled = this.#switched(failure ?? this.#answer(request, server, atMs), server);
    // Without a connection that time has not begun.
    if (modelled.outcome === 'connect-failed' || headOf(modelled) <= responseMs) return modelled;
    return { outcome: 'timed-out', status: 0, durationMs: responseMs };
  }

  #answer(request: RecordedRequest, server: string, atMs: number): ModelledAttempt {
    const told = this.#told;
    const { attempts } = request;
    const decisive = decisiveOf(request);
    const answering =
      decisive && told.isAnswer(request, decisive)
        ? decisive
        : attempts.findLast((attempt) => told.isAnswer(request, attempt));
    const scaledMs = (attempt: RecordedAttempt): number =>
      attempt.durationMs * (attempt.status === switched ? 1 : this.#scale(attempt.server, server));
    let durationMs = answering ? scaledMs(answering) : this.medianMs(server);
    for (const attempt of attempts) {
      if (!told.isOpen(attempt)) continue;
      // Where it was answered elsewhere, the server may have been to blame; where it was not, nobody knows.
      if (attempt.server === server) durationMs = Math.max(durationMs, attempt.durationMs + longerMs);
      else if (!answering) durationMs = Math.max(durationMs, scaledMs(attempt) + longerMs);
    }
    const silence = this.#silences.at(server, atMs);
    if (silence !== null && silence.attempts > 1)
      durationMs = Math.max(durationMs, silence.longestMs + longerMs);
    if (answering)
      return told.withHead(answering, { outcome: 'responded', status: answering.status, durationMs });
    // What was left in the middle of its response had begun to come.
    const left = attempts.find(({ outcome, status }) => outcome === 'client-aborted' && status !== 0);
    if (!left) return { outcome: 'responded', status: 200, durationMs };
    durationMs = Math.max(durationMs, scaledMs(left) + longerMs);
    return told.withHead(left, { outcome: 'responded', status: left.status, durationMs });
  }

  /** A switch of protocols comes as fast as answers do, however long the tunnel lasts. */
  #switched(modelled: ModelledAttempt, server: string): ModelledAttempt {
    if (modelled.status !== switched) return modelled;
    return { ...modelled, headMs: Math.min(modelled.durationMs, this.medianMs(server)) };
  }

  #scale(from: string, to: string): number {
    if (from === to) return 1;
    const before = this.#medians.get(from);
    const after = this.#medians.get(to);
    return before === undefined || after === undefined || before === 0 ? 1 : after / before;
  }
}

/** 0 of none. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >>> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
