import type { BallastEvent, EventKind } from '@shared/contract/event-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import { describe, expect, it } from 'vitest';
import { eventTarget, filterEvents } from '../../../renderer/src/features/timeline/event-filter.ts';
import { eventsByServer } from '../../../renderer/src/features/timeline/lanes.ts';
import {
  clusterMarkers,
  clusterNear,
  clusterTitle,
  stepCluster,
} from '../../../renderer/src/features/timeline/markers.ts';
import { createProbeLog } from '../../../renderer/src/features/timeline/probe-log.ts';
import { spansMs, spanText, ticks, zoom } from '../../../renderer/src/features/timeline/span.ts';
import { serverStatus } from '../../support/server-status.ts';

let sequence = 0;
const event = (
  atMs: number,
  kind: EventKind,
  server: string | null = 'api/api-1',
  more: Partial<BallastEvent> = {},
): BallastEvent => {
  sequence += 1;
  return { sequence, atMs, kind, text: kind, tone: 'neutral', pool: 'api', server, request: null, ...more };
};
const span = { fromMs: 0, toMs: 60_000 };

describe('marks on the timeline', () => {
  it('puts events of one kind that are close together into one mark and counts them all', () => {
    const clusters = clusterMarkers(
      [
        event(1_000, 'request-retried'),
        event(1_050, 'request-retried', 'api/api-1', { count: 40 }),
        event(9_000, 'request-retried'),
      ],
      span,
      500,
    );
    expect(clusters.map(({ count, atMs }) => [count, atMs])).toEqual([
      [41, 1_050],
      [1, 9_000],
    ]);
    expect(clusterTitle(clusters[0]!)).toBe('41 retried requests');
  });

  it('keeps kinds and servers apart', () => {
    const clusters = clusterMarkers(
      [
        event(1_000, 'replica-exited'),
        event(1_001, 'request-retried'),
        event(1_002, 'replica-exited', 'api/api-2'),
      ],
      span,
      500,
    );
    expect(clusters.map(({ lane, kind }) => `${lane} ${kind}`)).toEqual([
      'api/api-1 exit',
      'api/api-1 retry',
      'api/api-2 exit',
    ]);
  });

  it('gives a request that failed for its client to the lane of the clients', () => {
    expect(clusterMarkers([event(1_000, 'request-failed')], span, 500)[0]?.lane).toBeNull();
  });

  it('gives what a circuit does to the lane of the clients, whom it shuts out', () => {
    const [cluster] = clusterMarkers([event(1_000, 'circuit-opened', null)], span, 500);
    expect(cluster).toMatchObject({ lane: null, kind: 'circuit' });
    expect(clusterTitle(cluster!)).toBe('1 change of a circuit');
  });

  it('clusters the same way while the span moves on', () => {
    const events = [
      event(10_100, 'probe-failed'),
      event(10_400, 'probe-failed'),
      event(10_600, 'probe-failed'),
    ];
    const at = (fromMs: number) =>
      clusterMarkers(events, { fromMs, toMs: fromMs + 60_000 }, 500).map(({ count }) => count);
    expect(at(0)).toEqual([2, 1]);
    for (const fromMs of [1, 133, 499, 9_000]) expect(at(fromMs)).toEqual([2, 1]);
  });

  it('leaves out what is not on the ruler and what has no mark', () => {
    const events = [
      event(100, 'probe-failed'),
      event(20_000, 'config-applied', null),
      event(70_000, 'probe-failed'),
    ];
    expect(clusterMarkers(events, { fromMs: 10_000, toMs: 60_000 }, 500)).toEqual([]);
  });

  it('finds the mark under the pointer, the weightier of two at the same place', () => {
    const clusters = clusterMarkers(
      [event(1_000, 'request-retried'), event(1_000, 'replica-exited'), event(5_000, 'probe-failed')],
      span,
      500,
    );
    expect(clusterNear(clusters, 'api/api-1', 1_100, 400)?.kind).toBe('exit');
    expect(clusterNear(clusters, 'api/api-1', 4_800, 400)?.kind).toBe('probe');
    expect(clusterNear(clusters, 'api/api-1', 3_000, 400)).toBeUndefined();
    expect(clusterNear(clusters, 'api/api-2', 1_000, 400)).toBeUndefined();
  });

  it('is walked by keys: in time along a lane, and across to the nearest in time', () => {
    const clusters = clusterMarkers(
      [
        event(1_000, 'request-failed', null),
        event(2_000, 'probe-failed'),
        event(8_000, 'replica-exited'),
        event(7_000, 'replica-started', 'api/api-3'),
      ],
      span,
      500,
    );
    const lanes = [null, 'api/api-1', 'api/api-2', 'api/api-3'];
    const newest = stepCluster(clusters, lanes, undefined, 'older');
    expect(newest?.kind).toBe('exit');
    const older = stepCluster(clusters, lanes, newest, 'older');
    expect(older?.kind).toBe('probe');
    expect(stepCluster(clusters, lanes, older, 'older')?.kind).toBe('probe');
    expect(stepCluster(clusters, lanes, older, 'newest')?.kind).toBe('exit');
    expect(stepCluster(clusters, lanes, older, 'up')?.kind).toBe('failed');
    expect(stepCluster(clusters, lanes, newest, 'down')?.kind).toBe('start');
    expect(stepCluster([], lanes, newest, 'down')).toBeUndefined();
  });
});

