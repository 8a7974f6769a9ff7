import type { Session } from '@shared/contract/session-values.ts';
import { isOtherDay } from '@shared/lib/moment.ts';
import { formatCount, formatSpan, formatTime } from '../../metrics/format.ts';
import { Button } from '../../ui/button.tsx';
import type { GridColumn } from '../../ui/data-grid.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { withoutName } from './present-session.ts';
import { type SessionActs, SessionMenu } from './session-menu.tsx';

export function sessionColumns({
  nowMs,
  hasPools,
  oldestMs,
  disabledReason,
  acts,
}: {
  nowMs: number;
  /** More than one pool binds its clients. */
  hasPools: boolean;
  /** When the first of them was bound: the column is wider where that takes a date. */
  oldestMs: number;
  disabledReason: string | undefined;
  acts: SessionActs;
}): readonly GridColumn<Session>[] {
  return [
    {
      id: 'id',
      label: 'Session',
      width: 'minmax(52px, 0.5fr)',
      hideBelow: 760,
      // As events and the command line call it.
      cell: ({ id }) => <span className="quiet">{id}</span>,
    },
    {
      id: 'client',
      label: 'Client',
      width: 'minmax(72px, 0.8fr)',
      cell: ({ client }) => <span className="quiet">{client}</span>,
    },
    {
      id: 'key',
      label: 'Key',
      width: 'minmax(84px, 0.9fr)',
      // On one machine every client has the same address: the key is what tells them apart.
      cell: ({ key }) => (
        <code className="session-key" title={key}>
          {key}
        </code>
      ),
    },
    ...(hasPools
      ? [
          {
            id: 'pool',
            label: 'Pool',
            width: 'minmax(56px, 0.7fr)',
            hideBelow: 760,
            cell: ({ pool }: Session) => <span className="quiet">{pool}</span>,
          },
        ]
      : []),
    {
      id: 'server',
      label: 'Server',
      width: 'minmax(118px, 1fr)',
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
      label: 'Bound at',
      width: isOtherDay(oldestMs, nowMs) ? '112px' : '68px',
      sortable: true,
      cell: ({ sinceMs }) => <span className="quiet">{formatTime(sinceMs)}</span>,
    },
    {
      id: 'lastUsed',
      label: 'Last used',
      width: '98px',
      align: 'end',
      sortable: true,
      hideBelow: 900,
      cell: ({ lastUsedMs }) => <span className="quiet">{formatSpan(nowMs - lastUsedMs)} ago</span>,
    },
    {
      id: 'hits',
      label: 'Hits',
      width: '48px',
      align: 'end',
      sortable: true,
      cell: ({ hits }) => <b>{formatCount(hits)}</b>,
    },
    {
      id: 'expires',
      label: 'Expires in',
      width: '84px',
      align: 'end',
      sortable: true,
      cell: ({ expiresMs }) =>
        expiresMs === null ? <span className="quiet">never</span> : formatSpan(expiresMs - nowMs),
    },
    {
      id: 'moved',
      label: 'Moved',
      width: 'minmax(84px, 2fr)',
      hideBelow: 640,
      cell: ({ moved, moves: [last] }) =>
        last === undefined ? (
          <span className="never-moved">never moved</span>
        ) : (
          <span className="moved" title={`${formatTime(last.atMs)}: ${last.reason}`}>
            <Icon name="move" size={12} />
            <b>{moved}</b>
            <span className="moved-reason">
              from <ServerName id={last.from} /> {withoutName(last.reason, last.from)}
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
