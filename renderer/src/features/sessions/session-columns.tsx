import type { Session } from '@shared/contract/session-values.ts';
import { formatCount, formatSpan, formatTime } from '../../metrics/format.ts';
import { Button } from '../../ui/button.tsx';
import type { GridColumn } from '../../ui/data-grid.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { withoutName } from './present-session.ts';
import { type SessionActs, SessionMenu } from './session-menu.tsx';

export function sessionColumns({
  nowMs,
  disabledReason,
  acts,
}: {
  nowMs: number;
  disabledReason: string | undefined;
  acts: SessionActs;
}): readonly GridColumn<Session>[] {
  return [
    { id: 'client', label: 'Client', width: 'minmax(80px, 0.8fr)', cell: ({ client }) => <b>{client}</b> },
    {
      id: 'id',
      label: 'Session',
      width: 'minmax(54px, 0.6fr)',
      cell: ({ id }) => <code className="quiet">{id}</code>,
    },
    {
      id: 'key',
      label: 'Key',
      width: 'minmax(80px, 0.8fr)',
      hideBelow: 900,
      cell: ({ key, client }) =>
        key === client ? <span className="quiet">address</span> : <code className="quiet">{key}</code>,
    },
    {
      id: 'server',
      label: 'Server',
      width: 'minmax(132px, 0.9fr)',
      cell: ({ server, pinned }) => (
        <span className="bound-server">
          <ServerName id={server} />
          {pinned && (
            <span className="quiet">
              <Icon name="lock" size={12} /> pinned
            </span>
          )}
        </span>
      ),
    },
    {
      id: 'since',
      label: 'Since',
      width: '74px',
      sortable: true,
      cell: ({ sinceMs }) => <span className="quiet">{formatTime(sinceMs)}</span>,
    },
    {
      id: 'lastUsed',
      label: 'Last used',
      width: '98px',
      align: 'end',
      sortable: true,
      hideBelow: 820,
      cell: ({ lastUsedMs }) => <span className="quiet">{formatSpan(nowMs - lastUsedMs)} ago</span>,
    },
    {
      id: 'expires',
      label: 'Expires in',
      width: '96px',
      align: 'end',
      sortable: true,
      cell: ({ expiresMs }) =>
        expiresMs === null ? <span className="quiet">never</span> : formatSpan(expiresMs - nowMs),
    },
    {
      id: 'hits',
      label: 'Hits',
      width: '64px',
      align: 'end',
      sortable: true,
      cell: ({ hits }) => <b>{formatCount(hits)}</b>,
    },
    {
      id: 'moved',
      label: 'Moved from',
      width: 'minmax(120px, 2.2fr)',
      hideBelow: 640,
      cell: ({ moved, moves: [last] }) =>
        last === undefined ? (
          <span className="never-moved">never moved</span>
        ) : (
          <span className="moved" title={`${formatTime(last.atMs)}: ${last.reason}`}>
            <Icon name="move" size={12} />
            <ServerName id={last.from} />
            <span className="moved-reason">
              {withoutName(last.reason, last.from)}
              {moved > 1 && ` (${moved} moves)`}
            </span>
          </span>
        ),
    },
    {
      id: 'acts',
      label: 'End, pin or move it',
      labelHidden: true,
      width: '90px',
      align: 'end',
      cell: (session) => (
        <span className="session-acts">
          <Button
            tone="ghost"
            className="end-session"
            excludeFromTabOrder
            aria-label={`End the session of ${session.client} on ${session.server}`}
            disabledReason={disabledReason}
            onPress={() => acts.end(session)}
          >
            End
          </Button>
          <SessionMenu session={session} disabledReason={disabledReason} acts={acts} />
        </span>
      ),
    },
  ];
}
