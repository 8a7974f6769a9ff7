import type { RouteConfig } from '@shared/config/schema.ts';
import type {
  AttemptOutcome,
  RequestDetail,
  RequestSummary,
  StopReason,
} from '@shared/contract/request-values.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { hasFailed } from '../metrics/has-failed.ts';
import type { DecisionRecord } from './decision.ts';
import { renderDecision } from './render-decision.ts';
import { stopWords } from './stop-words.ts';

/** One try, as the journal keeps it. */
export interface KeptAttempt {
  /** Id. */
  server: string;
  startedAfterMs: number;
  durationMs: number;
  outcome: AttemptOutcome;
  status: number;
  detail: string | null;
  decision: DecisionRecord | null;
  batchPlace: number;
  batchSize: number;
  sentApart: string | null;
  hedge: boolean;
}

/** One request, as the journal keeps it. Reused when the ring comes round. */
export interface KeptRequest {
  /** Clock's `now()`. */
  endedAt: number;
  id: number;
  idPrefix: string;
  atMs: number;
  durationMs: number;
  listener: string;
  route: RouteConfig | null;
  pool: string | null;
  client: string;
  method: string;
  target: string;
  status: number;
  requestBytes: number;
  responseBytes: number;
  error: string | null;
  /** The client saw a failure. */
  failed: boolean;
  /** Handle of the client's session in the pool. */
  session: string | null;
  attemptCount: number;
  /** Place of the attempt that what became of the request follows from, see `Exchange.decisiveAttempt`. */
  decisive: number;
  readonly attempts: KeptAttempt[];
  unserved: DecisionRecord | null;
  stop: StopReason | null;
}

export function emptyRequest(): KeptRequest {
  return {
    endedAt: 0,
    id: 0,
    idPrefix: '',
    atMs: 0,
    durationMs: 0,
    listener: '',
    route: null,
    pool: null,
    client: '',
    method: '',
    target: '',
    status: 0,
    requestBytes: 0,
    responseBytes: 0,
    error: null,
    failed: false,
    session: null,
    attemptCount: 0,
    decisive: 0,
    attempts: [],
    unserved: null,
    stop: null,
  };
}

export function emptyAttempt(): KeptAttempt {
  return {
    server: '',
    startedAfterMs: 0,
    durationMs: 0,
    outcome: 'responded',
    status: 0,
    detail: null,
    decision: null,
    batchPlace: 0,
    batchSize: 0,
    sentApart: null,
    hedge: false,
  };
}

/** Writes a request over what the slot kept before. @param endedAt clock's `now()` */
export function keepRequest(slot: KeptRequest, exchange: Exchange, endedAt: number): void {
  slot.id = exchange.id;
  slot.idPrefix = exchange.idPrefix;
  slot.endedAt = endedAt;
  slot.atMs = exchange.startedEpoch;
  slot.durationMs = endedAt - exchange.startedAt;
  slot.listener = exchange.listener;
  slot.route = exchange.route;
  slot.pool = exchange.pool === null ? null : exchange.pool.name;
  slot.client = exchange.facts === null ? '' : exchange.facts.clientAddress;
  slot.method = exchange.method;
  slot.target = exchange.target;
  slot.status = exchange.status;
  slot.requestBytes = exchange.requestBytes;
  slot.responseBytes = exchange.responseBytes;
  slot.error = exchange.error;
  slot.failed = hasFailed(exchange);
  slot.session = exchange.pool === null || exchange.session === null ? null : exchange.session.handle;
  slot.attemptCount = exchange.attemptCount;
  slot.decisive = exchange.attemptCount - 1;
  const { decisiveAttempt } = exchange;
  slot.unserved = exchange.unserved;
  slot.stop = exchange.stop;
  exchange.unserved = null;
  for (let index = 0; index < exchange.attemptCount; index++) {
    let kept = slot.attempts[index];
    if (!kept) {
      kept = emptyAttempt();
      slot.attempts.push(kept);
    }
    if (exchange.attempts[index] === decisiveAttempt) slot.decisive = index;
    keepAttempt(kept, exchange.attempts[index]!, exchange.startedAt);
  }
}

function keepAttempt(kept: KeptAttempt, attempt: AttemptRecord, requestStartedAt: number): void {
  kept.server = attempt.server === null ? '' : attempt.server.id;
  kept.startedAfterMs = attempt.startedAt - requestStartedAt;
  kept.durationMs = attempt.endedAt - attempt.startedAt;
  kept.outcome = attempt.outcome;
  kept.status = attempt.status;
  kept.detail = attempt.detail;
  kept.batchPlace = attempt.batchPlace;
  kept.batchSize = attempt.batchSize;
  kept.sentApart = attempt.sentApart;
  kept.hedge = attempt.hedge;
  // The record changes hands: the exchange gets the old one to write its next decision on.
  const spare = kept.decision;
  kept.decision = attempt.decision;
  attempt.decision = spare;
}

export function idText({ idPrefix, id }: Pick<KeptRequest, 'id' | 'idPrefix'>): string {
  return `${idPrefix}${id}`;
}

/** Kept for longer than the others. */
export function isNotable({ failed, attemptCount }: KeptRequest): boolean {
  return failed || attemptCount > 1;
}

export function wentTo(kept: KeptRequest, server: string): boolean {
  for (let index = 0; index < kept.attemptCount; index++) {
    if (kept.attempts[index]!.server === server) return true;
  }
  return false;
}

export function summarize(kept: KeptRequest): RequestSummary {
  return {
    id: idText(kept),
    atMs: Math.round(kept.atMs),
    durationMs: micros(kept.durationMs),
    listener: kept.listener,
    pool: kept.pool,
    client: kept.client,
    method: kept.method,
    target: kept.target,
    status: kept.status,
    server: kept.attemptCount === 0 ? null : kept.attempts[kept.decisive]!.server,
    attempts: kept.attemptCount,
    requestBytes: kept.requestBytes,
    responseBytes: kept.responseBytes,
    error: kept.error,
  };
}

export function tellInFull(kept: KeptRequest): RequestDetail {
  const attempts = kept.attempts.slice(0, kept.attemptCount);
  return {
    ...summarize(kept),
    route: kept.route && { host: kept.route.host ?? null, path: kept.route.path },
    attemptList: attempts.map((attempt, index) => ({
      server: attempt.server,
      startedAfterMs: micros(attempt.startedAfterMs),
      durationMs: micros(attempt.durationMs),
      outcome: attempt.outcome,
      status: attempt.status === 0 ? null : attempt.status,
      detail: attempt.detail,
      hedge: attempt.hedge,
      decision:
        attempt.decision &&
        renderDecision(attempt.decision, attempts.slice(0, index), attempt.startedAfterMs),
      batch:
        attempt.batchSize === 0
          ? null
          : { place: attempt.batchPlace, size: attempt.batchSize, apart: attempt.sentApart },
    })),
    unserved: kept.unserved && renderDecision(kept.unserved, attempts),
    stop: tellStop(kept),
  };
}

function tellStop({ stop, pool, method, attempts, decisive }: KeptRequest): RequestDetail['stop'] {
  if (stop === null) return null;
  const status = attempts[decisive]?.status ?? 0;
  return { reason: stop, text: stopWords(stop, { pool: pool ?? '', method, status }) };
}

function micros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
