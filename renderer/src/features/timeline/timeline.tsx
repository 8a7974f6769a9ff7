import './timeline.css';
import { type CSSProperties, memo } from 'react';
import { formatMs, formatSuccess } from '../../metrics/format.ts';
import { LiveText } from '../../metrics/live.tsx';
import { serverColour } from '../../store/colours.ts';
import { selectAllServerIds, useConfig } from '../../store/config.ts';
import { select, setTimelineOpen, useInterface } from '../../store/interface.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { MenuButton } from '../../ui/menu.tsx';
import { EventList } from './event-list.tsx';
import { spansMs, spanText } from './span.ts';
import { TimelinePlot } from './timeline-plot.tsx';
import { holdTimeline, useTimelineView, zoomTimeline } from './timeline-view.ts';

/** What happened lately: a lane per server on one ruler, the clients on top, every event as a list beside it. */
export function Timeline() {
  const serverIds = useConfig(selectAllServerIds);
  const listOpen = useTimelineView((view) => view.listOpen);
  return (
    <div className="timeline">
      <Head />
      <div className="timeline-body" data-list={listOpen}>
        <div className="timeline-scroll">
          <div className="timeline-labels">
            <div className="lane-label clients">
              <span>
                clients
                <LiveText
                  className="clients-success"
                  read={(metrics) => formatSuccess(metrics?.total.successRatio)}
                />
              </span>
              <small>
                <LiveText read={(metrics) => p99Text(metrics?.total.p99Ms)} />
              </small>
            </div>
            {serverIds.map((id) => (
              <LaneLabel key={id} id={id} />
            ))}
          </div>
          <TimelinePlot serverIds={serverIds} />
        </div>
        {listOpen && <EventList />}
      </div>
    </div>
  );
}

function p99Text(value: number | null | undefined): string {
  return value === null || value === undefined ? 'p99 –' : `p99 ${formatMs(value)} ms`;
}

const legend = [
  { look: 'serving', label: 'serving' },
  { look: 'warming', label: 'warming' },
  { look: 'trial', label: 'awaits trial' },
  { look: 'failing', label: 'failing' },
  { look: 'drained', label: 'draining' },
  { look: 'out', label: 'out' },
  { look: 'retry', label: 'retry' },
  { look: 'probe', label: 'failed probe' },
  { look: 'move', label: 'session moved' },
] as const;

function Head() {
  const { spanMs, heldAtMs, listOpen } = useTimelineView();
  const isHeld = heldAtMs !== null;
  return (
    <header className="timeline-head">
      <h2>Timeline</h2>
      <MenuButton
        label="Width of the timeline"
        placement="top start"
        sections={[
          {
            id: 'spans',
            entries: spansMs.map((each) => ({
              id: String(each),
              label: spanText(each),
              isSelected: each === spanMs,
              run: () => useTimelineView.setState({ spanMs: each }),
            })),
          },
        ]}
      >
        <Button tone="ghost" className="timeline-span" aria-label={`Width: last ${spanText(spanMs)}`}>
          {isHeld ? '' : 'last '}
          {spanText(spanMs)}
        </Button>
      </MenuButton>
      <IconButton
        icon="minus"
        label="Zoom out"
        shortcut="-"
        size={14}
        disabledReason={spanMs === spansMs.at(-1) ? 'Ten minutes is the widest' : undefined}
        onPress={() => zoomTimeline('out')}
      />
      <IconButton
        icon="plus"
        label="Zoom in"
        shortcut="+"
        size={14}
        disabledReason={spanMs === spansMs[0] ? 'Fifteen seconds is the narrowest' : undefined}
        onPress={() => zoomTimeline('in')}
      />
      <span className="timeline-space" />
      <ul className="legend" aria-label="Legend">
        {legend.map(({ look, label }) => (
          <li key={look}>
            <i className={look} aria-hidden="true" />
            {label}
          </li>
        ))}
      </ul>
      <Button
        tone="ghost"
        icon={isHeld ? 'play' : 'pause'}
        className={`timeline-hold ${isHeld ? 'held' : ''}`}
        tooltip={isHeld ? 'Follow the present again' : 'Hold the picture still; drag it to look further back'}
        onPress={() => holdTimeline(!isHeld)}
      >
        {isHeld ? 'Resume' : 'Pause'}
      </Button>
      <Button
        tone="ghost"
        icon="requests"
        className={listOpen ? 'held' : ''}
        aria-pressed={listOpen}
        tooltip={listOpen ? 'Close the list of events' : 'Every event as a list'}
        onPress={() => useTimelineView.setState({ listOpen: !listOpen })}
      >
        Events
      </Button>
      <IconButton
        icon="chevronDown"
        label="Hide the timeline"
        shortcut="L"
        onPress={() => setTimelineOpen(false)}
      />
    </header>
  );
}

const LaneLabel = memo(function LaneLabel({ id }: { id: string }) {
  const record = useConfig(({ servers }) => servers[id]);
  const isAmbiguous = useConfig(({ servers }) =>
    Object.values(servers).some((other) => other.id !== id && other.name === servers[id]?.name),
  );
  const isSelected = useInterface(({ selection }) => selection?.kind === 'server' && selection.id === id);
  if (!record) return null;
  return (
    <button
      type="button"
      className="lane-label"
      title={id}
      aria-pressed={isSelected}
      style={{ '--server': serverColour(record.address) } as CSSProperties}
      onClick={() => select({ kind: 'server', id })}
    >
      <span className="dot" aria-hidden="true" />
      <span className="lane-name">
        {isAmbiguous && <em>{record.pool}/</em>}
        {record.name}
      </span>
    </button>
  );
});
