import { describe, expect, it } from 'vitest';
import type { PoolInput } from '../../support/config-of.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

/** What a server does with a request: after so many milliseconds a status, or a way to fail. */
interface Does {
  readonly ms: number;
  readonly status?: number;
  readonly outcome?: 'connect-failed' | 'closed-before-response' | 'client-aborted';
}

function play(does: Record<string, Does>, more: Partial<PoolInput> = {}) {
  const kit = poolKit({
    servers: serversNamed(Object.fromEntries(Object.keys(does).map((name) => [name, 1]))),
    strategy: 'least-time',
    healthCheck: { type: 'none' },
    outlierDetection: { consecutiveFailures: 0 },
    ...more,
  });
  return {
    ...kit,
    /** Requests one after another; how many each server got. */
    async asked(requests: number): Promise<Record<string, number>> {
      const counts: Record<string, number> = {};
      for (let request = 0; request < requests; request++) {
        const exchange = kit.request();
        const server = kit.pool.choose(exchange)!;
        const { ms, status = 200, outcome = 'responded' } = does[server.name]!;
        counts[server.name] = (counts[server.name] ?? 0) + 1;
        const attempt = exchange.attempts[0]!;
        attempt.startedAt = kit.clock.now();
        await kit.clock.advance(ms);
        attempt.endedAt = kit.clock.now();
        attempt.outcome = outcome;
        attempt.status = outcome === 'responded' ? status : 0;
        kit.pool.attemptEnded(exchange, attempt);
      }
      return counts;
    },
  };
}

describe('least time and servers that fail', () => {
  it.each([
    ['a quick 500', { ms: 1, status: 500 }],
    ['a refused connection', { ms: 1, outcome: 'connect-failed' }],
    ['a connection closed at once', { ms: 1, outcome: 'closed-before-response' }],
  ] as const)('%s draws nobody', async (_what, fails) => {
    const { a } = await play({ a: fails, b: { ms: 20 } }).asked(30);
    expect(a).toBe(1);
  });

  it('nor does a status that the file calls a failure', async () => {
    const { a } = await play(
      { a: { ms: 1, status: 429 }, b: { ms: 20 } },
      { outlierDetection: { consecutiveFailures: 0, statuses: [429] } },
    ).asked(30);
    expect(a).toBe(1);
  });

  it('not even where the good servers take longer than a failure counts', async () => {
    const { a = 0 } = await play({ a: { ms: 1, status: 500 }, b: { ms: 5_000 } }).asked(40);
    // A second, two, four and eight, and then again whenever as much has faded to five.
    expect(a).toBeLessThan(14);
  });

  it('one that begins to fail is left, and asked again when that has faded', async () => {
    const does = { a: { ms: 1, status: 200 }, b: { ms: 20 } };
    const kit = play(does);
    expect((await kit.asked(30)).a).toBe(29);
    does.a.status = 500;
    expect((await kit.asked(30)).a).toBe(1);
    does.a.status = 200;
    expect((await kit.asked(30)).a ?? 0).toBe(0);
    await kit.clock.advance(60_000);
    expect((await kit.asked(10)).a).toBeGreaterThan(0);
  });

  it('a failure never makes a slow server look faster', async () => {
    const does = { a: { ms: 9_000, status: 200 } };
    const kit = play(does);
    await kit.asked(1);
    const before = kit.server('a').latencyMs;
    does.a = { ms: 1, status: 503 };
    await kit.asked(1);
    expect(kit.server('a').latencyMs).toBeGreaterThanOrEqual(before);
  });

  it('a client that goes away says nothing', async () => {
    const kit = play({ a: { ms: 1, outcome: 'client-aborted' } });
    await kit.asked(1);
    expect(kit.server('a').latencyMs).toBe(0);
  });

  it('after an ejection the trial comes at once, and its answer counts alone', async () => {
    const does: Record<string, Does> = { a: { ms: 1, outcome: 'closed-before-response' }, b: { ms: 20 } };
    const kit = play(does, { outlierDetection: { consecutiveFailures: 1, baseEjection: '1s' } });
    await kit.asked(2);
    expect(kit.server('a').ejectedUntil).toBeGreaterThan(0);
    does.a = { ms: 5 };
    await kit.clock.advance(1_000);
    expect(await kit.asked(3)).toEqual({ a: 3 });
    expect(kit.server('a').latencyMs).toBe(5);
  });
});

