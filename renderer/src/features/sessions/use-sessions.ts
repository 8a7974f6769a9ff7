import type { Session } from '@shared/contract/session-values.ts';
import { useEffect, useReducer, useState } from 'react';
import { call } from '../../connection/control.ts';
import { useConnection } from '../../store/connection.ts';

const everyMs = 1_000;
const most = 1_000;

export interface Sessions {
  /** Most recently used first. */
  readonly sessions: readonly Session[];
  /** As many pass the search, listed or not. */
  readonly total: number;
  /** When this was asked: what times are told against. */
  readonly nowMs: number;
  readonly isKnown: boolean;
  readonly refresh: () => void;
}

const nothing = { sessions: [], total: 0, nowMs: 0, isKnown: false };

/** The sessions, asked for about once a second while this is on screen and the page is looked at. */
export function useSessions({
  search,
  pool,
  isWanted,
}: {
  search: string;
  pool: string;
  isWanted: boolean;
}): Sessions {
  const [known, setKnown] = useState<Omit<Sessions, 'refresh'>>(nothing);
  const [asked, refresh] = useReducer((count: number) => count + 1, 0);
  const isConnected = useConnection(({ state }) => state.phase === 'connected');
  // biome-ignore lint/correctness/useExhaustiveDependencies: asking anew is what `asked` is for
  useEffect(() => {
    if (!isConnected || !isWanted) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      if (!document.hidden) {
        const params = { limit: most, ...(search !== '' && { search }), ...(pool !== '' && { pool }) };
        // Without an answer what was known stays; the connection's banner says what is wrong.
        const answer = await call('session.list', params).catch(() => undefined);
        if (isOver) return;
        if (answer) setKnown({ ...answer, nowMs: Date.now(), isKnown: true });
      }
      timer = setTimeout(ask, everyMs);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [search, pool, isWanted, isConnected, asked]);
  return { ...known, refresh };
}
