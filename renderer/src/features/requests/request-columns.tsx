import type { RequestSummary } from '@shared/contract/request-values.ts';
import { finishedMs } from '@shared/lib/finished-at.ts';
import { formatMs, formatTime } from '../../metrics/format.ts';
import type { GridColumn } from '../../ui/data-grid.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { formatBytes, isRetried, statusCell } from './request-rows.ts';

/** @param hasDates some of the requests are of another day */
export const requestColumns = (hasDates: boolean) => (hasDates ? datedColumns : columns);

const columns: readonly GridColumn<RequestSummary>[] = [
  {
    id: 'time',
    label: 'Finished',
    width: '88px',
    cell: (request) => <span className="quiet">{formatTime(finishedMs(request), true)}</span>,
  },
  {
    id: 'status',
    label: 'Status',
    width: '44px',
    cell: (request) => {
      const { text, tone } = statusCell(request);
      return <span className={`status ${tone}`}>{text}</span>;
    },
  },
  { id: 'method', label: 'Method', width: '52px', cell: ({ method }) => <b className="method">{method}</b> },
  {
    id: 'target',
    label: 'Target',
    width: 'minmax(90px, 1fr)',
    cell: ({ target, error }) => (
      <span title={error === null ? target : `${target}\n${error}`}>
        <code>{target}</code>
        {error !== null && <span className="request-error">{error}</span>}
      </span>
    ),
  },
  {
    id: 'server',
    label: 'Server',
    width: 'minmax(130px, 0.35fr)',
    cell: ({ server, pool }) =>
      server === null ? (
        <span className="quiet">{pool === null ? 'no route' : 'none'}</span>
      ) : (
        <ServerName id={server} />
      ),
  },
  {
    id: 'attempts',
    label: 'Attempts',
    width: '52px',
    cell: (request) =>
      isRetried(request) ? (
        <span className="retried">
          <Icon name="retry" size={12} />
          {request.attempts}
        </span>
      ) : (
        <span className="quiet">{request.attempts}</span>
      ),
  },
  {
    id: 'duration',
    label: 'Duration',
    width: '76px',
    align: 'end',
    cell: ({ durationMs }) => (
      <>
        {formatMs(durationMs)} <span className="quiet">ms</span>
      </>
    ),
  },
  {
    id: 'size',
    label: 'Size',
    width: '70px',
    align: 'end',
    hideBelow: 760,
    cell: ({ responseBytes }) => <span className="quiet">{formatBytes(responseBytes)}</span>,
  },
  {
    id: 'client',
    label: 'Client',
    width: '112px',
    hideBelow: 900,
    cell: ({ client }) => <span className="quiet">{client}</span>,
  },
  {
    id: 'listener',
    label: 'Listener',
    width: '100px',
    hideBelow: 1_080,
    cell: ({ listener, pool }) => (
      <span className="quiet">
        {listener}
        {pool !== null && ` → ${pool}`}
      </span>
    ),
  },
];

const datedColumns = columns.map((column) => (column.id === 'time' ? { ...column, width: '132px' } : column));