describe('what least time says of what it measured', () => {
  const sentenceAfter = async (idleMs: number, decay?: string) => {
    const kit = play(
      { a: { ms: 13 }, b: { ms: 20 } },
      decay ? { strategy: { kind: 'least-time', decay } } : {},
    );
    await kit.asked(6);
    await kit.clock.advance(idleMs);
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    const { sentence, servers } = kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!;
    return [sentence, ...servers.map(({ detail }) => detail)].join('\n');
  };

  it.each([
    ['5 minutes', 300_000, undefined],
    ['18 minutes', 1_080_000, undefined],
    ['3 hours', 10_800_000, undefined],
    ['7 seconds of a short decay', 7_000, '50ms'],
  ])(
    'calls nobody unmeasured that has answered, and gives no absurd figures, after %s',
    async (_what, idleMs, decay) => {
      const told = await sentenceAfter(idleMs, decay);
      expect(told).not.toMatch(/not measured|not answered|e-\d/);
      expect(told).toMatch(
        /^Least time chose [ab], whose (13|20) ms count for nothing by now, as do those of one other, for nothing was measured since\.\n/,
      );
      expect(told).toContain('score 0 (its 13 ms count for nothing by now)');
    },
  );

  /** What is said of a request that finds one in flight already at each of these. */
  const toldWith = async (busy: readonly string[], does: Record<string, Does>, idleMs: number) => {
    const kit = play(does);
    await kit.asked(2 * Object.keys(does).length);
    await kit.clock.advance(idleMs);
    for (const name of busy) kit.server(name).requestBegan();
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    const { sentence, servers } = kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!;
    return { sentence, details: servers.map(({ detail }) => detail) };
  };

  it.each([
    ['an hour', 3_600_000],
    // e^(-elapsed / decay) is 0 from about 745 times the decay on.
    ['three hours', 10_800_000],
  ])(
    'takes a server with a request in flight for none that took 1 ms, nor for unmeasured, after %s',
    async (_what, idleMs) => {
      const { sentence, details } = await toldWith(['a', 'b'], { a: { ms: 13 }, b: { ms: 20 } }, idleMs);
      expect(sentence).toMatch(/^Least time chose [ab], whose (13|20) ms count for nothing by now/);
      expect(details).toEqual([
        'score 0 (its 13 ms count for nothing by now)',
        'score 0 (its 20 ms count for nothing by now)',
      ]);
    },
  );

  it.each([
    [1_000, '11.8'],
    [10_800_000, '0'],
  ])(
    'says of one that was never measured and has a request in flight what it counted as, %i ms later',
    async (idleMs, counted) => {
      const kit = play({ a: { ms: 13 }, b: { ms: 20 } });
      kit.server('a').noteLatency(13, kit.clock.now(), 10_000);
      await kit.clock.advance(idleMs);
      kit.server('b').requestBegan();
      kit.server('a').requestBegan();
      kit.server('a').requestBegan();
      const exchange = kit.request();
      expect(kit.pool.choose(exchange)?.name).toBe('b');
      kit.end(exchange, 'responded');
      kit.journal.record(exchange, kit.clock.now());
      const { sentence, servers } = kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!;
      expect(sentence).toBe(
        'Least time chose b, which has not answered yet, and counts as the fastest of the others.',
      );
      expect(servers[1]!.detail).toBe(`not measured, counted as ${counted} ms`);
    },
  );

  it('calls nobody the fastest where none was measured', () => {
    const kit = play({ a: { ms: 1 }, b: { ms: 1 } });
    for (const name of ['a', 'a', 'b']) kit.server(name).requestBegan();
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)?.name).toBe('b');
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    const { sentence, servers } = kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!;
    expect(sentence).toBe(
      'Least time chose b, which has the fewest requests in flight for its weight; none of them has answered yet.',
    );
    expect(servers.map(({ detail }) => detail)).toEqual([
      'not measured, counted as 1 ms',
      'not measured, counted as 1 ms',
    ]);
  });

  it('tells figures while they count for something', async () => {
    expect(await sentenceAfter(1_000)).toMatch(
      /^Least time chose [ab], which should answer soonest \([\d.]+ ms x 1; next/,
    );
  });
});
