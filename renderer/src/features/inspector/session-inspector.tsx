import type { Session } from '@shared/contract/values.ts';
import { useEffect, useState } from 'react';
import { call } from '../../connection/control.ts';
import { run } from '../../connection/run.ts';
import { formatCount, formatTime } from '../../metrics/format.ts';
import { useBlocked } from '../../store/connection.ts';
import { select, showRequests } from '../../store/interface.ts';
import { Button } from '../../ui/button.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { Fact, Facts, InspectHead } from './inspect-head.tsx';

const everyMs = 1_000;

/** One binding of a client to a server. */
export function SessionInspector({ pool, id }: { pool: string; id: string }) {
  const session = useSession(pool, id);
  const blocked = useBlocked('operate');
  if (session === undefined) return null;
  if (session === null) {
    return (
      <div className="inspect">
        <InspectHead title="Session">
          <code>{id}</code>
        </InspectHead>
        <p className="inspect-note">It has ended: its client is bound anew at its next request.</p>
      </div>
    );
  }
  const { client, server, type, sinceMs, lastUsedMs, expiresMs, hits, moved } = session;
  return (
    <div className="inspect">
      <InspectHead title="Session">
        <code>{id}</code>
      </InspectHead>
      <p className="inspect-line">
        {client}, bound to <ServerName id={server} /> by {type === 'cookie' ? 'cookie' : 'its address'}
      </p>
      <Facts>
        <Fact name="Pool">{pool}</Fact>
        <Fact name="Since">{formatTime(sinceMs)}</Fact>
        <Fact name="Last used">{formatTime(lastUsedMs)}</Fact>
        <Fact name="Expires">{formatTime(expiresMs)}, unless it is used before</Fact>
        <Fact name="Hits">{formatCount(hits)}</Fact>
      </Facts>
      {moved && (
        <>
          <h3>Moved</h3>
          <p className="inspect-line">
            From <ServerName id={moved.from} /> at {formatTime(moved.atMs, true)}: {moved.reason}
          </p>
        </>
      )}
      <p className="inspect-more">
        <Button icon="requests" onPress={() => showRequests({ pool, text: client })}>
          Requests of this client
        </Button>
        <Button
          tone="danger"
          disabledReason={blocked}
          onPress={() => {
            void run('session.end', { pool, id }, 'Session not ended', {
              done: `Session ${id} of ${client} ended; its next request is bound anew`,
            }).then((done) => done && select(null));
          }}
        >
          End session
        </Button>
      </p>
    </div>
  );
}

/** Null for one that is not there any more, undefined until that is known. */
function useSession(pool: string, id: string): Session | null | undefined {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      const answer = await call('session.list', { pool, search: id, limit: 10 }).catch(() => undefined);
      if (isOver) return;
      if (answer) setSession(answer.sessions.find((each) => each.id === id) ?? null);
      timer = setTimeout(ask, everyMs);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [pool, id]);
  return session;
}
