import type { RequestSummary } from '@shared/contract/request-values.ts';
import { finishedMs } from '@shared/lib/finished-at.ts';
import type { RequestFilter } from '../../store/interface.ts';

/** Failed for its client, as the journal counts it. */
export function isFailed({ error, status }: Pick<RequestSummary, 'error' | 'status'>): boolean {
  return error !== null || status >= 500;
}

export function isRetried({ attempts }: Pick<RequestSummary, 'attempts'>): boolean {
  return attempts > 1;
}

/** Whether the list is narrowed by something that only the whole journal can answer. */
export function isNarrowed({ pool, server, session, only, ids }: RequestFilter): boolean {
  return [pool, server, session, only, ids].some((each) => each !== undefined);
}

/**
 * What the list shows: what finished last comes first.
 *
 * @param live the newest requests as they came, oldest first
 * @param found what the journal answered to the same filter: it holds requests that the live list let pass, and knows
 *   which servers the attempts of each went to, of which a summary tells only the last
 */
export function requestRows(
  live: readonly RequestSummary[],
  found: readonly RequestSummary[],
  filter: RequestFilter,
  limit: number,
): readonly RequestSummary[] {
  const matches = matcher(filter);
  const text = textMatcher(filter.text);
  const rows: RequestSummary[] = [];
  const seen = new Set<string>();
  // Both are in order already: they are merged as they are read, so that a list of thousands costs no sort.
  let newest = live.length - 1;
  let next = 0;
  while (rows.length < limit && (newest >= 0 || next < found.length)) {
    const a = live[newest];
    const b = found[next];
    const takeLive = b === undefined || (a !== undefined && finishedMs(a) >= finishedMs(b));
    const row = takeLive ? a! : b;
    if (takeLive) newest -= 1;
    else next += 1;
    if ((takeLive && !matches(row)) || !text(row) || seen.has(row.id)) continue;
    seen.add(row.id);
    rows.push(row);
  }
  return rows;
}

function matcher({ pool, server, session, only, ids }: RequestFilter): (request: RequestSummary) => boolean {
  const wanted = ids && new Set(ids);
  return (request) =>
    // A summary does not tell its session: the journal does.
    session === undefined &&
    (pool === undefined || request.pool === pool) &&
    (server === undefined || request.server === server) &&
    (only !== 'failed' || isFailed(request)) &&
    (only !== 'retried' || isRetried(request)) &&
    (wanted === undefined || wanted.has(request.id));
}

/** Every word must occur: in method, target, status, client, server, error or id. */
function textMatcher(text: string | undefined): (request: RequestSummary) => boolean {
  const words = (text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  return ({ id, method, target, status, client, server, pool, error }) => {
    const told =
      `${method} ${target} ${status} ${client} ${server ?? ''} ${pool ?? ''} ${error ?? ''} ${id}`.toLowerCase();
    return words.every((word) => told.includes(word));
  };
}

export type StatusTone = 'good' | 'neutral' | 'warn' | 'bad';

/** How a request ended, for its cell: `–` where the client got nothing. */
export function statusCell(request: Pick<RequestSummary, 'status' | 'error'>): {
  readonly text: string;
  readonly tone: StatusTone;
} {
  const { status } = request;
  const text = status === 0 ? '–' : String(status);
  if (isFailed(request) || status === 0) return { text, tone: 'bad' };
  if (status >= 400) return { text, tone: 'warn' };
  return { text, tone: status >= 300 ? 'neutral' : 'good' };
}

/** `842 B`, `12.4 kB`, `3.1 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
