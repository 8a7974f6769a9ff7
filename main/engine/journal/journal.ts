import type { LogSource } from '@shared/contract/log-publisher.ts';
import { isOlder, type PlacedRequest, type RecordCursor } from '@shared/contract/recorded-request.ts';
import type { RequestDetail, RequestSummary } from '@shared/contract/request-values.ts';
import type { Exchange } from '../exchange.ts';
import {
  emptyRequest,
  idText,
  isNotable,
  type KeptRequest,
  keepRequest,
  summarize,
  tellInFull,
  wentTo,
} from './kept-request.ts';
import { PlainRequests } from './plain-requests.ts';
import { tellForRecord } from './tell-for-record.ts';

export interface RequestFilter {
  readonly limit: number;
  readonly pool?: string | undefined;
  /** Only requests that any attempt took to this server id. */
  readonly server?: string | undefined;
  /** Only requests of that session, by its handle in its pool. */
  readonly session?: { readonly pool: string; readonly id: string } | undefined;
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
  /**
   * The newest `limit` requests that are older than `before`, newest first; more where several ended at the very same time, so that
   * none is lost between two pages. Without those that are kept beyond the others: they would be failures without their neighbours.
   */
  recorded(before: RecordCursor | undefined, limit: number): PlacedRequest[];
  /** Undefined for one that is forgotten or never was. */
  detail(id: string): RequestDetail | undefined;
  /** It keeps some: otherwise nothing is to be written down for it. */
  readonly isOn: boolean;
  /** @param capacity 0 keeps none. Keeps the newest that fit, and of those that do not the ones that failed or were retried. */
  resize(capacity: number): void;
}

