import type { LogSource } from '@shared/contract/log-publisher.ts';
import type { AttemptOutcome, RequestDetail, RequestSummary } from '@shared/contract/values.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import { hasFailed } from '../metrics/has-failed.ts';
import type { DecisionRecord } from './decision.ts';
import { renderDecision } from './render-decision.ts';

/** One try, as the journal keeps it. */
interface KeptAttempt {
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
}

/** One request, as the journal keeps it. Reused when the ring comes round. */
interface KeptRequest {
  number: number;
  /** Clock's `now()`. */
  endedAt: number;
  id: number;
  idPrefix: string;
  atMs: number;
  durationMs: number;
  listener: string;
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
  attemptCount: number;
  readonly attempts: KeptAttempt[];
  unserved: DecisionRecord | null;
}

export interface RequestFilter {
  readonly limit: number;
  readonly pool?: string | undefined;
  /** Only requests that any attempt took to this server id. */
  readonly server?: string | undefined;
  readonly only?: 'failed' | 'retried' | undefined;
}

/**
 * Failed and retried requests kept beyond the others, as many again as the others at most: at thousands a second the journal
 * is over in the blink of an eye.
 */
const mostNotable = 500;

/** A request, and when it ended: what the journals of several threads are put in order by. */
export interface EndedRequest {
  readonly request: RequestSummary;
  /** Clock's `now()`. */
  readonly endedAt: number;
}

/**
 * The last requests, with every decision and attempt, and the last that failed or were retried for longer than the others.
 * Recording copies numbers and references; words are made when read.
 */
export interface Journal extends LogSource<RequestSummary> {
  /** @param endedAt clock's `now()` */
  record(exchange: Exchange, endedAt: number): void;
  /** The newest `limit` requests with a number above `after`, oldest first. */
  readEnded(after: number, limit: number): EndedRequest[];
  /** Newest first. */
  list(filter: RequestFilter): { requests: RequestSummary[]; forgotten: number };
  /** The same. */
  listEnded(filter: RequestFilter): { requests: EndedRequest[]; forgotten: number };
  /** Undefined for one that is forgotten or never was. */
  detail(id: string): RequestDetail | undefined;
  /** Keeps the newest that fit, and of those that do not the ones that failed or were retried. */
  resize(capacity: number): void;
}

export function createJournal(initialCapacity: number): Journal {
  let capacity = initialCapacity;
  /** Filled on demand, then reused in turn. */
  let slots: KeptRequest[] = [];
  let next = 0;
  let cursor = 0;

  /** Older than everything in `slots`: what would have been written over there. Reused in turn as well. */
  let notable: KeptRequest[] = [];
  let notableCapacity = Math.min(mostNotable, capacity);
  let nextNotable = 0;

  function* newestFirst(): Generator<KeptRequest> {
    for (let back = 1; back <= slots.length; back++)
      yield slots[(next - back + slots.length) % slots.length]!;
  }

  function* notableNewestFirst(): Generator<KeptRequest> {
    for (let back = 1; back <= notable.length; back++)
      yield notable[(nextNotable - back + notable.length) % notable.length]!;
  }

  function* allNewestFirst(): Generator<KeptRequest> {
    yield* newestFirst();
    yield* notableNewestFirst();
  }

  /** Sets a notable request apart. Returns the slot it leaves to the next one: that of a notable request forgotten now. */
  function setApart(slot: KeptRequest): KeptRequest {
    const left = notable[nextNotable] ?? emptyRequest();
    notable[nextNotable] = slot;
    nextNotable = nextNotable + 1 === notableCapacity ? 0 : nextNotable + 1;
    return left;
  }

  function listEnded({ limit, pool, server, only }: RequestFilter): {
    requests: EndedRequest[];
    forgotten: number;
  } {
    const requests: EndedRequest[] = [];
    for (const slot of allNewestFirst()) {
      if (requests.length === limit) break;
      if (pool !== undefined && slot.pool !== pool) continue;
      if (server !== undefined && !wentTo(slot, server)) continue;
      if (only === 'retried' && slot.attemptCount < 2) continue;
      if (only === 'failed' && !slot.failed) continue;
      requests.push(ended(slot));
    }
    return { requests, forgotten: cursor - slots.length - notable.length };
  }

  function readEnded(after: number, limit: number): EndedRequest[] {
    const found: EndedRequest[] = [];
    for (const slot of newestFirst()) {
      if (slot.number <= after || found.length === limit) break;
      found.push(ended(slot));
    }
    return found.reverse();
  }

  return {
    get cursor() {
      return cursor;
    },
    record(exchange, endedAt) {
      cursor += 1;
      let slot = slots[next];
      if (!slot) {
        slot = emptyRequest();
        slots.push(slot);
      } else if (isNotable(slot)) {
        slot = setApart(slot);
        slots[next] = slot;
      }
      next = next + 1 === capacity ? 0 : next + 1;
      slot.number = cursor;
      keep(slot, exchange, endedAt);
    },
    read: (after, limit) => readEnded(after, limit).map(({ request }) => request),
    readEnded,
    list(filter) {
      const { requests, forgotten } = listEnded(filter);
      return { requests: requests.map(({ request }) => request), forgotten };
    },
    listEnded,
    detail(id) {
      for (const slot of allNewestFirst()) if (idText(slot) === id) return detail(slot);
      return undefined;
    },
    resize(wanted) {
      if (wanted === capacity) return;
      const all = [...newestFirst()];
      const left = all.slice(wanted).filter(isNotable);
      capacity = wanted;
      slots = all.slice(0, capacity).reverse();
      next = slots.length === capacity ? 0 : slots.length;
      notableCapacity = Math.min(mostNotable, capacity);
      notable = [...left, ...notableNewestFirst()].slice(0, notableCapacity).reverse();
      nextNotable = notable.length === notableCapacity ? 0 : notable.length;
    },
  };
}

