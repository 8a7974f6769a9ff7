import type { BallastEvent } from '@shared/contract/event-values.ts';
import { eventText, serverLabel } from '@shared/lib/event-text.ts';
import { clockText, dateText, isOtherDay } from '@shared/lib/moment.ts';
import { useMemo, useRef, useState } from 'react';
import { formatCount } from '../../metrics/format.ts';
import { selectAllServerIds, selectSharedNames, useConfig } from '../../store/config.ts';
import { useEvents } from '../../store/events.ts';
import { select } from '../../store/interface.ts';
import { Choice } from '../../ui/choice.tsx';
import { DataGrid, type GridColumn } from '../../ui/data-grid.tsx';
import { Icon } from '../../ui/icon.tsx';
import { type EventGroup, eventGroups, eventTarget, filterEvents } from './event-filter.ts';
import { useTimelineView } from './timeline-view.ts';

const all = '';
const toneIcon = { good: 'check', bad: 'alert', neutral: 'info' } as const;

const columns: readonly GridColumn<BallastEvent>[] = [
  {
    id: 'time',
    label: 'Time',
    width: '54px',
    cell: ({ atMs }) => <EventTime atMs={atMs} />,
  },
  {
    id: 'text',
    label: 'Event',
    width: 'minmax(0, 1fr)',
    cell: (event) => <EventText event={event} />,
  },
];

/** With room for a year. */
const olderColumns = columns.map((column) => (column.id === 'time' ? { ...column, width: '68px' } : column));

/** The date stands above the time: two lines there are anyway, and the words need the width. */
function EventTime({ atMs }: { atMs: number }) {
  const nowMs = Date.now();
  return (
    <time className="event-time quiet">
      {isOtherDay(atMs, nowMs) && <small>{dateText(atMs, nowMs)} </small>}
      {clockText(atMs)}
    </time>
  );
}

function EventText({ event }: { event: BallastEvent }) {
  const shared = useConfig(selectSharedNames);
  const { tone } = event;
  const text = eventText(event, shared);
  return (
    <span className={`event-text ${tone}`} title={text}>
      <Icon name={toneIcon[tone]} size={13} />
      <span>{text}</span>
    </span>
  );
}

/** Every event in words, newest first: the timeline for those who would rather read than look. */
export function EventList() {
  const { entries, forgotten } = useEvents();
  const { listServer, listGroup } = useTimelineView();
  const serverIds = useConfig(selectAllServerIds);
  const sharedNames = useConfig(selectSharedNames);
  const [isReading, setReading] = useState(false);
  const [selected, setSelected] = useState<string | undefined>(undefined);
  const rows = useMemo(
    () => filterEvents(entries, { server: listServer, group: listGroup }),
    [entries, listServer, listGroup],
  );
  // It holds still under the pointer and while it is scrolled or walked; another filter shows at once.
  const held = useRef({ rows, listServer, listGroup });
  if (!isReading || held.current.listServer !== listServer || held.current.listGroup !== listGroup)
    held.current = { rows, listServer, listGroup };
  const newer = isReading ? Math.max(0, rows.length - held.current.rows.length) : 0;
  return (
    <section className="event-list" aria-label="Events">
      <div className="event-filters">
        <Choice
          label="Server"
          value={listServer ?? all}
          options={[
            { id: all, label: 'all' },
            ...serverIds.map((id) => ({ id, label: serverLabel(id, sharedNames) })),
          ]}
          onChange={(id) => useTimelineView.setState({ listServer: id || undefined })}
        />
        <Choice
          label="Kind"
          value={listGroup ?? all}
          options={[
            { id: all, label: 'all' },
            ...(Object.keys(eventGroups) as EventGroup[]).map((id) => ({ id, label: eventGroups[id].label })),
          ]}
          onChange={(id) => useTimelineView.setState({ listGroup: (id as EventGroup) || undefined })}
        />
        <span className="event-count">
          {newer > 0
            ? `${formatCount(newer)} newer`
            : forgotten > 0
              ? `${formatCount(forgotten)} older dropped`
              : formatCount(rows.length)}
        </span>
      </div>
      <DataGrid
        label="Events, newest first"
        columns={isOfOtherYear(held.current.rows.at(-1)) ? olderColumns : columns}
        headHidden
        rows={held.current.rows}
        rowKey={eventKey}
        rowHeight={38}
        selectedKey={selected}
        onReading={setReading}
        onSelect={(event) => {
          setSelected(eventKey(event));
          const target = eventTarget([event]);
          if (target) select(target);
        }}
        empty={<p className="event-none">Nothing of that kind has happened.</p>}
      />
    </section>
  );
}

function isOfOtherYear(event: BallastEvent | undefined): boolean {
  return event !== undefined && new Date(event.atMs).getFullYear() !== new Date().getFullYear();
}

const eventKey = ({ sequence }: BallastEvent): string => String(sequence);
