import type { HealthCheckConfig } from '@shared/config/schema.ts';
import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';
import { listOf } from './list-of.ts';

/** A time in which a server fails, in milliseconds of the recording; both ends are in it. */
export interface Outage {
  readonly from: number;
  /** Infinity where the recording does not see the end of it. */
  readonly to: number;
  /** Probes fail as well. */
  readonly fromProbes: boolean;
  /** Attempts that failed in it, the first of them first. None where only probes did. */
  readonly failures: readonly FailedAttempt[];
}

export interface FailedAttempt {
  readonly atMs: number;
  readonly request: RecordedRequest;
  readonly attempt: RecordedAttempt;
}

/** How the servers of a recording failed. */
export interface Failings {
  /** By server, one behind the other. */
  readonly outages: ReadonlyMap<string, readonly Outage[]>;
  /** Attempts that failed by themselves: what was before and after at that server went well, and nothing else spoke against it. */
  readonly alone: ReadonlySet<RecordedAttempt>;
}

/** Recorded times are whole microseconds; sums of them are not. */
export const slackMs = 0.001;

/**
 * Sights of several threads that are nearer to each other may stand in another order than they were seen: a thread reads the clock,
 * then looks at the servers, and in between others may have their turn.
 */
const skewMs = 10;

/** Something that was seen of a server. `unwell`: unhealthy by its probes, or nobody listened; `well`: neither. */
type Sight =
  | { readonly atMs: number; readonly kind: 'failed'; readonly failure: FailedAttempt }
  | { readonly atMs: number; readonly kind: 'answered' | 'well' | 'unreachable' | 'unhealthy' };

/**
 * What the recording tells of when servers failed:
 *
 * - A failed attempt between two that went well is that request's own, and so is one that no failing probe follows.
 * - Several in a row are an outage from the first to half-way to the next that went well; or to the last of them, where the
 *   server is seen to be healthy by its probes all the while.
 * - A server that is seen to be unhealthy, or unreachable, is out until it is seen to be well, or an attempt goes well; less
 *   the time that its probes take to find that out (`rise`), for the simulated probes take it once more.
 *
 * @param requests of one pool
 * @param check of the recorded run
 */
export function failingsOf(
  requests: readonly RecordedRequest[],
  check: HealthCheckConfig,
  isFailed: (attempt: RecordedAttempt, request: RecordedRequest) => boolean,
): Failings {
  const outages = new Map<string, Outage[]>();
  const alone = new Set<RecordedAttempt>();
  for (const [server, sights] of sightsOf(requests, check, isFailed)) {
    const found = new OutageFinder(check, alone);
    for (const sight of sights) found.see(sight);
    found.end();
    outages.set(server, found.outages);
  }
  return { outages, alone };
}

/** What was seen of each server, in order. Of a standing only its changes, and the last sight before each. */
function sightsOf(
  requests: readonly RecordedRequest[],
  check: HealthCheckConfig,
  isFailed: (attempt: RecordedAttempt, request: RecordedRequest) => boolean,
): Map<string, Sight[]> {
  const sights = new Map<string, Sight[]>();
  for (const { attempts } of requests) for (const { server } of attempts) listOf(sights, server);
  for (const { unwell = {} } of requests) for (const server of Object.keys(unwell)) listOf(sights, server);
  for (const request of requests) {
    const { arrivedMs, attempts, unwell } = request;
    // Without probes a standing says nothing new: it is what the last attempt left behind.
    if (unwell !== undefined && check.type !== 'none') {
      const atMs = arrivedMs + (attempts[0]?.startedAfterMs ?? 0);
      for (const [server, list] of sights) {
        const standing = unwell[server];
        const isUnhealthy = standing?.includes('unhealthy') === true;
        const isUnreachable = standing?.includes('unreachable') === true;
        list.push({ atMs, kind: isUnhealthy ? 'unhealthy' : isUnreachable ? 'unreachable' : 'well' });
      }
    }
    for (const attempt of attempts) {
      if (attempt.outcome === 'client-aborted' || attempt.outcome === 'cancelled') continue;
      const atMs = arrivedMs + attempt.startedAfterMs;
      if (isFailed(attempt, request))
        listOf(sights, attempt.server).push({ atMs, kind: 'failed', failure: { atMs, request, attempt } });
      else if (attempt.outcome === 'responded')
        listOf(sights, attempt.server).push({ atMs, kind: 'answered' });
    }
  }
  // Stable: what stood before an attempt stays before it.
  for (const list of sights.values()) list.sort((one, other) => one.atMs - other.atMs);
  return sights;
}

/** A run of sights that speak against a server. */
interface Run {
  readonly from: number;
  readonly failures: FailedAttempt[];
  /** When it was first and last seen unwell; null where it was not. */
  firstUnwellAt: number | null;
  unwellAt: number | null;
  /** When it was seen well after that, too soon to know the order; null where it was not, or was seen unwell again. */
  maybeWellAt: number | null;
  /** Probes had found it unhealthy. */
  isUnhealthy: boolean;
  /** It was seen well after a failure, by probes that may be from before it. */
  wasWell: boolean;
}

