import type { StrategyKind } from '@shared/catalog/strategies.ts';
import { describe, expect, it } from 'vitest';
import { type RunFigures, recordedFigures } from '../../../main/engine/simulation/figures.ts';
import type { ModelledAttempt } from '../../../main/engine/simulation/modelled-attempt.ts';
import { replay } from '../../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';
import { livedRecording, type Truth } from '../../support/lived-recording.ts';

const servers = serversNamed({ a: 1, b: 1, c: 1 });
const ids = ['api/a', 'api/b', 'api/c'];

const refused: ModelledAttempt = { outcome: 'connect-failed', status: 0, durationMs: 0.5 };
const cut: ModelledAttempt = { outcome: 'closed-before-response', status: 0, durationMs: 3 };
const hangs: ModelledAttempt = { outcome: 'timed-out', status: 0, durationMs: 30_000 };
const bad: ModelledAttempt = { outcome: 'responded', status: 503, durationMs: 2 };

/** @param parts from, to, every so many milliseconds */
function arrivals(...parts: readonly [number, number, number][]): number[] {
  return parts.flatMap(([from, to, every]) =>
    Array.from({ length: Math.floor((to - from) / every) }, (_, index) => from + index * every),
  );
}

const well: Truth = {
  failure: () => null,
  durationMs: (server) => ({ a: 10, b: 14, c: 20 })[server]!,
};
const during = (from: number, to: number, failure: ModelledAttempt) => (server: string, atMs: number) =>
  server === 'b' && atMs >= from && atMs < to ? failure : null;

interface Shape {
  readonly arrivals: readonly number[];
  readonly truth: Truth;
  readonly input?: Partial<PoolInput>;
}

const steady = arrivals([0, 30_000, 10]);
const hedged = { retry: { hedge: { after: '30ms' }, budgetMinPerSecond: 1_000 } } as const;
const shapes: Record<string, Shape> = {
  'nothing but answers': { arrivals: steady, truth: well },
  'a server that is away for six seconds': {
    arrivals: steady,
    truth: { ...well, failure: during(5_000, 11_000, refused) },
  },
  'a server that is away for two minutes of five, and asked for seldom': {
    arrivals: arrivals([0, 300_000, 200]),
    truth: { ...well, failure: during(60_000, 180_000, refused) },
  },
  'a server that is away, without health checks': {
    arrivals: steady,
    truth: { ...well, failure: during(5_000, 11_000, refused) },
    input: { healthCheck: { type: 'none' } },
  },
  'a server that answers badly for four seconds, and whose probes go well': {
    arrivals: steady,
    truth: { ...well, failure: during(5_000, 9_000, bad), probe: () => null },
  },
  'a server that is away while nobody asks': {
    arrivals: arrivals([0, 5_000, 10], [20_000, 30_000, 10]),
    truth: { ...well, failure: during(4_500, 12_000, refused) },
  },
  'a request that every server cuts, a pause, and steady load': {
    arrivals: arrivals([0, 200, 100], [6_200, 26_200, 10]),
    truth: { ...well, own: (index) => (index === 1 ? cut : null) },
  },
  'two such requests, each before a pause': {
    arrivals: arrivals([0, 3_000, 50], [9_000, 12_000, 50], [18_000, 30_000, 10]),
    truth: { ...well, own: (index) => (index === 59 || index === 119 ? cut : null) },
  },
  'a server that hangs for six seconds, whose probes go well, and hedges': {
    arrivals: steady,
    truth: { ...well, failure: during(5_000, 11_000, hangs), probe: () => null },
    input: { ...hedged, outlierDetection: { baseEjection: '1s', maxEjection: '2s' } },
  },
  'a server that hedges overtake always, and none of its trials goes well': {
    arrivals: steady,
    truth: { ...well, durationMs: (server) => (server === 'b' ? 80 : 10) },
    input: { ...hedged, outlierDetection: { baseEjection: '1s', maxEjection: '2s' } },
  },
  'a server that hedges overtake always, and nobody is ejected': {
    arrivals: steady,
    truth: { ...well, durationMs: (server) => (server === 'b' ? 80 : 10) },
    input: { ...hedged, outlierDetection: { consecutiveFailures: 0 } },
  },
  'single failures among answers': {
    arrivals: steady,
    truth: { ...well, own: (index, tries) => (index % 97 === 0 && tries === 0 ? cut : null) },
  },
};

async function both(
  { arrivals: times, truth, input = {} }: Shape,
  strategy: StrategyKind,
  others: readonly StrategyKind[] = [],
): Promise<{ recorded: RunFigures; again: RunFigures; others: RunFigures[] }> {
  const config = { servers, strategy, ...input } as PoolInput;
  const requests = await livedRecording(config, times, truth);
  const recorded = poolConfig(config);
  const model = new ServiceModel(requests, recorded.timeouts, recorded.healthCheck);
  const through = (kind: StrategyKind) =>
    replay({
      requests,
      model,
      recorded,
      config: poolConfig({ ...config, strategy: kind } as PoolInput),
      seed: 1,
    });
  return {
    recorded: recordedFigures(requests, ids),
    again: await through(strategy),
    others: await Promise.all(others.map(through)),
  };
}

const percents = ({ servers: each }: RunFigures) => each.map(({ share }) => Math.round(share! * 1_000) / 10);

/** Another seed is another chance: shares of a few thousand picks, and failures that come of them, differ as much between two recordings. */
const allowed = {
  'round-robin': { points: 1, failures: 1, failedPercent: 0 },
  'least-connections': { points: 1, failures: 1, failedPercent: 0 },
  'power-of-two': { points: 6, failures: 2, failedPercent: 15 },
};

describe.each(Object.entries(allowed))('recorded by %s', (strategy, { points, failures, failedPercent }) => {
  it.each(Object.entries(shapes))(
    `%s: comes out again within ${points} percentage points of every share, and ${failures} failures or ${failedPercent} %`,
    async (_name, shape) => {
      const { recorded, again } = await both(shape, strategy as StrategyKind);
      const told = `${percents(recorded)} and ${recorded.failed} failed; again ${percents(again)} and ${again.failed}`;
      for (const [index, share] of percents(again).entries())
        expect(Math.abs(share - percents(recorded)[index]!), told).toBeLessThanOrEqual(points);
      const mayDiffer = Math.max(failures, (recorded.failed * failedPercent) / 100);
      expect(Math.abs(again.failed - recorded.failed), told).toBeLessThanOrEqual(mayDiffer);
    },
  );
});

describe('failures before a pause', () => {
  it.each([
    'a request that every server cuts, a pause, and steady load',
    'two such requests, each before a pause',
  ])('%s: no strategy makes more of them than there were', async (name) => {
    const { recorded, others } = await both(shapes[name]!, 'round-robin', [
      'round-robin',
      'ip-hash',
      'first',
      'least-connections',
      'random',
    ]);
    expect(recorded.failed).toBeGreaterThan(0);
    for (const { failed } of others) expect(failed).toBe(recorded.failed);
  });
});
