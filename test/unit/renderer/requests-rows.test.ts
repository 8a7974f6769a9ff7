import type { RequestSummary } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  isNarrowed,
  requestRows,
  statusCell,
} from '../../../renderer/src/features/requests/request-rows.ts';
import { requestSummary } from '../../support/request-summary.ts';

const request = (atMs: number, more: Partial<RequestSummary> = {}): RequestSummary =>
  requestSummary({ id: `r${atMs}`, atMs, target: '/cart', server: 'api/api-1', responseBytes: 10, ...more });
const at = (rows: readonly RequestSummary[]) => rows.map(({ atMs }) => atMs);

describe('rows of the request list', () => {
  it('shows the newest first', () => {
    expect(at(requestRows([request(1), request(2), request(3)], [], {}, 10))).toEqual([3, 2, 1]);
  });

  it('joins what the journal found with what came live, each once, in order', () => {
    const live = [request(3), request(5), request(6)];
    const found = [request(5), request(4), request(2)];
    expect(at(requestRows(live, found, {}, 10))).toEqual([6, 5, 4, 3, 2]);
  });

  it('puts a request that took long where it ended, not where it began', () => {
    const slow = request(1, { durationMs: 100 });
    expect(at(requestRows([request(50), slow], [request(60), request(2)], {}, 10))).toEqual([1, 60, 50, 2]);
  });

  it('keeps to its limit', () => {
    const live = Array.from({ length: 50 }, (_, index) => request(index));
    expect(at(requestRows(live, [], {}, 3))).toEqual([49, 48, 47]);
  });

  it('narrows to failed requests: an error, or a status of 500 and above', () => {
    const live = [
      request(1, { status: 404 }),
      request(2, { status: 502 }),
      request(3, { status: 200, error: 'broke off in the middle' }),
      request(4),
    ];
    expect(at(requestRows(live, [], { only: 'failed' }, 10))).toEqual([3, 2]);
  });

  it('narrows to retried requests, a pool, exact ids', () => {
    const live = [request(1, { attempts: 2 }), request(2, { pool: 'web', server: 'web/web-1' }), request(3)];
    expect(at(requestRows(live, [], { only: 'retried' }, 10))).toEqual([1]);
    expect(at(requestRows(live, [], { pool: 'web' }, 10))).toEqual([2]);
    expect(at(requestRows(live, [], { ids: ['r1', 'r3'] }, 10))).toEqual([3, 1]);
  });

  it('shows of a session what the journal found, and nothing of others that came live', () => {
    const session = { pool: 'api', id: 's1' };
    expect(at(requestRows([request(1), request(2)], [request(1)], { session }, 10))).toEqual([1]);
    expect(isNarrowed({ session })).toBe(true);
  });

  it('believes the journal about a server that only an earlier attempt went to', () => {
    const retried = request(2, { attempts: 2, server: 'api/api-3' });
    const rows = requestRows([request(1), retried], [retried], { server: 'api/api-2' }, 10);
    expect(at(rows)).toEqual([2]);
  });

  it('finds by words in any order, over every cell, what the journal found included', () => {
    const live = [request(1, { method: 'POST', target: '/orders/77' }), request(2)];
    expect(at(requestRows(live, [], { text: 'orders post' }, 10))).toEqual([1]);
    expect(at(requestRows(live, [], { text: 'API-1 cart' }, 10))).toEqual([2]);
    expect(at(requestRows([], live.toReversed(), { text: '77' }, 10))).toEqual([1]);
    expect(requestRows(live, [], { text: 'nothing-like-it' }, 10)).toEqual([]);
  });

  it('knows which filters the journal must be asked for', () => {
    expect(isNarrowed({})).toBe(false);
    expect(isNarrowed({ text: 'cart' })).toBe(false);
    expect(isNarrowed({ server: 'api/api-1' })).toBe(true);
    expect(isNarrowed({ ids: [] })).toBe(true);
  });

  it('reads every row of full lists once', () => {
    let read = 0;
    const counted = (atMs: number): RequestSummary =>
      Object.defineProperty(request(atMs), 'target', {
        get: () => {
          read += 1;
          return '/cart';
        },
      });
    const live = Array.from({ length: 2_000 }, (_, index) => counted(index * 2));
    const found = Array.from({ length: 1_000 }, (_, index) => counted(3_999 - index * 2));
    expect(requestRows(live, found, { text: 'cart' }, 3_000)).toHaveLength(3_000);
    expect(read).toBe(3_000);
  });
});

describe('cells of the request list', () => {
  it('says how a request ended', () => {
    expect(statusCell({ status: 200, error: null })).toEqual({ text: '200', tone: 'good' });
    expect(statusCell({ status: 304, error: null }).tone).toBe('neutral');
    expect(statusCell({ status: 404, error: null }).tone).toBe('warn');
    expect(statusCell({ status: 503, error: null }).tone).toBe('bad');
    expect(statusCell({ status: 200, error: 'broke off' }).tone).toBe('bad');
    expect(statusCell({ status: 0, error: 'client left' })).toEqual({ text: '–', tone: 'bad' });
  });

  it('writes sizes with three places at most', () => {
    expect([0, 999, 1_000, 12_345, 99_960, 999_600, 2_147_483_648].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '12.3 kB',
      '100 kB',
      '1.0 MB',
      '2.1 GB',
    ]);
  });
});
