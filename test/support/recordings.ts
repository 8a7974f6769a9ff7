import type { RecordedAttempt, RecordedRequest } from '@shared/contract/recorded-request.ts';

/** One recorded request of the pool `api`; the servers go by their short names. */
export function recordedRequest(
  arrivedMs: number,
  attempts: readonly (Partial<RecordedAttempt> & { readonly server: string })[],
  rest: Partial<Omit<RecordedRequest, 'attempts'>> = {},
): RecordedRequest {
  const told = attempts.map(
    (attempt): RecordedAttempt => ({
      startedAfterMs: 0,
      durationMs: 10,
      outcome: 'responded',
      status: attempt.outcome === undefined || attempt.outcome === 'responded' ? 200 : 0,
      ...attempt,
      server: `api/${attempt.server}`,
    }),
  );
  const last = told.at(-1);
  return {
    id: `r-${arrivedMs}`,
    arrivedMs,
    durationMs: last === undefined ? 0 : last.startedAfterMs + last.durationMs,
    listener: 'web',
    pool: 'api',
    client: '127.0.0.1',
    method: 'GET',
    target: '/orders',
    status: last?.status ?? 503,
    failed: last === undefined || last.status === 0 || last.status >= 500,
    requestBytes: 0,
    queuedMs: 0,
    session: null,
    affinity: null,
    key: null,
    attempts: told,
    ...rest,
  };
}

/** Requests at even distances, answered by one server after the other. */
export function steadyRequests(
  count: number,
  { everyMs = 10, durationMs = 10, servers = ['a', 'b', 'c'], clients = 1 } = {},
): RecordedRequest[] {
  return Array.from({ length: count }, (_, index) =>
    recordedRequest(index * everyMs, [{ server: servers[index % servers.length]!, durationMs }], {
      id: `r-${index}`,
      client: `127.0.0.${1 + (index % clients)}`,
      target: `/orders/${index}`,
    }),
  );
}
