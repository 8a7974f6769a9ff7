import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { invalidate, useOnFrame } from '../../metrics/frame-loop.ts';
import { metricsHistory } from '../../metrics/history.ts';
import { useEvents } from '../../store/events.ts';
import { select } from '../../store/interface.ts';
import { useReplicas } from '../../store/replicas.ts';
import { useServers } from '../../store/servers.ts';
import { onThemeChange, resolveColour } from '../../ui/colour.ts';
import { bandAt } from './bands.ts';
import { eventTarget } from './event-filter.ts';
import { type Cluster, clusterNear, stepCluster } from './markers.ts';
import {
  clientsHeight,
  laneHeight,
  paintBands,
  paintClusters,
  prepare,
  rulerHeight,
  type Scale,
  xOf,
} from './paint.ts';
import { paintClients, paintPeak, paintRuler } from './paint-clients.ts';
import { createPicture, type Picture } from './picture.ts';
import { isSameTip, TimelineTip, type Tip, tipText } from './timeline-tip.tsx';
import { holdTimeline, moveTimeline, useTimelineView, zoomTimeline } from './timeline-view.ts';

const reachPx = 9;
const dragPx = 4;
const keySteps = {
  ArrowLeft: 'older',
  ArrowRight: 'newer',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'oldest',
  End: 'newest',
} as const;

/**
 * The lanes: three canvases (clients, servers, ruler) on one scale, painted by the interface's frame loop when the picture has
 * moved by a pixel or something happened. React renders only when the tooltip changes.
 */
