import { finishedMs } from '@shared/lib/finished-at.ts';
import './requests.css';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import { isOtherDay } from '@shared/lib/moment.ts';
import { useMemo, useRef, useState } from 'react';
import { formatCount, plural } from '../../metrics/format.ts';
import { useConfig } from '../../store/config.ts';
import { type RequestFilter, select, setRequestFilter, useInterface } from '../../store/interface.ts';
import { useListeners } from '../../store/listeners.ts';
import { requestCapacity, useRequests, useWatchRequests } from '../../store/requests.ts';
import { useSlowMetrics } from '../../store/slow-metrics.ts';
import { wayInto, wayLine } from '../../store/way-in.ts';
import { Button } from '../../ui/button.tsx';
import { DataGrid } from '../../ui/data-grid.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Tooltip } from '../../ui/tooltip.tsx';
import { requestColumns } from './request-columns.tsx';
import { RequestFilters } from './request-filters.tsx';
import { isFailed, isNarrowed, requestRows } from './request-rows.ts';
import { useJournal } from './use-journal.ts';

/** The requests as they come, newest first; it holds still while somebody reads. */
export function RequestsScreen() {
  useWatchRequests();
  const filter = useInterface((state) => state.requestFilter);
  const selection = useInterface((state) => state.selection);
  const [isReading, setReading] = useState(false);
  const [isPausedByHand, setPausedByHand] = useState(false);
  const [resets, setResets] = useState(0);
  const isPaused = isReading || isPausedByHand;
  const view = useRows(filter, isPaused);
  const resume = () => {
    setPausedByHand(false);
    setResets((count) => count + 1);
  };
  return (
    <div className="list-screen requests">
      <div className="list-bar">
        <RequestFilters filter={filter} onChange={setRequestFilter} />
        <span className="space" />
        <Told view={view} filter={filter} />
        {isPaused ? (
          <Button
            className="hold"
            icon="play"
            tooltip="Show what came since, and follow again"
            onPress={resume}
          >
            {view.newer > 0 ? `${formatCount(view.newer)} newer` : 'Paused'}
          </Button>
        ) : (
          <Button
            className="hold"
            icon="pause"
            tone="ghost"
            tooltip="Hold the list still. It also holds while you point at it, scroll or walk it with the keys"
            onPress={() => setPausedByHand(true)}
          >
            Live
          </Button>
        )}
      </div>
      <div className="list-body">
        <DataGrid
          label="Requests, newest first"
          columns={requestColumns(isOfAnotherDay(view.rows.at(-1)))}
          rows={view.rows}
          rowKey={requestKey}
          rowHeight={28}
          rowTone={requestTone}
          selectedKey={selection?.kind === 'request' ? selection.id : undefined}
          onSelect={selectRequest}
          onReading={setReading}
          resetKey={resets}
          empty={<NoRequests filter={filter} />}
        />
      </div>
    </div>
  );
}

/** The oldest of the list. */
const isOfAnotherDay = (request: RequestSummary | undefined): boolean =>
  request !== undefined && isOtherDay(finishedMs(request), Date.now());
const requestKey = ({ id }: RequestSummary): string => id;
const requestTone = (request: RequestSummary): string | undefined => (isFailed(request) ? 'bad' : undefined);
const selectRequest = ({ id }: RequestSummary): void => select({ kind: 'request', id });

interface View {
  readonly rows: readonly RequestSummary[];
  /** Requests since the list was held still. */
  readonly newer: number;
  /** Requests of this run that the filter would let pass and that left the list, or never were in it, for want of room. */
  readonly dropped: number;
}

interface Held {
  rows: readonly RequestSummary[];
  readonly filter: RequestFilter;
  readonly arrived: number;
  readonly missing: number;
}

