import type { LimitKind } from '@shared/catalog/limits.ts';
import { idempotentMethods } from '@shared/config/retry-schema.ts';
import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { AttemptRecord } from '../exchange.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { Pool } from '../pool/pool.ts';
import { wheelOf } from '../sockets/timer-wheel.ts';
import { Attempt } from './attempt.ts';
import { Hedge, type HedgeOwner } from './hedge.ts';
import { RequestTimes, type TimedRequest } from './request-times.ts';
import { attemptsUsedUp, retriesStatus } from './retry-rules.ts';

const nothing = Buffer.alloc(0);

/**
 * An attempt with its time, and with others that run beside it (hedging: Dean and Barroso, The Tail at Scale, 2013). The
 * first response head wins; the others are let go, and that says nothing about their servers. Where the present attempt fails
 * while another runs, that one takes its place.
 */
export abstract class HedgedAttempt extends Attempt implements HedgeOwner, TimedRequest {
  /** Null until a request needs any. */
  protected times: RequestTimes | null = null;
  /** Attempts that found nobody listening. */
  protected nobodyThere = 0;
  /** The attempt was sent a second time, on a connection that nobody had used. */
  protected freshTried = false;
  /** Made when they are needed, and reused. */
  #hedges: Hedge[] | null = null;
  #running = 0;
  /** Of the present request. */
  #begun = 0;

  abstract requestLate(now: number): void;
  abstract pauseOver(): void;
  /** The present attempt came to nothing: another follows, or the client hears of it. */
  protected abstract attemptFailed(outcome: AttemptOutcome, detail: string, refused: boolean): void;

  /** The client's connection is gone. */
  retire(): void {
    this.times?.leave();
  }

  override forget(): void {
    super.forget();
    this.times?.over();
  }

  /** Begins to watch the time of a request. */
  protected watchRequest(pool: Pool): void {
    const { requestMs, attemptMs } = pool.config.timeouts;
    this.#begun = 0;
    this.ownTimes().begin(this.exchange.startedAt, requestMs, attemptMs);
  }

  protected ownTimes(): RequestTimes {
    this.times ??= new RequestTimes(wheelOf(this.client.clock), this);
    return this.times;
  }

  /** The request may wait so long and go on. */
  protected hasTimeFor(pauseMs: number): boolean {
    return this.times === null || this.client.clock.now() + pauseMs < this.times.requestUntil;
  }