export function createJournal(initialCapacity: number): Journal {
  let capacity = initialCapacity;
  /** A ring of places, filled on demand. What is not plain is kept in `others` at its place, where there is null otherwise. */
  const plain = new PlainRequests();
  let others: (KeptRequest | null)[] = [];
  let next = 0;
  /** Every request so far: the newest has this for its number. */
  let cursor = 0;
  /** For the next that is not plain. */
  let spare: KeptRequest[] = [];

  /** Older than everything in the ring: what would have been written over there. Reused in turn as well. */
  let notable: KeptRequest[] = [];
  let notableCapacity = Math.min(mostNotable, capacity);
  let nextNotable = 0;

  function* placesNewestFirst(): Generator<number> {
    const { length } = others;
    for (let back = 1; back <= length; back++) yield (next - back + length) % length;
  }

  function* notableNewestFirst(): Generator<KeptRequest> {
    for (let back = 1; back <= notable.length; back++)
      yield notable[(nextNotable - back + notable.length) % notable.length]!;
  }

  function at(place: number): KeptRequest {
    return others[place] ?? plain.read(place);
  }

  /** Newest first, from the ring and then from what was set apart. */
  function* matching({ pool, server, session, only }: Omit<RequestFilter, 'limit'>): Generator<KeptRequest> {
    const matches = (kept: KeptRequest): boolean =>
      (pool === undefined || kept.pool === pool) &&
      (server === undefined || wentTo(kept, server)) &&
      (session === undefined || (kept.session === session.id && kept.pool === session.pool)) &&
      (only !== 'retried' || kept.attemptCount > 1) &&
      (only !== 'failed' || kept.failed);
    for (const place of placesNewestFirst()) {
      const kept = others[place];
      if (kept) {
        if (matches(kept)) yield kept;
        continue;
      }
      // A plain request has no session, did not fail and was not retried.
      if (only !== undefined || session !== undefined) continue;
      if (pool !== undefined && plain.poolOf(place) !== pool) continue;
      if (server !== undefined && plain.serverOf(place) !== server) continue;
      yield plain.read(place);
    }
    for (const kept of notableNewestFirst()) if (matches(kept)) yield kept;
  }

  /** Takes a request that is written over out of the ring; a notable one is set apart, and another is forgotten for it. */
  function leave(place: number, kept: KeptRequest): void {
    others[place] = null;
    if (!isNotable(kept)) {
      spare.push(kept);
      return;
    }
    const forgotten = notable[nextNotable];
    if (forgotten) spare.push(forgotten);
    notable[nextNotable] = kept;
    nextNotable = nextNotable + 1 === notableCapacity ? 0 : nextNotable + 1;
  }

  /** How far back the newest request is that ended then or before: the ring is in that order. */
  function firstBackNotAfter(endedAt: number): number {
    const { length } = others;
    let low = 1;
    let high = length + 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const place = (next - middle + length) % length;
      if ((others[place]?.endedAt ?? plain.endedAtOf(place)) <= endedAt) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  function listEnded({ limit, ...filter }: RequestFilter): { requests: EndedRequest[]; forgotten: number } {
    const requests: EndedRequest[] = [];
    if (limit > 0) {
      for (const kept of matching(filter)) {
        requests.push(ended(kept));
        if (requests.length === limit) break;
      }
    }
    return { requests, forgotten: cursor - others.length - notable.length };
  }

  function readEnded(after: number, limit: number): EndedRequest[] {
    const found: EndedRequest[] = [];
    let number = cursor;
    for (const place of placesNewestFirst()) {
      if (number <= after || found.length === limit) break;
      found.push(ended(at(place)));
      number -= 1;
    }
    return found.reverse();
  }

  return {
    get cursor() {
      return cursor;
    },
    get isOn() {
      return capacity > 0;
    },
    record(exchange, endedAt) {
      if (capacity === 0) return;
      cursor += 1;
      const place = next;
      next = place + 1 === capacity ? 0 : place + 1;
      const before = others[place];
      if (before === undefined) others.push(null);
      else if (before !== null) leave(place, before);
      if (plain.keep(place, exchange, endedAt)) return;
      const kept = spare.pop() ?? emptyRequest();
      keepRequest(kept, exchange, endedAt);
      others[place] = kept;
    },
    read: (after, limit) => readEnded(after, limit).map(({ request }) => request),
    readEnded,
    list(filter) {
      const { requests, forgotten } = listEnded(filter);
      return { requests: requests.map(({ request }) => request), forgotten };
    },
    listEnded,
    recorded(before, limit) {
      const found: PlacedRequest[] = [];
      const { length } = others;
      let back = before === undefined ? 1 : firstBackNotAfter(before.endedAt);
      for (; back <= length; back++) {
        const place = (next - back + length) % length;
        const kept = at(place);
        if (found.length >= limit && kept.endedAt !== found.at(-1)!.at.endedAt) break;
        const placed = { endedAt: kept.endedAt, id: idText(kept) };
        if (before !== undefined && !isOlder(placed, before)) continue;
        if (others[place] === null) kept.attempts[0]!.decision = plain.decisionOf(place);
        found.push({ request: tellForRecord(kept), at: placed });
      }
      return found;
    },
    detail(id) {
      for (const place of placesNewestFirst()) {
        const kept = at(place);
        if (idText(kept) !== id) continue;
        if (others[place] === null) kept.attempts[0]!.decision = plain.decisionOf(place);
        return tellInFull(kept);
      }
      for (const kept of notableNewestFirst()) if (idText(kept) === id) return tellInFull(kept);
      return undefined;
    },
    resize(wanted) {
      if (wanted === capacity) return;
      const places = [...placesNewestFirst()];
      const left = places.slice(wanted).flatMap((place) => others[place] ?? []);
      const kept = places.slice(0, wanted).reverse();
      capacity = wanted;
      plain.rearrange(kept);
      others = kept.map((place) => others[place] ?? null);
      next = others.length === capacity ? 0 : others.length;
      notableCapacity = Math.min(mostNotable, capacity);
      notable = [...left.filter(isNotable), ...notableNewestFirst()].slice(0, notableCapacity).reverse();
      nextNotable = notable.length === notableCapacity ? 0 : notable.length;
      spare = [];
    },
  };
}

function ended(kept: KeptRequest): EndedRequest {
  return { request: summarize(kept), endedAt: kept.endedAt };
}