function idText({ idPrefix, id }: KeptRequest): string {
  return `${idPrefix}${id}`;
}

function isNotable({ failed, attemptCount }: KeptRequest): boolean {
  return failed || attemptCount > 1;
}

function emptyRequest(): KeptRequest {
  return {
    number: 0,
    endedAt: 0,
    id: 0,
    idPrefix: '',
    atMs: 0,
    durationMs: 0,
    listener: '',
    pool: null,
    client: '',
    method: '',
    target: '',
    status: 0,
    requestBytes: 0,
    responseBytes: 0,
    error: null,
    failed: false,
    attemptCount: 0,
    attempts: [],
    unserved: null,
  };
}

function keep(slot: KeptRequest, exchange: Exchange, endedAt: number): void {
  slot.id = exchange.id;
  slot.idPrefix = exchange.idPrefix;
  slot.endedAt = endedAt;
  slot.atMs = exchange.startedEpoch;
  slot.durationMs = endedAt - exchange.startedAt;
  slot.listener = exchange.listener;
  slot.pool = exchange.pool === null ? null : exchange.pool.name;
  slot.client = exchange.facts === null ? '' : exchange.facts.clientAddress;
  slot.method = exchange.method;
  slot.target = exchange.target;
  slot.status = exchange.status;
  slot.requestBytes = exchange.requestBytes;
  slot.responseBytes = exchange.responseBytes;
  slot.error = exchange.error;
  slot.failed = hasFailed(exchange);
  slot.attemptCount = exchange.attemptCount;
  slot.unserved = exchange.unserved;
  exchange.unserved = null;
  for (let index = 0; index < exchange.attemptCount; index++) {
    let kept = slot.attempts[index];
    if (!kept) {
      kept = {
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
      };
      slot.attempts.push(kept);
    }
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
  // The record changes hands: the exchange gets the old one to write its next decision on.
  const spare = kept.decision;
  kept.decision = attempt.decision;
  attempt.decision = spare;
}

function wentTo(slot: KeptRequest, server: string): boolean {
  for (let index = 0; index < slot.attemptCount; index++) {
    if (slot.attempts[index]!.server === server) return true;
  }
  return false;
}

function ended(slot: KeptRequest): EndedRequest {
  return { request: summarize(slot), endedAt: slot.endedAt };
}

function summarize(slot: KeptRequest): RequestSummary {
  return {
    id: idText(slot),
    atMs: Math.round(slot.atMs),
    durationMs: micros(slot.durationMs),
    listener: slot.listener,
    pool: slot.pool,
    client: slot.client,
    method: slot.method,
    target: slot.target,
    status: slot.status,
    server: slot.attemptCount === 0 ? null : slot.attempts[slot.attemptCount - 1]!.server,
    attempts: slot.attemptCount,
    requestBytes: slot.requestBytes,
    responseBytes: slot.responseBytes,
    error: slot.error,
  };
}

function detail(slot: KeptRequest): RequestDetail {
  const attempts = slot.attempts.slice(0, slot.attemptCount);
  return {
    ...summarize(slot),
    attemptList: attempts.map((attempt, index) => ({
      server: attempt.server,
      startedAfterMs: micros(attempt.startedAfterMs),
      durationMs: micros(attempt.durationMs),
      outcome: attempt.outcome,
      status: attempt.status === 0 ? null : attempt.status,
      detail: attempt.detail,
      decision: attempt.decision && renderDecision(attempt.decision, attempts[index - 1] ?? null),
      batch:
        attempt.batchSize === 0
          ? null
          : { place: attempt.batchPlace, size: attempt.batchSize, apart: attempt.sentApart },
    })),
    unserved: slot.unserved && renderDecision(slot.unserved, attempts.at(-1) ?? null),
  };
}

function micros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
