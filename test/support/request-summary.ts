import type { RequestSummary } from '@shared/contract/request-values.ts';

/** A request that went well, as lists tell it; by itself it began at 0 and took a millisecond. */
export function requestSummary(more: Partial<RequestSummary> & Pick<RequestSummary, 'id'>): RequestSummary {
  return {
    atMs: 0,
    durationMs: 1,
    listener: 'web',
    pool: 'api',
    client: '127.0.0.1',
    method: 'GET',
    target: '/',
    status: 200,
    server: 'api/a',
    attempts: 1,
    requestBytes: 0,
    responseBytes: 0,
    error: null,
    ...more,
  };
}
