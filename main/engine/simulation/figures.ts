import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';

/** What one server had to do in a run. */
export interface ServerFigures {
  /** Id. */
  readonly server: string;
  readonly attempts: number;
  readonly failedAttempts: number;
  /** Share of the answered requests that it answered, 0 to 1; null where none was. */
  readonly share: number | null;
  readonly mostInFlight: number;
}

/** What became of the requests of a run: the recorded one, or one through other settings. */
export interface RunFigures {
  readonly requests: number;
  /** That the client saw fail. */
  readonly failed: number;
  /** Attempts beyond the first of a request, those begun beside others included. */
  readonly retries: number;
  /** Requests that waited in the pool's queue. */
  readonly queued: number;
  /** Time spent in the queue, of all requests: 0 for one that did not wait. Null without requests. */
  readonly queueP50Ms: number | null;
  readonly queueP99Ms: number | null;
  /** From arrival to the end. */
  readonly tookP50Ms: number | null;
  readonly tookP99Ms: number | null;
  /** Times a session was led to another server. */
  readonly sessionsMoved: number;
  /** Clients (sessions where there are any, else addresses) that more than one server answered. */
  readonly clientsSpread: number;
  /** Null where nobody counted. */
  readonly ejections: number | null;
  readonly servers: readonly ServerFigures[];
}

interface Counted {
  attempts: number;
  failedAttempts: number;
  answered: number;
  mostInFlight: number;
}

/** Counts what happens in a run. */
export class Tally {
  readonly #servers = new Map<string, Counted>();
  readonly #queuedMs: number[] = [];
  readonly #tookMs: number[] = [];
  readonly #serverOfClient = new Map<string, string>();
  readonly #spread = new Set<string>();
  #failed = 0;
  #retries = 0;
  #queued = 0;
  #moved = 0;

  /** @param servers ids, in configured order */
  constructor(servers: readonly string[]) {
    for (const server of servers) this.#of(server);
  }

  /** An attempt at a server begins. @param inFlight requests there, this one included */
  began(server: string, inFlight: number): void {
    const counted = this.#of(server);
    counted.attempts += 1;
    counted.mostInFlight = Math.max(counted.mostInFlight, inFlight);
  }

  attemptFailed(server: string): void {
    this.#of(server).failedAttempts += 1;
  }

  sessionMoved(): void {
    this.#moved += 1;
  }

  /** A request is over. @param server the one that answered; null where none did */
  ended(
    { server, client }: { server: string | null; client: string },
    { failed, attempts }: { failed: boolean; attempts: number },
    { queuedMs, tookMs }: { queuedMs: number; tookMs: number },
  ): void {
    if (failed) this.#failed += 1;
    this.#retries += Math.max(0, attempts - 1);
    if (queuedMs > 0) this.#queued += 1;
    this.#queuedMs.push(queuedMs);
    this.#tookMs.push(tookMs);
    if (server === null) return;
    this.#of(server).answered += 1;
    const before = this.#serverOfClient.get(client);
    if (before !== undefined && before !== server) this.#spread.add(client);
    this.#serverOfClient.set(client, server);
  }

  figures(ejections: number | null): RunFigures {
    const answered = [...this.#servers.values()].reduce((sum, each) => sum + each.answered, 0);
    const [queueP50Ms, queueP99Ms] = quantilesOf(this.#queuedMs);
    const [tookP50Ms, tookP99Ms] = quantilesOf(this.#tookMs);
    return {
      requests: this.#tookMs.length,
      failed: this.#failed,
      retries: this.#retries,
      queued: this.#queued,
      queueP50Ms,
      queueP99Ms,
      tookP50Ms,
      tookP99Ms,
      sessionsMoved: this.#moved,
      clientsSpread: this.#spread.size,
      ejections,
      servers: [...this.#servers].map(([server, { answered: own, ...counted }]) => ({
        server,
        attempts: counted.attempts,
        failedAttempts: counted.failedAttempts,
        share: answered === 0 ? null : own / answered,
        mostInFlight: counted.mostInFlight,
      })),
    };
  }

  #of(server: string): Counted {
    let counted = this.#servers.get(server);
    if (!counted) {
      counted = { attempts: 0, failedAttempts: 0, answered: 0, mostInFlight: 0 };
      this.#servers.set(server, counted);
    }
    return counted;
  }
}

/**
 * The figures of the run that was recorded, by the same rules.
 *
 * @param servers ids, in configured order
 * @param ejections in that time; null where nobody knows
 */
export function recordedFigures(
  requests: readonly RecordedRequest[],
  servers: readonly string[],
  ejections: number | null = null,
): RunFigures {
  const tally = new Tally(servers);
  const changes: { readonly atMs: number; readonly server: string; readonly by: 1 | -1 }[] = [];
  for (const { arrivedMs, attempts } of requests) {
    for (const { server, startedAfterMs, durationMs } of attempts) {
      const atMs = arrivedMs + startedAfterMs;
      changes.push({ atMs, server, by: 1 }, { atMs: atMs + durationMs, server, by: -1 });
    }
  }
  // Who ends makes room for who begins at the same moment.
  changes.sort((one, other) => one.atMs - other.atMs || one.by - other.by);
  const inFlight = new Map<string, number>();
  for (const { server, by } of changes) {
    const now = Math.max(0, inFlight.get(server) ?? 0) + by;
    inFlight.set(server, now);
    if (by === 1) tally.began(server, now);
  }
  for (const request of requests) {
    const { attempts, failed, queuedMs, durationMs, affinity } = request;
    for (const { server, outcome, status } of attempts)
      if (isFailedAttempt(outcome, status)) tally.attemptFailed(server);
    if (affinity === 'moved') tally.sessionMoved();
    const last = decisiveOf(request);
    const server = last?.outcome === 'responded' ? last.server : null;
    tally.ended(
      { server, client: clientOf(request) },
      { failed, attempts: attempts.length },
      { queuedMs, tookMs: durationMs },
    );
  }
  return tally.figures(ejections);
}

/** Older recordings do not tell: there an attempt that was overtaken may stand behind the one that was answered. */
export function decisiveOf({ attempts, decisive }: RecordedRequest): RecordedAttempt | undefined {
  const told = decisive === undefined ? undefined : attempts[decisive];
  return told ?? attempts.findLast((attempt) => attempt.outcome !== 'cancelled');
}

/** Who sent it, as far as it is known: its session, else its address. */
export function clientOf({ session, client }: RecordedRequest): string {
  return session === null ? client : `session ${session}`;
}

export function isFailedAttempt(outcome: string, status: number): boolean {
  if (outcome === 'client-aborted' || outcome === 'cancelled') return false;
  return outcome !== 'responded' || status >= 500;
}

/** Median and 99th of 100, nearest rank. */
function quantilesOf(values: readonly number[]): [number | null, number | null] {
  if (values.length === 0) return [null, null];
  const sorted = Float64Array.from(values).sort();
  const at = (quantile: number): number => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
  return [at(0.5), at(0.99)];
}