export function TimelinePlot({ serverIds }: { serverIds: readonly string[] }) {
  const root = useRef<HTMLDivElement>(null);
  const clientsCanvas = useRef<HTMLCanvasElement>(null);
  const lanesCanvas = useRef<HTMLCanvasElement>(null);
  const rulerCanvas = useRef<HTMLCanvasElement>(null);
  const [tip, setTip] = useState<Tip | undefined>(undefined);
  const [picture] = useState(createPicture);
  const lanes: readonly (string | null)[] = [null, ...serverIds];
  picture.serverIds = serverIds;

  useEffect(() => {
    const dirty = () => {
      picture.paintedAtMs = Number.NaN;
      invalidate();
    };
    const observer = new ResizeObserver(() => {
      picture.width = root.current?.clientWidth ?? 0;
      dirty();
    });
    observer.observe(root.current!);
    const stops = [
      useEvents.subscribe(dirty),
      useServers.subscribe(dirty),
      useReplicas.subscribe(dirty),
      useTimelineView.subscribe(dirty),
      metricsHistory.onSample(dirty),
      onThemeChange(dirty),
      () => observer.disconnect(),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [picture]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other lanes are another picture
  useEffect(() => {
    picture.paintedAtMs = Number.NaN;
  }, [serverIds, picture]);

  useOnFrame(
    () => {
      const scale = picture.scale();
      if (!picture.mustPaint(scale)) return;
      picture.paintedAtMs = scale.toMs;
      if (clientsCanvas.current) paintTop(clientsCanvas.current, scale, picture);
      if (lanesCanvas.current) paintLanes(lanesCanvas.current, scale, picture);
      const ruler = rulerCanvas.current && prepare(rulerCanvas.current, scale.width, rulerHeight);
      if (ruler) paintRuler(ruler, scale, picture.isLive(), picture.pointerMs);
    },
    { continuous: true },
  );

  /** Points at a mark, or at a moment of a lane where there is none. */
  const point = (next: Omit<Tip, 'x' | 'y'> | undefined, x: number, y: number): void => {
    picture.pointed = next?.cluster;
    picture.paintedAtMs = Number.NaN;
    setTip((before) => {
      const after = next && { ...next, x, y };
      return before && after && isSameTip(before, after) ? before : after;
    });
  };
  const pointAway = (): void => point(undefined, 0, 0);

  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    const scale = picture.scale();
    const box = event.currentTarget.getBoundingClientRect();
    const x = event.clientX - box.left;
    if (picture.dragFromX !== undefined) {
      const moved = event.clientX - picture.dragFromX;
      if (picture.isDragging || Math.abs(moved) > dragPx) {
        picture.isDragging = true;
        picture.dragFromX = event.clientX;
        moveTimeline((-moved / scale.width) * (scale.toMs - scale.fromMs));
        pointAway();
        return;
      }
    }
    const atMs = scale.fromMs + (x / scale.width) * (scale.toMs - scale.fromMs);
    picture.pointerMs = atMs;
    const lane = laneAt(event, lanes);
    const msPerPx = (scale.toMs - scale.fromMs) / scale.width;
    const cluster = lane && clusterNear(picture.clusters(scale), lane.server, atMs, reachPx * msPerPx);
    const band = lane && lane.server !== null ? bandAt(picture.bands(lane.server), atMs) : undefined;
    if (lane && (cluster || band)) point({ cluster, band, server: lane.server }, event.clientX, lane.top);
    else pointAway();
  };

  const open = (cluster: Cluster | undefined, server: string | null): void => {
    const target = cluster && eventTarget(cluster.events);
    if (target) select(target);
    else if (server !== null) select({ kind: 'server', id: server });
  };

  const walk = (step: (typeof keySteps)[keyof typeof keySteps]): void => {
    const scale = picture.scale();
    const inSight = picture.clusters(scale).filter(({ atMs }) => atMs >= scale.fromMs && atMs <= scale.toMs);
    const cluster = stepCluster(inSight, lanes, picture.pointed, step);
    if (!cluster) return;
    const left = root.current!.getBoundingClientRect().left;
    const top = topOf(root.current!, lanes, cluster.lane);
    point({ cluster, band: undefined, server: cluster.lane }, left + xOf(scale, cluster.atMs), top);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const { key } = event;
    const { spanMs, heldAtMs } = useTimelineView.getState();
    if (event.shiftKey && key === 'ArrowLeft') moveTimeline(-spanMs / 10);
    else if (event.shiftKey && key === 'ArrowRight') moveTimeline(spanMs / 10);
    else if (Object.hasOwn(keySteps, key)) walk(keySteps[key as keyof typeof keySteps]);
    else if (key === '+' || key === '=') zoomTimeline('in');
    else if (key === '-') zoomTimeline('out');
    else if (key === ' ') holdTimeline(heldAtMs === null);
    else if (key === 'Enter' && picture.pointed) open(picture.pointed, picture.pointed.lane);
    else if (key === 'Escape' && picture.pointed) pointAway();
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={root}
      className="timeline-plot"
      role="application"
      aria-roledescription="timeline"
      aria-label="Events on the timeline. Arrow keys walk the marks, Enter opens one, plus and minus zoom, Space holds it still."
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application of its own, walked by the arrow keys
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerMove={onPointerMove}
      onPointerLeave={() => {
        picture.pointerMs = undefined;
        if (!picture.isDragging) pointAway();
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        picture.dragFromX = event.clientX;
        picture.isDragging = false;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerUp={() => {
        const wasDragging = picture.isDragging;
        picture.dragFromX = undefined;
        picture.isDragging = false;
        if (!wasDragging && tip) open(tip.cluster, tip.server);
      }}
      onBlur={pointAway}
      onWheel={(event) => {
        if (event.ctrlKey || event.metaKey) zoomTimeline(event.deltaY < 0 ? 'in' : 'out');
        else if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
          moveTimeline((event.deltaX / Math.max(1, picture.width)) * useTimelineView.getState().spanMs);
      }}
    >
      <div aria-hidden="true">
        <canvas ref={clientsCanvas} className="timeline-clients" />
        <canvas ref={lanesCanvas} className="timeline-lanes" />
        <canvas ref={rulerCanvas} className="timeline-ruler" />
      </div>
      <p className="visually-hidden" aria-live="polite">
        {tip && tipText(tip)}
      </p>
      {tip && <TimelineTip tip={tip} />}
    </div>
  );
}

function paintTop(canvas: HTMLCanvasElement, scale: Scale, picture: Picture): void {
  const context = prepare(canvas, scale.width, clientsHeight);
  if (!context) return;
  paintCrosshair(context, scale, clientsHeight, picture.pointerMs);
  paintClients(context, scale, metricsHistory.clients);
  const middleOf = (lane: string | null) => (lane === null ? clientsHeight / 2 - 4 : undefined);
  paintClusters(context, scale, picture.clusters(scale), middleOf, picture.pointed);
  paintPeak(context, scale, metricsHistory.clients);
}

function paintLanes(canvas: HTMLCanvasElement, scale: Scale, picture: Picture): void {
  const height = Math.max(1, picture.serverIds.length * laneHeight);
  const context = prepare(canvas, scale.width, height);
  if (!context) return;
  const middles = new Map<string | null, number>();
  const knownUntilMs = picture.knownUntilMs();
  for (const [index, id] of picture.serverIds.entries()) {
    const middle = index * laneHeight + laneHeight / 2;
    middles.set(id, middle);
    paintBands(context, scale, picture.bands(id), middle, knownUntilMs);
  }
  paintCrosshair(context, scale, height, picture.pointerMs);
  paintClusters(context, scale, picture.clusters(scale), (lane) => middles.get(lane), picture.pointed);
}

function paintCrosshair(
  context: CanvasRenderingContext2D,
  scale: Scale,
  height: number,
  atMs: number | undefined,
): void {
  if (atMs === undefined) return;
  context.fillStyle = resolveColour('var(--faint)');
  context.globalAlpha = 0.45;
  context.fillRect(Math.round(xOf(scale, atMs)), 0, 1, height);
  context.globalAlpha = 1;
}

/** The lane under the pointer, and where its upper edge is on the screen. */
function laneAt(
  event: PointerEvent<HTMLDivElement>,
  lanes: readonly (string | null)[],
): { server: string | null; top: number } | undefined {
  const top = event.currentTarget.getBoundingClientRect().top;
  const y = event.clientY - top;
  // The clients stay in sight above lanes that are scrolled beneath them, the ruler below.
  const under = document.elementFromPoint(event.clientX, event.clientY);
  if (under?.classList.contains('timeline-clients'))
    return { server: null, top: under.getBoundingClientRect().top };
  if (!under?.classList.contains('timeline-lanes')) return undefined;
  const index = Math.floor((y - clientsHeight) / laneHeight);
  const server = lanes[index + 1];
  return server === undefined ? undefined : { server, top: top + clientsHeight + index * laneHeight };
}

/** Where the upper edge of a lane is on the screen. */
function topOf(root: HTMLElement, lanes: readonly (string | null)[], lane: string | null): number {
  const top = root.getBoundingClientRect().top;
  return lane === null ? top : top + clientsHeight + (lanes.indexOf(lane) - 1) * laneHeight;
}