  /** The time of an attempt begins with it, or with the last byte of its request. */
  protected override watchAttempt(now: number): void {
    const { times } = this;
    if (times === null) return;
    times.attemptOver();
    if (!this.requestSent) return;
    const { hedge } = this.pool!.config.retry;
    const { hedgeAfterMs } = this.pool!;
    if (times.attemptMs > 0) times.attemptUntil = now + times.attemptMs;
    if (hedge && hedgeAfterMs > 0 && this.#begun < hedge.most) times.hedgeAt = now + hedgeAfterMs;
    times.arm();
  }

  /** Those beside the present attempt began after it: none of them is late before it is, and then each takes its place in turn. */
  attemptLate(): void {
    // Between two attempts, in the pool's queue, nobody has to answer.
    if (this.attempt === null) return;
    const { attemptMs } = this.times!;
    this.limitReached('attempt-timeout');
    const outcome = lateOutcome(this.connection);
    this.letGo();
    const detail = `no response within the ${formatDuration(attemptMs)} that an attempt has (timeouts.attempt)`;
    this.attemptFailed(outcome, detail, false);
  }

  /** No attempt of the request has any more time. One that had less than half of all there was is not held to it. */
  protected endLate(now: number): void {
    const { requestMs } = this.times!;
    const detail = `no response within the ${formatDuration(requestMs)} that a request has altogether (timeouts.request)`;
    const isShort = ({ startedAt }: AttemptRecord): boolean =>
      !this.requestSent || (now - startedAt) * 2 < requestMs;
    if (this.#running > 0) {
      for (const hedge of this.#hedges!) {
        if (hedge.attempt === null) continue;
        hedge.attempt.spared = isShort(hedge.attempt);
        this.#dropHedge(hedge, lateOutcome(hedge.connection), detail);
      }
    }
    this.attempt!.spared = isShort(this.attempt!);
    const outcome = lateOutcome(this.connection);
    this.letGo();
    this.end(outcome, detail);
  }

  hedgeDue(now: number): void {
    const pool = this.pool!;
    const { exchange } = this;
    const { retry, timeouts } = pool.config;
    const { hedge: rule } = retry;
    if (!rule || !this.#mayHedge() || attemptsUsedUp(retry, exchange.attemptCount, this.nobodyThere)) return;
    const server = pool.hedge(exchange);
    if (!server) return;
    this.#begun += 1;
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    attempt.begin(now);
    attempt.hedge = true;
    this.#hedges ??= [];
    let hedge = this.#hedges.find((each) => each.attempt === null);
    if (!hedge) {
      hedge = new Hedge(this);
      this.#hedges.push(hedge);
    }
    const times = this.times!;
    if (times.attemptMs > 0) hedge.until = now + times.attemptMs;
    if (this.#begun < rule.most) times.hedgeAt = now + pool.hedgeAfterMs;
    times.arm();
    this.#running += 1;
    const body = this.body.length > 0 ? this.body.joined() : nothing;
    hedge.begin(attempt, this.head, body, this.connectionsOf(server), timeouts);
  }

  /** It has come in whole and may be sent twice, nothing of a response has been passed on, and no session says where it goes. */
  #mayHedge(): boolean {
    const { attempt, responding, announced, requestSent, body, asksUpgrade, repeatable, exchange } = this;
    if (attempt === null || responding || announced || !requestSent || !body.complete) return false;
    if (asksUpgrade || !repeatable || exchange.session !== null) return false;
    return (idempotentMethods as readonly string[]).includes(exchange.method);
  }

  hedgeLimitReached(kind: LimitKind, { attempt }: Hedge): void {
    this.pool!.limitReached(kind, attempt?.server ?? null);
  }

  hedgeAnswered(
    hedge: Hedge,
    bytes: Buffer,
    head: ResponseHead,
    start: number,
    end: number,
    stable: boolean,
  ): void {
    const attempt = hedge.attempt!;
    const { status } = head;
    if (retriesStatus(this.pool!.config.retry, status)) {
      attempt.status = status;
      hedge.connection!.abandon();
      this.#endHedge(hedge, 'responded', `status ${status}, not passed on while another attempt runs`);
      return;
    }
    this.attempt!.overtaken = isOvertaken(this.attempt!, this.connection, attempt);
    this.letGo();
    this.end('cancelled', overtaken(attempt));
    this.#takeOver(hedge);
    this.response(bytes, head, start, end, stable);
  }

  hedgeFailed(hedge: Hedge, outcome: AttemptOutcome, detail: string, refused: boolean): void {
    if (refused) this.nobodyThere += 1;
    this.#endHedge(hedge, outcome, detail);
  }

  /** The response of the present attempt is passed on. */
  protected override chosen(): void {
    this.times?.over();
    if (this.exchange.attemptCount < 2) return;
    const winner = this.attempt!;
    this.exchange.answeredBy = winner;
    if (this.#running === 0) return;
    for (const { attempt, connection } of this.#hedges!)
      if (attempt !== null) attempt.overtaken = isOvertaken(attempt, connection, winner);
    this.dropHedges('cancelled', overtaken(winner));
  }

  protected dropHedges(outcome: AttemptOutcome, detail: string): void {
    if (this.#running === 0) return;
    for (const hedge of this.#hedges!) if (hedge.attempt !== null) this.#dropHedge(hedge, outcome, detail);
  }

  protected get hasHedge(): boolean {
    return this.#running > 0;
  }

  /** The present attempt is over: the one begun first beside it goes on in its place. False where there is none. */
  protected goOnWithHedge(): boolean {
    if (this.#running === 0) return false;
    let first: Hedge | null = null;
    for (const hedge of this.#hedges!) {
      if (hedge.attempt === null) continue;
      if (first === null || hedge.attempt.startedAt < first.attempt!.startedAt) first = hedge;
    }
    // Its time counts on as it was.
    const times = this.times!;
    times.attemptUntil = first!.until;
    times.arm();
    this.#takeOver(first!);
    return true;
  }

  #takeOver(hedge: Hedge): void {
    const connection = hedge.connection!;
    this.attempt = hedge.attempt;
    this.connection = connection;
    connection.user = this;
    this.batching = null;
    this.addressesFailed = hedge.addressesFailed;
    this.freshTried = hedge.freshTried;
    hedge.clear();
    this.#running -= 1;
    // Whoever held the client up was another connection.
    this.client.resumeRequest();
  }

  #dropHedge(hedge: Hedge, outcome: AttemptOutcome, detail: string): void {
    hedge.connection?.leave(hedge);
    this.#endHedge(hedge, outcome, detail);
  }

  #endHedge(hedge: Hedge, outcome: AttemptOutcome, detail: string): void {
    const attempt = hedge.attempt!;
    hedge.clear();
    this.#running -= 1;
    attempt.outcome = outcome;
    attempt.detail = detail;
    attempt.endedAt = this.client.clock.now();
    this.pool!.attemptEnded(this.exchange, attempt);
  }
}

/** Where there was no connection yet, nothing was delivered. */
function lateOutcome(connection: { readonly isConnected: boolean } | null): AttemptOutcome {
  return connection?.isConnected ? 'timed-out' : 'connect-failed';
}

/**
 * The server had the request for longer than the one that answered it. Not where nothing had gone to it yet, nor where others had to be
 * answered before it on the same connection: then it may not have been its turn.
 */
function isOvertaken(
  loser: AttemptRecord,
  connection: { readonly sawResponse: boolean } | null,
  winner: AttemptRecord,
): boolean {
  return (
    loser.startedAt < winner.startedAt &&
    connection !== null &&
    !connection.sawResponse &&
    loser.batchPlace <= 1
  );
}

function overtaken({ server }: AttemptRecord): string {
  return `${server?.name} answered first`;
}
