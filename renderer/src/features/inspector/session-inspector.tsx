import type { Session } from '@shared/contract/session-values.ts';
import { useEffect, useState } from 'react';
import { call } from '../../connection/control.ts';
import { endSession, moveSession, pinSession } from '../../connection/session-acts.ts';
import { formatCount, formatTime } from '../../metrics/format.ts';
import { useBlocked } from '../../store/connection.ts';
import { select, showRequests } from '../../store/interface.ts';
import { otherServers } from '../../store/other-servers.ts';
import { Button } from '../../ui/button.tsx';
import { MenuButton } from '../../ui/menu.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { Fact, Facts, InspectHead } from './inspect-head.tsx';

const everyMs = 1_000;

/** Completes `bound to api-1 by `. */
const boundBy: Record<Session['type'], string> = {
  cookie: 'cookie',
  'app-cookie': "the application's cookie",
  header: 'a field of its requests',
  'client-ip': 'its address',
};

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
        <p className="inspect-more">
          <RequestsOfSession pool={pool} id={id} />
        </p>
      </div>
    );
  }
  const { client, key, server, type, pinned, sinceMs, lastUsedMs, expiresMs, hits, moved, moves } = session;
  const others = otherServers(pool, server);
  return (
    <div className="inspect">
      <InspectHead title="Session">
        <code>{id}</code>
      </InspectHead>
      <p className="inspect-line">
        {client}, {pinned ? 'pinned' : 'bound'} to <ServerName id={server} /> by {boundBy[type]}
      </p>
      <Facts>
        <Fact name="Pool">{pool}</Fact>
        <Fact name="Key">
          <code>{key}</code>
        </Fact>
        <Fact name="Since">{formatTime(sinceMs)}</Fact>
        <Fact name="Last used">{formatTime(lastUsedMs)}</Fact>
        <Fact name="Expires">{expiresMs === null ? 'never, while it is pinned' : formatTime(expiresMs)}</Fact>
        <Fact name="Hits">{formatCount(hits)}</Fact>
      </Facts>
      {moves.length > 0 && (
        <>
          <h3>{moved > moves.length ? `Moves, the last ${moves.length} of ${moved}` : 'Moves'}</h3>
          {moves.map((move) => (
            <p key={`${move.atMs} ${move.from} ${move.to}`} className="inspect-line">
              From <ServerName id={move.from} /> to <ServerName id={move.to} /> at{' '}
              {formatTime(move.atMs, true)}: {move.reason}
            </p>
          ))}
        </>
      )}
      <p className="inspect-more">
        <RequestsOfSession pool={pool} id={id} />
        <Button icon="lock" disabledReason={blocked} onPress={() => void pinSession(session, !pinned)}>
          {pinned ? 'Unpin' : 'Pin'}
        </Button>
        <MenuButton
          label="Move this session to"
          sections={[
            {
              id: 'servers',
              entries: others.map((name) => ({
                id: name,
                label: name,
                run: () => void moveSession(session, name),
              })),
            },
          ]}
        >
          <Button
            icon="move"
            disabledReason={blocked ?? (others.length === 0 ? 'Its pool has one server' : undefined)}
          >
            Move to…
          </Button>
        </MenuButton>
        <Button
          tone="danger"
          disabledReason={blocked}
          onPress={() => {
            void endSession(session).then((done) => done && select(null));
          }}
        >
          End session
        </Button>
      </p>
    </div>
  );
}

function RequestsOfSession({ pool, id }: { pool: string; id: string }) {
  return (
    <Button icon="requests" onPress={() => showRequests({ session: { pool, id } })}>
      Requests of this session
    </Button>
  );
}

/** Null for one that is not there any more, undefined until that is known. */
function useSession(pool: string, id: string): Session | null | undefined {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      const answer = await call('session.list', { pool, id, limit: 1 }).catch(() => undefined);
      if (isOver) return;
      if (answer) setSession(answer.sessions[0] ?? null);
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
