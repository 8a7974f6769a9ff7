import { describe, expect, it } from 'vitest';
import type { WorkloadResult } from '../../../bench/lib/measure.mjs';
import { rowsOf } from '../../../bench/lib/summary.mjs';
import { judge, type Target } from '../../../bench/lib/targets.mjs';

const round = (index: number, cost: number, errors = 0) => ({
  round: index,
  requests: 1_000,
  seconds: 1,
  cpuMicrosPerRequest: cost,
  perSecond: 10_000,
  meanMs: cost / 10,
  p50Ms: cost / 10,
  p99Ms: cost,
  maxMs: cost * 2,
  errors,
  errorKinds: errors ? { status: errors } : {},
  othersPercent: 0,
});

function measured(costs: Record<string, number[]>, errors: Record<string, number> = {}): WorkloadResult {
  return {
    name: 'get-64',
    title: 'small GET',
    unit: 'request',
    load: 'wrk',
    connections: 64,
    startedAt: '2026-01-01T00:00:00.000Z',
    peers: Object.entries(costs).map(([name, each]) => ({
      name,
      rounds: each.map((cost, index) => round(index, cost, index === 0 ? (errors[name] ?? 0) : 0)),
      peakMemoryBytes: 0,
    })),
    skipped: [],
  };
}

const target: Target = {
  workload: 'get-64',
  what: 'CPU per request',
  limit: 1.05,
  to: ['nginx', 'haproxy'],
  figure: ({ cpuMicrosPerRequest }) => cpuMicrosPerRequest,
};

describe('the verdict on a target', () => {
  it('is met at the limit, and missed above it by how much', () => {
    expect(judge(target, [measured({ ballast: [10.5], nginx: [10], haproxy: [12] })]).status).toBe('met');
    const missed = judge(target, [measured({ ballast: [21], nginx: [10], haproxy: [12] })]);
    expect(missed).toMatchObject({ status: 'missed', value: 2.1, against: 'nginx' });
    expect(missed.text).toContain('missed by 100 %');
  });

  it('counts the ratio to whichever peer did better', () => {
    const { against, value } = judge(target, [measured({ ballast: [12], nginx: [12], haproxy: [10] })]);
    expect({ against, value }).toEqual({ against: 'haproxy', value: 1.2 });
  });

  it('compares within a round, so that what drifts with the hour falls out', () => {
    const drifting = measured({ ballast: [10, 20, 40], nginx: [10, 20, 40], haproxy: [10, 20, 40] });
    expect(judge(target, [drifting]).value).toBe(1);
  });

  it('says so when the limit lies within the noise', () => {
    const noisy = measured({ ballast: [8, 10, 13, 9], nginx: [10, 10, 10, 10], haproxy: [11, 11, 11, 11] });
    expect(judge(target, [noisy]).text).toContain('within noise');
  });

  it('must stay under a limit that is to be stayed under', () => {
    const even = measured({ ballast: [10], haproxy: [10] });
    const below = { ...target, limit: 1, to: ['haproxy'], below: true };
    expect(judge(below, [even]).status).toBe('missed');
    expect(judge({ ...below, below: false }, [even]).status).toBe('met');
  });

  it('is not given where a row has errors, a peer is absent, or nothing was measured', () => {
    const costs = { ballast: [10], nginx: [10], haproxy: [10] };
    expect(judge(target, [measured(costs, { ballast: 1 })]).status).toBe('no verdict');
    expect(judge(target, [measured(costs, { haproxy: 1 })]).status).toBe('no verdict');
    expect(judge(target, [measured({ ballast: [10], nginx: [10] })]).status).toBe('no verdict');
    expect(judge(target, []).status).toBe('no verdict');
  });

  it('names the reason why a row was skipped', () => {
    const result = measured({ ballast: [10] });
    result.skipped.push({ name: 'ballast-batching', reason: 'not known here' });
    expect(judge({ ...target, peer: 'ballast-batching' }, [result]).text).toBe('not known here');
  });

  it('judges a figure by itself where no other proxy is named', () => {
    const alone: Target = { ...target, to: [], limit: 6, unit: 'KiB' };
    expect(judge(alone, [measured({ ballast: [5, 7, 5.5] })])).toMatchObject({ status: 'met', value: 5.5 });
    expect(judge(alone, [measured({ ballast: [7] })])).toMatchObject({ status: 'missed' });
  });
});

describe('the row of a proxy', () => {
  it('is invalid with a single error, and gives no ratio to anybody', () => {
    const rows = rowsOf(measured({ ballast: [10, 10], nginx: [10, 10] }, { nginx: 1 }));
    expect(rows.map(({ invalid }) => invalid)).toEqual([undefined, '1 errors: status 1']);
    expect(rows[0]?.toNginx).toBeUndefined();
  });

  it('shows how much of a core the proxy used', () => {
    expect(rowsOf(measured({ ballast: [50] }))[0]?.busyPercent).toBe(50);
  });
});
