import './sessions.css';
import { useState } from 'react';
import { endSession, moveSession, pinSession } from '../../connection/session-acts.ts';
import { plural } from '../../metrics/format.ts';
import { useConfig } from '../../store/config.ts';
import { useBlocked } from '../../store/connection.ts';
import { select, useInterface } from '../../store/interface.ts';
import { Chip } from '../../ui/chip.tsx';
import { Choice } from '../../ui/choice.tsx';
import { DataGrid, type GridSort } from '../../ui/data-grid.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { AffinityOff } from './affinity-off.tsx';
import { HowToBind } from './how-to-bind.tsx';
import { poolsWithAffinity, type SessionSort, sortSessions } from './present-session.ts';
import { sessionColumns } from './session-columns.tsx';
import type { SessionActs } from './session-menu.tsx';
import { useSessions } from './use-sessions.ts';

const all = '';

/** Which client is bound to which server, since when, and why one moved. */
export function SessionsScreen() {
  const config = useConfig((state) => state.config);
  const pools = config ? poolsWithAffinity(config) : [];
  const [search, setSearch] = useState('');
  const [pool, setPool] = useState(all);
  const [sort, setSort] = useState<GridSort>({ column: 'lastUsed', direction: 'descending' });
  const { sessions, total, nowMs, isKnown, refresh } = useSessions({
    search,
    pool: pools.some((each) => each.pool === pool) ? pool : all,
    isWanted: pools.length > 0,
  });
  const selection = useInterface((state) => state.selection);
  const disabledReason = useBlocked('operate');
  const acts: SessionActs = {
    end(session) {
      if (disabledReason === undefined) void endSession(session).then(refresh);
    },
    pin: (session, pinned) => void pinSession(session, pinned).then(refresh),
    move: (session, server) => void moveSession(session, server).then(refresh),
  };
  if (config && pools.length === 0) return <AffinityOff pool={config.pools[0]?.name ?? 'api'} />;
  return (
    <div className="list-screen sessions">
      <div className="list-bar">
        <SearchBox
          label="Search sessions"
          placeholder="Client, session or key…"
          value={search}
          onChange={setSearch}
        />
        {pools.length > 1 && (
          <Choice
            label="Pool"
            value={pool}
            options={[
              { id: all, label: 'all' },
              ...pools.map((each) => ({ id: each.pool, label: each.pool })),
            ]}
            onChange={setPool}
          />
        )}
        {pools.map((each) => (
          <Chip key={each.pool}>
            {each.pool}: {each.by}, {each.ttl}
          </Chip>
        ))}
        <span className="space" />
        <span className="told">
          {sessions.length < total
            ? `${plural(sessions.length, 'session')} of ${total.toLocaleString('en')}; search to narrow them`
            : plural(total, 'session')}
        </span>
      </div>
      <div className="list-body">
        <DataGrid
          label="Sessions"
          columns={sessionColumns({
            nowMs,
            hasPools: pools.length > 1,
            oldestMs: sessions.reduce((oldest, { sinceMs }) => Math.min(oldest, sinceMs), nowMs),
            disabledReason,
            acts,
          })}
          rows={sortSessions(sessions, sort.column as SessionSort, sort.direction)}
          rowKey={({ pool: of, id }) => `${of}/${id}`}
          rowHeight={32}
          sort={sort}
          onSort={setSort}
          selectedKey={selection?.kind === 'session' ? `${selection.pool}/${selection.id}` : undefined}
          onSelect={({ pool: of, id }) => select({ kind: 'session', pool: of, id })}
          onDelete={acts.end}
          empty={
            isKnown && (
              <EmptyState icon="sessions" title={search === '' ? 'No session yet' : 'No session like that'}>
                {search === '' ? (
                  <HowToBind pool={pools.find((each) => each.pool === pool) ?? pools[0]!} />
                ) : (
                  <p>
                    {`Nothing matches “${search}”. Sessions are found by part of the client or of their id, or by the beginning of their key.`}
                  </p>
                )}
              </EmptyState>
            )
          }
        />
      </div>
    </div>
  );
}