class OutageFinder {
  readonly outages: Outage[] = [];
  readonly #alone: Set<RecordedAttempt>;
  /** From a failure to the verdict, and back, milliseconds. */
  readonly #downAfterMs: number;
  readonly #upAfterMs: number;
  /** After so long, probes that find a server well have been there since. */
  readonly #newsMs: number;
  #run: Run | null = null;
  /** When it was last known to do its work. */
  #goodAt = Number.NEGATIVE_INFINITY;

  constructor(check: HealthCheckConfig, alone: Set<RecordedAttempt>) {
    this.#alone = alone;
    if (check.type === 'none') {
      this.#downAfterMs = this.#upAfterMs = 0;
      this.#newsMs = Number.POSITIVE_INFINITY;
      return;
    }
    const { fall, rise, intervalMs, fastIntervalMs, downIntervalMs, timeoutMs } = check;
    // On average the first of them comes after half an interval.
    this.#downAfterMs = intervalMs / 2 + (fall - 1) * fastIntervalMs;
    this.#upAfterMs = downIntervalMs / 2 + (rise - 1) * fastIntervalMs;
    this.#newsMs = intervalMs * 1.5 + fall * (fastIntervalMs * 1.5 + timeoutMs);
  }

  see(sight: Sight): void {
    const { atMs } = sight;
    switch (sight.kind) {
      case 'failed':
        this.#run ??= newRun(atMs);
        this.#run.failures.push(sight.failure);
        this.#run.wasWell = false;
        this.#run.maybeWellAt = null;
        break;
      case 'unreachable':
      case 'unhealthy':
        this.#seeUnwell(atMs, sight.kind === 'unhealthy');
        break;
      case 'well':
        this.#seeWell(atMs);
        break;
      case 'answered':
        if (this.#isTooEarly(atMs)) this.#run = null;
        this.#settle();
        this.#close(atMs);
        this.#goodAt = atMs;
    }
  }

  /** The recording is over. */
  end(): void {
    this.#settle();
    this.#close(Number.POSITIVE_INFINITY);
  }

  #seeUnwell(atMs: number, isUnhealthy: boolean): void {
    this.#run ??= newRun(Math.max(this.#goodAt + slackMs, atMs - (isUnhealthy ? this.#downAfterMs : 0)));
    this.#run.firstUnwellAt ??= atMs;
    this.#run.unwellAt = atMs;
    this.#run.maybeWellAt = null;
    this.#run.isUnhealthy ||= isUnhealthy;
  }

  #seeWell(atMs: number): void {
    const run = this.#run;
    if (run === null) return;
    run.wasWell = true;
    const lastAt = lastFailureOf(run);
    if (run.unwellAt === null) {
      if (atMs > lastAt + this.#newsMs) this.#close(atMs);
      return;
    }
    if (run.unwellAt < lastAt) return;
    run.maybeWellAt ??= atMs;
    if (atMs - run.unwellAt >= skewMs) this.#settle();
  }

  /** It was seen well, and nothing speaks against that any more: so it went well from half-way on. */
  #settle(): void {
    const run = this.#run;
    if (run === null || run.unwellAt === null || run.maybeWellAt === null) return;
    const changedAt = (run.unwellAt + run.maybeWellAt) / 2;
    const upAt = changedAt - (run.isUnhealthy ? this.#upAfterMs : 0);
    this.#add(run, Math.max(lastFailureOf(run), run.from, upAt), true);
  }

  /** Nothing failed, and what was seen is of the same moment as an answer: it was seen after that, by a thread that was held up. */
  #isTooEarly(atMs: number): boolean {
    const run = this.#run;
    if (run === null || run.firstUnwellAt === null || run.failures.length > 0) return false;
    return atMs - run.firstUnwellAt < skewMs;
  }

  /** @param atMs when it went well again; Infinity where nobody saw that */
  #close(atMs: number): void {
    const run = this.#run;
    if (run === null) return;
    const lastAt = lastFailureOf(run);
    if (run.unwellAt !== null) {
      const sinceAt = Math.max(lastAt, run.isUnhealthy ? run.from : run.unwellAt);
      this.#add(run, (sinceAt + atMs) / 2, true);
    } else if (run.failures.length === 1) {
      this.#alone.add(run.failures[0]!.attempt);
      this.#run = null;
    } else this.#add(run, run.wasWell ? lastAt : (lastAt + atMs) / 2, !run.wasWell);
  }

  #add({ from, failures }: Run, to: number, fromProbes: boolean): void {
    this.outages.push({ from: from - slackMs, to: to + slackMs, fromProbes, failures });
    this.#run = null;
  }
}

function newRun(from: number): Run {
  return {
    from,
    failures: [],
    firstUnwellAt: null,
    unwellAt: null,
    maybeWellAt: null,
    isUnhealthy: false,
    wasWell: false,
  };
}

function lastFailureOf({ from, failures }: Run): number {
  return failures.at(-1)?.atMs ?? from;
}
