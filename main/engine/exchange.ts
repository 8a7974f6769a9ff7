import type { RouteConfig } from '@shared/config/schema.ts';
import type { AttemptOutcome, StopReason } from '@shared/contract/request-values.ts';
import type { SessionEntry } from './affinity/session-entry.ts';
import type { DecisionRecord } from './journal/decision.ts';
import type { Pool } from './pool/pool.ts';
import type { Server } from './pool/server.ts';

/** What affinity and strategies may ask of a request. Looked up in the raw head only when asked. */
export interface RequestFacts {
  /** Without a port. */
  readonly clientAddress: string;
  /** The request target as it was received: `/path?query`, or a whole URL. */
  readonly target: string;
  /** The field's value, `null` where it is missing; several fields of one name joined by `, ` (`; ` for cookie). `name` in lower case. */
  header(name: string): string | null;
}

/** One try at one server. Reused with its exchange. */
export class AttemptRecord {
  server: Server | null = null;
  /** Clock's `now()`. */
  startedAt = 0;
  endedAt = 0;
  outcome: AttemptOutcome = 'responded';
  /** Status of the server's response; 0 where none came. */
  status = 0;
  /** What went wrong, in words; null where nothing did. */
  detail: string | null = null;
  decision: DecisionRecord | null = null;
  /** Says nothing about the server: this machine had no room for it, or the request had next to no time left. */
  spared = false;
  /** It was begun beside the one before, which took long; not because that had failed. */
  hedge = false;
  /** One begun after it, beside it, was answered first, before anything came of it that could be told apart from silence. */
  overtaken = false;
  /** It shared its connection: the how-manieth of how many requests, from 1; 0 of 0 where it had it for itself. */
  batchPlace = 0;
  batchSize = 0;
  /** Why it left the shared connection and was sent again by itself; null where it did not. */
  sentApart: string | null = null;

  /** The try begins; what stood here of another is over. Server and decision are there already. @param now clock's `now()` */
  begin(now: number): void {
    this.startedAt = now;
    this.endedAt = 0;
    this.outcome = 'responded';
    this.status = 0;
    this.detail = null;
    this.spared = false;
    this.hedge = false;
    this.overtaken = false;
    this.batchPlace = 0;
    this.batchSize = 0;
    this.sentApart = null;
  }
}

/**
 * One request on its way through: what the lane, the pool, the metrics and the journal share. Each client connection has
 * one and reuses it for every request it carries, and so does a connection after it: so nothing may be kept of it after `finished`.
 */
export class Exchange {
  /** Counts up in its thread; 0 while it has none. */
  id = 0;
  /** What stands before the number where people see it: tells runs and threads apart. */
  idPrefix = '';
  /** Clock's `now()`. */
  startedAt = 0;
  startedEpoch = 0;
  listener = '';
  /** The rule of the listener that led to the pool; null where none did. */
  route: RouteConfig | null = null;
  pool: Pool | null = null;
  /** The journal keeps it, so decisions about it are written down in full. */
  isExplained = true;
  facts: RequestFacts | null = null;
  method = '';
  target = '';
  /** What the client got; 0 for nothing. */
  status = 0;
  /** Body bytes, without framing. */
  requestBytes = 0;
  responseBytes = 0;
  /** Why it failed for the client; null where it did not. */
  error: string | null = null;
  /** Value for a `Set-Cookie` field that affinity wants in the response; null for none. */
  setCookie: string | null = null;
  /** The client's session in the pool; the pool sets it anew at every first attempt. */
  session: SessionEntry | null = null;
  /** The session was bound by this very request. */
  sessionIsNew = false;
  attemptCount = 0;
  /** Whose response the client gets; set only where there was more than one attempt. */
  answeredBy: AttemptRecord | null = null;
  readonly attempts: AttemptRecord[] = [];
  /**
   * No server was available at the first attempt, in words; one that could not be reached was asked all the same. Null where
   * one was; the pool sets it anew at every first attempt.
   */
  lastResort: string | null = null;
  /** It met its pool at the pool's own `maxRequests`; the pool sets it anew at every first attempt. */
  poolWasFull = false;
  /** Clock's `now()` since when it waits in its pool's queue; 0 while it does not. */
  queuedAt = 0;
  /** It failed because all were busy: trying again in a moment makes sense. */
  busy = false;
  /** The client had better wait so long before it tries again, where it is known; 0 where it is not. */
  retryAfterMs = 0;
  /** It is a trial of its pool's circuit, of the set of this number; 0 for none. */
  circuitTrial = 0;
  /** The client went away, or looked as if, while no attempt was running. */
  clientLeft = false;
  /** The decision that found no server. */
  unserved: DecisionRecord | null = null;
  /** Why nothing more was tried after its last attempt; null where that went well, or no question arose. */
  stop: StopReason | null = null;

  /** The number as people see it; empty while there is none. Made when it is asked for: most requests are never named. */
  get idText(): string {
    return this.id === 0 ? '' : `${this.idPrefix}${this.id}`;
  }

  /**
   * The attempt that what became of the request follows from: the one that was answered, else the one that ended last, which need not be
   * the one begun last (retry.hedge). Null where there was none.
   */
  get decisiveAttempt(): AttemptRecord | null {
    if (this.answeredBy !== null) return this.answeredBy;
    const { attempts, attemptCount } = this;
    if (attemptCount === 0) return null;
    let last = attempts[0]!;
    for (let index = 1; index < attemptCount; index++)
      if (attempts[index]!.endedAt >= last.endedAt) last = attempts[index]!;
    return last;
  }

  /** The next attempt's record, taken from the reused ones. */
  nextAttempt(): AttemptRecord {
    const index = this.attemptCount++;
    let record = this.attempts[index];
    if (!record) {
      record = new AttemptRecord();
      this.attempts.push(record);
    }
    return record;
  }
}