function useRows(filter: RequestFilter, isPaused: boolean): View {
  const live = useRequests((log) => log.entries);
  /** Everything that came, in the list or not. */
  const arrived = useRequests((log) => log.entries.length + log.forgotten);
  const forgotten = useRequests((log) => log.forgotten);
  const total = useSlowMetrics(({ metrics }) => metrics?.total.requests);
  const journal = useJournal(filter, isPaused);
  const rows = useMemo(
    () => requestRows(live, journal.requests, filter, requestCapacity),
    [live, journal.requests, filter],
  );
  // The metrics count in their own rhythm, a moment before or after the log: a difference means something only once there is a limit
  // that was met, of the journal's answer, of the list, or of what is sent at high rates.
  const isFull = journal.isFull || forgotten > 0 || rows.length >= requestCapacity;
  const missing = isFull ? Math.max(0, (total ?? 0) - rows.length) : 0;
  const held = useRef<Held | undefined>(undefined);
  if (!isPaused || held.current?.filter !== filter) held.current = { rows, filter, arrived, missing };
  const shown = held.current;
  // Nothing passed the filter so far: what comes first may be shown, there is nobody whose reading it would disturb.
  if (isPaused && shown.rows.length === 0 && rows.length > 0) shown.rows = rows;
  const narrowed = isNarrowed(filter) || (filter.text ?? '') !== '';
  return {
    rows: shown.rows,
    newer: !isPaused ? 0 : narrowed ? newerRows(rows, shown.rows) : Math.max(0, arrived - shown.arrived),
    dropped: narrowed ? journal.forgotten : shown.missing,
  };
}

/** Rows that came above the first of those that are shown. */
function newerRows(rows: readonly RequestSummary[], shown: readonly RequestSummary[]): number {
  const place = rows.findIndex(({ id }) => id === shown[0]?.id);
  return place === -1 ? rows.length : place;
}

function Told({ view: { rows, dropped }, filter }: { view: View; filter: RequestFilter }) {
  const journalSize = useConfig(({ config }) => config?.journalRequests);
  const narrowed = isNarrowed(filter);
  return (
    <>
      <span className="told">{plural(rows.length, 'request')}</span>
      {dropped > 0 && (
        <Tooltip
          text={
            narrowed
              ? `The journal keeps the newest ${formatCount(journalSize ?? 0)} requests, and failed or retried ones for longer; the others cannot be searched.`
              : `The list keeps the newest ${formatCount(requestCapacity)}; at high rates some are passed over. Every one is counted in the metrics, and filters ask the journal.`
          }
        >
          <Button tone="ghost" className="dropped">
            {plural(dropped, 'older request')} not listed
          </Button>
        </Tooltip>
      )}
    </>
  );
}

/** Why nothing is listed, while the journal is on. */
function emptyText({ only, ...others }: RequestFilter, journalSize: number | undefined): string {
  const hasOthers = isNarrowed(others) || (others.text ?? '') !== '';
  if (only === undefined) {
    const kept = others.session && `, which keeps the newest ${formatCount(journalSize ?? 0)} requests`;
    return `Nothing in the journal passes these filters${kept ?? ''}. New requests that do appear here at once.`;
  }
  const which = hasOthers ? ' that passes the other filters' : '';
  return `No request in the journal${which} ${only === 'failed' ? 'failed for its client' : 'needed a second attempt'}.`;
}

function NoRequests({ filter }: { filter: RequestFilter }) {
  const journalSize = useConfig(({ config }) => config?.journalRequests);
  const listener = useConfig(({ listeners, listenerNames }) => listeners[listenerNames[0] ?? '']);
  const status = useListeners(({ listeners }) => listeners[listener?.name ?? '']);
  const way = listener && wayInto(listener, listener.routes[0]!.pool);
  if (journalSize !== 0 && (isNarrowed(filter) || (filter.text ?? '') !== '')) {
    return (
      <EmptyState
        icon="filter"
        title="No request like that"
        actions={<Button onPress={() => setRequestFilter({})}>Show all requests</Button>}
      >
        <p>{emptyText(filter, journalSize)}</p>
      </EmptyState>
    );
  }
  if (journalSize === 0) {
    return (
      <EmptyState icon="requests" title="The journal is off">
        <p>
          The file says <code>journalRequests: 0</code>: requests are served and counted, but none is kept, so
          that none can be listed or explained. Take the line out, or write a number, to see them here.
        </p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="requests" title="No request in the journal yet">
      <p>
        Every request through a listener appears here, with the server it went to and the reason.
        {way && ' Send one, or start the traffic at the top right:'}
      </p>
      {way && (
        <p>
          <code className="code-line">{wayLine(way, status)}</code>
        </p>
      )}
    </EmptyState>
  );
}
