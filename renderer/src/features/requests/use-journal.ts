import type { RequestSummary } from '@shared/contract/request-values.ts';
import { finishedMs } from '@shared/lib/finished-at.ts';
import { useEffect, useState } from 'react';
import { call } from '../../connection/control.ts';
import { useConnection } from '../../store/connection.ts';
import type { RequestFilter } from '../../store/interface.ts';
import { isNarrowed } from './request-rows.ts';

const askAgainMs = 1_000;
const most = 1_000;

export interface JournalAnswer {
  /** Newest first. */
  readonly requests: readonly RequestSummary[];
  /** Older requests that the journal no longer has. */
  readonly forgotten: number;
  /** As many as were asked for: there may be more. */
  readonly isFull: boolean;
}
const nothing: JournalAnswer = { requests: [], forgotten: 0, isFull: false };

/** Requests by their ids; those that the journal no longer has are counted. */
async function named(ids: readonly string[]): Promise<JournalAnswer> {
  const asked = await Promise.allSettled(ids.slice(-most).map((id) => call('request.get', { id })));
  const requests = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  requests.sort((a, b) => finishedMs(b) - finishedMs(a));
  return { requests, forgotten: ids.length - requests.length, isFull: false };
}

/**
 * What the journal knows to the filter. Asked once for the whole list, which then goes on by itself; about once a second
 * for a narrowed one, because a failed request among thousands may have been dropped from the live log.
 */
export function useJournal(filter: RequestFilter, isPaused: boolean): JournalAnswer {
  const [answer, setAnswer] = useState(nothing);
  const isConnected = useConnection(({ state }) => state.phase === 'connected');
  const { pool, server, session, only, ids } = filter;
  const narrowed = isNarrowed(filter);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another question is on its way, the old answer must go
  useEffect(() => setAnswer(nothing), [pool, server, session, only, ids]);

  useEffect(() => {
    if (!isConnected || isPaused) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const ask = async (): Promise<void> => {
      const params = {
        limit: most,
        ...(pool !== undefined && { pool }),
        ...(server !== undefined && { server }),
        ...(session !== undefined && { session }),
        ...(only !== undefined && { only }),
      };
      // Without an answer the live list stands for itself; the connection's banner says what is wrong.
      const next = await (ids ? named(ids) : call('request.list', params)).catch(() => undefined);
      if (isOver) return;
      if (next) setAnswer({ isFull: next.requests.length >= most, ...next });
      if (narrowed && !ids) timer = setTimeout(ask, askAgainMs);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [pool, server, session, only, ids, narrowed, isConnected, isPaused]);
  return answer;
}
