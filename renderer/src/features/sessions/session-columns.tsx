import type { Session } from '@shared/contract/values.ts';
import { formatCount, formatSpan, formatTime } from '../../metrics/format.ts';
import { Button } from '../../ui/button.tsx';
import type { GridColumn } from '../../ui/data-grid.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { withoutName } from './present-session.ts';

export function sessionColumns({
  nowMs,
  disabledReason,
  onEnd,
}: {
  nowMs: number;
  disabledReason: string | undefined;
  onEnd: (session: Session) => void;
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
      id: 'server',
      label: 'Server',
      width: 'minmax(84px, 0.9fr)',
      cell: ({ server }) => <ServerName id={server} />,
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
      cell: ({ expiresMs }) => formatSpan(expiresMs - nowMs),
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
      cell: ({ moved }) =>
        moved === null ? (
          <span className="never-moved">never moved</span>
        ) : (
          <span className="moved" title={`${formatTime(moved.atMs)}: ${moved.reason}`}>
            <Icon name="move" size={12} />
            <ServerName id={moved.from} />
            <span className="moved-reason">{withoutName(moved.reason, moved.from)}</span>
          </span>
        ),
    },
    {
      id: 'end',
      label: 'End it',
      labelHidden: true,
      width: '52px',
      align: 'end',
      cell: (session) => (
        <Button
          tone="ghost"
          className="end-session"
          excludeFromTabOrder
          aria-label={`End the session of ${session.client} on ${session.server}`}
          disabledReason={disabledReason}
          onPress={() => onEnd(session)}
        >
          End
        </Button>
      ),
    },
  ];
}