describe('the ruler', () => {
  it('zooms step by step and stops at both ends', () => {
    expect(zoom(60_000, 'in')).toBe(30_000);
    expect(zoom(60_000, 'out')).toBe(120_000);
    expect(zoom(spansMs[0], 'in')).toBe(spansMs[0]);
    expect(zoom(600_000, 'out')).toBe(600_000);
    expect(spanText(60_000)).toBe('60 s');
    expect(spanText(300_000)).toBe('5 min');
  });

  it('writes round moments, never closer than the width allows', () => {
    const found = ticks(1_234, 61_234, 1_200);
    expect(found.every((at) => at % 10_000 === 0)).toBe(true);
    expect(found).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    for (const spanMs of spansMs) {
      const [first = 0, second = 0] = ticks(0, spanMs, 600);
      expect(((second - first) / spanMs) * 600).toBeGreaterThanOrEqual(100);
    }
  });
});

describe('the event list', () => {
  const events = [
    event(1, 'probe-failed', 'api/api-1'),
    event(2, 'session-moved', 'api/api-2'),
    event(3, 'request-failed', 'api/api-2', { request: 'r1' }),
    event(4, 'config-applied', null),
  ];

  it('is newest first and narrows by server and by kind', () => {
    expect(filterEvents(events, {}).map(({ atMs }) => atMs)).toEqual([4, 3, 2, 1]);
    expect(filterEvents(events, { server: 'api/api-2' }).map(({ atMs }) => atMs)).toEqual([3, 2]);
    expect(filterEvents(events, { group: 'health' }).map(({ atMs }) => atMs)).toEqual([1]);
    expect(filterEvents(events, { group: 'sessions', server: 'api/api-1' })).toEqual([]);
  });

  it('leads to the request where an event has one, else to its server', () => {
    expect(eventTarget([events[2]!])).toEqual({ kind: 'request', id: 'r1' });
    expect(eventTarget([events[0]!])).toEqual({ kind: 'server', id: 'api/api-1' });
    expect(eventTarget([events[3]!])).toBeUndefined();
  });

  it('gives the crash of the engine to every lane, in order', () => {
    const crash = event(5, 'engine-crashed', null);
    const later = event(6, 'verdict-changed', 'api/api-1');
    const lanes = eventsByServer([...events, crash, later], 10);
    expect(lanes.of('api/api-1').map(({ atMs }) => atMs)).toEqual([1, 5, 6]);
    expect(lanes.of('api/api-9').map(({ kind }) => kind)).toEqual(['engine-crashed']);
    expect(lanes.knownFromMs).toBe(1);
    expect(eventsByServer([], 10).knownFromMs).toBe(10);
  });
});

describe('failed probes of a server that is out', () => {
  const status = (atMs: number, more: Partial<ServerStatus> = {}): Record<string, ServerStatus> => ({
    'api/api-2': serverStatus({
      id: 'api/api-2',
      name: 'api-2',
      address: '127.0.0.1:3002',
      verdict: 'unhealthy',
      verdictSinceMs: 1_000,
      available: false,
      reason: 'unhealthy',
      lastProbe: { atMs, succeeded: false, durationMs: 1, detail: 'refused' },
      probesFailed: 1,
      ...more,
    }),
  });

  it('are known from its status, each once', () => {
    const log = createProbeLog();
    expect(log.take(status(2_000))).toBe(true);
    expect(log.take(status(2_000))).toBe(false);
    expect(log.take(status(4_000))).toBe(true);
    expect(log.events.map(({ atMs, text }) => [atMs, text])).toEqual([
      [2_000, 'A probe of api-2 failed: refused'],
      [4_000, 'A probe of api-2 failed: refused'],
    ]);
  });

  it('are left to the events while they may change the verdict, and end when one succeeds', () => {
    const log = createProbeLog();
    expect(log.take(status(900, { verdict: 'healthy' }))).toBe(false);
    expect(log.take(status(1_000))).toBe(false);
    const succeeded = { atMs: 5_000, succeeded: true, durationMs: 1, detail: '200' };
    expect(log.take(status(5_000, { lastProbe: succeeded }))).toBe(false);
    expect(log.events).toEqual([]);
  });

  it('are forgotten with a server that the events do not reach any more, and one that stays is not told again', () => {
    const log = createProbeLog();
    log.take(status(2_000));
    log.take({ 'api/other': { ...status(3_000)['api/api-2']!, id: 'api/other' } });
    log.follow([]);
    expect(log.events).toHaveLength(2);
    log.follow([event(2_500, 'config-applied')]);
    expect(log.events.map(({ server }) => server)).toEqual(['api/other']);
    expect(log.take(status(2_000))).toBe(false);
    expect(log.events).toHaveLength(1);
    expect(log.take(status(4_000))).toBe(true);
  });

  it('keep a limit, however long a server stays away', () => {
    const log = createProbeLog();
    for (let probe = 1; probe <= 1_000; probe++) log.take(status(1_000 + probe));
    expect(log.events).toHaveLength(400);
    expect(log.events.at(-1)?.atMs).toBe(2_000);
  });
});
