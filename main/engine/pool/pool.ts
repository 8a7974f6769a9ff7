import type { LimitKind } from '@shared/catalog/limits.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type { ResponseCookie } from '../affinity/response-cookie.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import type { Waiter } from './request-queue.ts';
import type { Server } from './server.ts';

/** A pool as the lane sees it: it chooses servers and hears how the attempts went. */
export interface Pool {
  readonly name: string;
  /** Live: replaced when a new configuration is applied. */
  readonly config: PoolConfig;
  /**
   * Chooses a server for the exchange's next attempt, leaving out what is unavailable and what the exchange tried. Takes
   * the next AttemptRecord and sets its `server` and `decision`. Null where nothing is available: then `exchange.unserved`
   * and `exchange.error` say why. Sets `exchange.setCookie` where affinity wants a cookie in the response. The chosen server
   * counts the request as in flight from here on, so that the next choice, in whatever thread, knows of it.
   *
   * @param isEnding its present attempt is in flight still and ends as soon as a server was chosen: the successor may have its place in
   * the pool's `maxRequests`
   */
  choose(exchange: Exchange, isEnding?: boolean): Server | null;
  /** After a `choose` that gave null: servers are only full, and there is room in the queue. */
  readonly mayWait: boolean;
  /**
   * After a `choose` that gave null: where servers are only full, the request waits for a slot, and hears of it. False where
   * it may not, or the queue is full: then `exchange.unserved` and `exchange.error` say why.
   */
  enqueue(waiter: Waiter): boolean;
  /** It waits no more, of its own accord. */
  leaveQueue(waiter: Waiter): void;
  /**
   * The attempt has ended, its outcome, status, detail and times are filled in. Exactly once for each server
   * chosen, at the end of the response; for an upgrade at the end of the tunnel.
   */
  attemptEnded(exchange: Exchange, attempt: AttemptRecord): void;
  /** A request that was led to this pool is over, whatever came of it. Once for each, also where no server was chosen. */
  requestEnded(exchange: Exchange): void;
  /** A request has become a tunnel: it went well, and ends some time. */
  requestSwitched(exchange: Exchange): void;
  /** A request came in: the retry budget is a share of these. */
  requestArrived(): void;
  /** Takes one retry out of the budget; false where it is exhausted. */
  takeRetry(): boolean;
  /** Puts back what `takeRetry` took: no attempt came of it. */
  giveBackRetry(): void;
  /** Name of the application's cookie that the pool wants to hear of when a response sets it; null in most pools. */
  readonly learnsCookie: string | null;
  /** The response of the running attempt sets that cookie, or takes it back: the client is bound to its server, or its session ends. */
  cookieSet(exchange: Exchange, attempt: AttemptRecord, cookie: ResponseCookie): void;
  /**
   * A second server for a request that runs already, out of the retry budget. Nobody is asked as a last resort, waits for a slot
   * or moves for it; null where none is free or the budget is used up. Otherwise as `choose`.
   */
  hedge(exchange: Exchange): Server | null;
  /** How long an attempt may be without a response head before it is hedged, in milliseconds; 0 for as long as it likes. */
  readonly hedgeAfterMs: number;
  /** How long to wait before the next retry, in milliseconds, where so many were waited for. */
  pauseMs(pauses: number): number;
  /**
   * Whether `choose` would find a server for the exchange's next attempt, or one that is only full and may be waited for: in panic and as
   * the last resort too.
   *
   * @param inMs so much later than now
   */
  hasAnother(exchange: Exchange, inMs?: number): boolean;
  /** The pool is not configured any more: nothing further is begun. */
  readonly isStopped: boolean;
  /** One of the pool's limits was reached. `server`: the one concerned. */
  limitReached(kind: LimitKind, server: Server | null): void;
  /** A connection to one of its servers is about to be opened: makes room for it where file descriptors are short. */
  makeRoom(): void;
}
