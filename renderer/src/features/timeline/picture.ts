import { useConnection } from '../../store/connection.ts';
import { useEvents } from '../../store/events.ts';
import { useReplicas } from '../../store/replicas.ts';
import { useServers } from '../../store/servers.ts';
import { type Band, deriveBands } from './bands.ts';
import { createFailingLog } from './failing-log.ts';
import { eventsByServer } from './lanes.ts';
import { type Cluster, clusterMarkers } from './markers.ts';
import type { Scale } from './paint.ts';
import { createProbeLog } from './probe-log.ts';
import { useTimelineView } from './timeline-view.ts';

/** Marks closer together than this many pixels are one. */
const clusterPx = 8;

/** Those who asked for less motion see the picture move with each measurement, not in between. */
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/** When the connection was lost: what happened since is not known. */
let lostAtMs: number | undefined;
useConnection.subscribe(({ state }) => {
  lostAtMs = state.phase === 'connected' ? undefined : (lostAtMs ?? Date.now());
});

const probes = createProbeLog();
probes.take(useServers.getState().servers);
const failing = createFailingLog();
failing.take(useServers.getState().servers);
const followEvents = ({ entries }: ReturnType<typeof useEvents.getState>): void => {
  failing.follow(entries);
  probes.follow(entries);
};
followEvents(useEvents.getState());
useEvents.subscribe(followEvents);
useServers.subscribe(({ servers }) => {
  probes.take(servers);
  failing.take(servers);
});

/** What is painted and pointed at, outside React. Derived lists are kept until what they come from has changed. */
export function createPicture() {
  let bandsFrom: readonly unknown[] = [];
  let bands = new Map<string, readonly Band[]>();
  let byServer = eventsByServer([], 0);
  let clustersFrom: readonly unknown[] = [];
  let clusters: readonly Cluster[] = [];
  return {
    width: 0,
    serverIds: [] as readonly string[],
    pointerMs: undefined as number | undefined,
    pointed: undefined as Cluster | undefined,
    dragFromX: undefined as number | undefined,
    isDragging: false,
    /** Right edge of what is on the canvas; NaN: paint anew. */
    paintedAtMs: Number.NaN,
    /** Nothing is claimed of the time after this. */
    knownUntilMs: () => lostAtMs ?? Number.POSITIVE_INFINITY,
    isLive: () => useTimelineView.getState().heldAtMs === null,
    scale(): Scale {
      const { spanMs, heldAtMs } = useTimelineView.getState();
      const toMs = heldAtMs ?? Date.now();
      return { fromMs: toMs - spanMs, toMs, width: this.width };
    },
    mustPaint({ fromMs, toMs, width }: Scale): boolean {
      if (width === 0) return false;
      if (reducedMotion.matches && !Number.isNaN(this.paintedAtMs)) return false;
      const pixels = (Math.abs(toMs - this.paintedAtMs) / (toMs - fromMs)) * width;
      // Not smaller than a pixel: at a minute's width this is some twenty times a second. NaN paints.
      return !(pixels < 1);
    },
    bands(id: string): readonly Band[] {
      const from = [
        useEvents.getState().entries,
        useServers.getState().servers,
        useReplicas.getState().byAddress,
      ];
      if (from.some((each, index) => each !== bandsFrom[index])) {
        if (from[0] !== bandsFrom[0]) byServer = eventsByServer(useEvents.getState().entries, Date.now());
        bandsFrom = from;
        bands = new Map();
      }
      let found = bands.get(id);
      if (!found) {
        const status = useServers.getState().servers[id];
        const replica = status && useReplicas.getState().byAddress[status.address];
        found = deriveBands({
          events: byServer.of(id),
          status,
          replica,
          failing: failing.of(id),
          knownFromMs: byServer.knownFromMs,
          // The last band goes on: painting ends it at the present.
          nowMs: Number.POSITIVE_INFINITY,
        });
        bands.set(id, found);
      }
      return found;
    },
    clusters({ fromMs, toMs, width }: Scale): readonly Cluster[] {
      const bucketMs = ((toMs - fromMs) / Math.max(1, width)) * clusterPx;
      const second = Math.floor(fromMs / 1_000);
      const { entries } = useEvents.getState();
      const from = [entries, probes.events, second, bucketMs];
      if (from.some((each, index) => each !== clustersFrom[index])) {
        clustersFrom = from;
        // A second to spare at either end: marks come and go out of sight.
        const wider = { fromMs: (second - 1) * 1_000, toMs: toMs + 2_000 };
        clusters = [
          ...clusterMarkers(entries, wider, bucketMs),
          ...clusterMarkers(probes.events, wider, bucketMs),
        ];
      }
      return clusters;
    },
  };
}

export type Picture = ReturnType<typeof createPicture>;
