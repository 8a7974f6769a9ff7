import type { BallastEvent, EventKind } from '@shared/contract/event-values.ts';

/** What stands on a lane at one moment. Later ones are drawn above, and win where two share a place. */
export const markerKinds = [
  'probe',
  'attempt',
  'retry',
  'move',
  'failed',
  'return',
  'eject',
  'start',
  'exit',
  'circuit',
] as const;
export type MarkerKind = (typeof markerKinds)[number];

/** Everything of one kind on one lane within one bucket of time: what is too close to tell apart is one mark. */
export interface Cluster {
  /** Server id; null is the clients' lane. */
  readonly lane: string | null;
  readonly kind: MarkerKind;
  /** Of its newest event. */
  readonly atMs: number;
  /** Oldest first, a few at most. */
  readonly events: readonly BallastEvent[];
  /** Happenings, those included that an event sums up. */
  readonly count: number;
}

const byEvent: Partial<Record<EventKind, MarkerKind>> = {
  'probe-failed': 'probe',
  'attempt-failed': 'attempt',
  'request-retried': 'retry',
  'request-failed': 'failed',
  'session-moved': 'move',
  'server-ejected': 'eject',
  'server-returned': 'return',
  'replica-started': 'start',
  'replica-exited': 'exit',
  'circuit-opened': 'circuit',
  'circuit-half-open': 'circuit',
  'circuit-closed': 'circuit',
};
const mostEvents = 6;

/**
 * Clusters of the events within a span, in order of time. Buckets are cut at whole multiples of `bucketMs`, so that
 * clusters do not fall apart and together again while the span moves on.
 */
export function clusterMarkers(
  events: readonly BallastEvent[],
  span: { readonly fromMs: number; readonly toMs: number },
  bucketMs: number,
): Cluster[] {
  const clusters = new Map<string, Cluster & { events: BallastEvent[]; count: number; atMs: number }>();
  for (let index = firstAt(events, span.fromMs); index < events.length; index++) {
    const event = events[index]!;
    if (event.atMs > span.toMs) continue;
    const kind = byEvent[event.kind];
    if (kind === undefined) continue;
    // What a client saw fail belongs to the clients, whichever server it was that failed it; so does what shuts them all out.
    const isOfClients = kind === 'failed' || kind === 'circuit';
    const lane = isOfClients ? null : event.server;
    if (lane === null && !isOfClients) continue;
    const key = `${lane} ${kind} ${Math.floor(event.atMs / bucketMs)}`;
    const count = event.count ?? 1;
    const cluster = clusters.get(key);
    if (!cluster) {
      clusters.set(key, { lane, kind, atMs: event.atMs, events: [event], count });
      continue;
    }
    cluster.count += count;
    cluster.atMs = event.atMs;
    if (cluster.events.length < mostEvents) cluster.events.push(event);
  }
  return [...clusters.values()];
}

/** The cluster a pointer means: the nearest within reach on that lane, the weightier kind where two are as near. */
export function clusterNear(
  clusters: readonly Cluster[],
  lane: string | null,
  atMs: number,
  reachMs: number,
): Cluster | undefined {
  let best: Cluster | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const cluster of clusters) {
    if (cluster.lane !== lane) continue;
    const distance = Math.abs(cluster.atMs - atMs) / reachMs;
    const score = distance - markerKinds.indexOf(cluster.kind) * 0.05;
    if (distance <= 1 && score < bestScore) {
      best = cluster;
      bestScore = score;
    }
  }
  return best;
}

export type Step = 'older' | 'newer' | 'up' | 'down' | 'oldest' | 'newest';

/**
 * The cluster that a key leads to: along the lane in time, or to the nearest in time on the next lane that has one. Where
 * there is none, it stays.
 */
export function stepCluster(
  clusters: readonly Cluster[],
  lanes: readonly (string | null)[],
  from: Cluster | undefined,
  step: Step,
): Cluster | undefined {
  if (clusters.length === 0) return undefined;
  const newest = clusters.reduce((best, each) => (each.atMs >= best.atMs ? each : best));
  if (!from) return newest;
  const onLane = (lane: string | null | undefined): Cluster[] =>
    clusters
      .filter((each) => each.lane === lane)
      .sort((a, b) => a.atMs - b.atMs || markerKinds.indexOf(a.kind) - markerKinds.indexOf(b.kind));
  const here = onLane(from.lane);
  const at = here.findIndex((each) => isSameCluster(each, from));
  switch (step) {
    case 'oldest':
      return here[0] ?? newest;
    case 'newest':
      return here.at(-1) ?? newest;
    case 'older':
      return at === -1
        ? (here.findLast(({ atMs }) => atMs <= from.atMs) ?? newest)
        : here[Math.max(0, at - 1)];
    case 'newer':
      return at === -1
        ? (here.find(({ atMs }) => atMs >= from.atMs) ?? newest)
        : here[Math.min(here.length - 1, at + 1)];
    case 'up':
    case 'down': {
      const direction = step === 'up' ? -1 : 1;
      for (
        let lane = lanes.indexOf(from.lane) + direction;
        lane >= 0 && lane < lanes.length;
        lane += direction
      ) {
        const there = onLane(lanes[lane]);
        if (there.length > 0)
          return there.reduce((best, each) =>
            Math.abs(each.atMs - from.atMs) < Math.abs(best.atMs - from.atMs) ? each : best,
          );
      }
      return from;
    }
  }
}

/** Whether both stand for the same bucket: a cluster grows while its bucket lasts. */
export function isSameCluster(a: Cluster, b: Cluster): boolean {
  return a.lane === b.lane && a.kind === b.kind && a.events[0]?.sequence === b.events[0]?.sequence;
}

const one: Record<MarkerKind, string> = {
  probe: 'failed probe',
  attempt: 'failed attempt',
  retry: 'retried request',
  move: 'moved session',
  failed: 'request failed for its client',
  return: 'return to rotation',
  eject: 'ejection',
  start: 'process start',
  exit: 'process exit',
  circuit: 'change of a circuit',
};
const many: Record<MarkerKind, string> = {
  probe: 'failed probes',
  attempt: 'failed attempts',
  retry: 'retried requests',
  move: 'moved sessions',
  failed: 'requests failed for their clients',
  return: 'returns to rotation',
  eject: 'ejections',
  start: 'process starts',
  exit: 'process exits',
  circuit: 'changes of circuits',
};

/** `3 retried requests`. */
export function clusterTitle({ kind, count }: Cluster): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one[kind] : many[kind]}`;
}

/** Place of the first event not older than a moment; events are in order of time, give or take what two threads differ. */
function firstAt(events: readonly BallastEvent[], fromMs: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.atMs < fromMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
