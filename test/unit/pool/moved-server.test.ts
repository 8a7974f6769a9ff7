import { describe, expect, it } from 'vitest';
import type { PoolInput } from '../../support/config-of.ts';
import { type PoolKit, poolKit, serversNamed } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';

type Kit = PoolKit<ReturnType<typeof manualClock>>;
const outlierDetection = { consecutiveFailures: 3, baseEjection: '10s' } as const;
const [a, b] = serversNamed({ a: 1, b: 1 });
const pool: PoolInput = { servers: [a!, b!], outlierDetection, slowStart: '20s' };

/** `a` is called `c` from now on, at the same address. */
function rename(kit: Kit, more = {}): void {
  const before = kit.server('a');
  const predecessor = (address: string) => (address === before.addressText ? before : undefined);
  kit.configure({ ...pool, servers: [{ ...a!, name: 'c' }, b!], ...more }, predecessor);
}

function fail(kit: Kit, name: string, times: number): void {
  for (let failure = 0; failure < times; ) {
    const exchange = kit.request();
    const isIt = kit.pool.choose(exchange)?.name === name;
    kit.end(exchange, isIt ? 'timed-out' : 'responded');
    if (isIt) failure += 1;
  }
}

const told = (kit: Kit): string[] =>
  kit.events
    .read(0, 99)
    .filter(({ kind }) => kind.startsWith('server-'))
    .map(({ text }) => text);

describe('a server that gets another name', () => {
  it('stays ejected for as long as it was, and comes back by its trial', async () => {
    const kit = poolKit(pool);
    fail(kit, 'a', 3);
    const { ejectedUntil, ejectedUntilMs } = kit.server('a');
    rename(kit);
    expect(kit.server('c')).toMatchObject({ ejectedUntil, ejectedUntilMs, timesEjected: 1 });
    expect(kit.server('c').outlier).toMatchObject({ cause: 'consecutive', measured: 3 });
    expect([kit.serve(), kit.serve(), kit.serve()]).toEqual(['b', 'b', 'b']);
    expect(told(kit)).toEqual(['a is ejected for 10s: 3 attempts in a row failed']);
    await kit.clock.advance(10_000);
    fail(kit, 'c', 1);
    expect(told(kit).at(-1)).toBe('c is ejected for 20s: its trial request failed, ejection number 2');
  });

  it('keeps the failures that are no ejection yet, in a row and as a share', () => {
    const kit = poolKit(pool);
    fail(kit, 'a', 2);
    rename(kit);
    fail(kit, 'c', 1);
    expect(told(kit)).toEqual(['c is ejected for 10s: 3 attempts in a row failed']);
    const shares = { consecutiveFailures: 0, failurePercent: 50, minimumRequests: 4 };
    const other = poolKit({ ...pool, outlierDetection: shares });
    fail(other, 'a', 3);
    rename(other, { outlierDetection: shares });
    fail(other, 'c', 1);
    expect(told(other)[0]).toMatch(/^c is ejected for .+4 of 4/);
  });

  it('is as fast, as warm and as reachable as it was', async () => {
    const kit = poolKit(pool);
    await kit.clock.advance(1_000);
    const before = kit.server('a');
    before.noteLatency(70, kit.clock.now(), 10_000);
    before.beginSlowStart(kit.clock.now());
    before.unreachableAt = 900;
    before.answersProbes = true;
    const began = kit.clock.now();
    rename(kit);
    const { latencyMs, latencyAt, slowStartedAt, unreachableAt, answersProbes } = kit.server('c');
    expect([latencyMs, latencyAt, slowStartedAt]).toEqual([70, began, began]);
    expect([unreachableAt, answersProbes]).toEqual([900, true]);
    await kit.clock.advance(10_000);
    expect(kit.pool.effectiveWeight(kit.server('c'), kit.clock.now())).toBe(0.5);
  });

  it('is as cold as the day it was added where another process has the address of nobody', async () => {
    const kit = poolKit(pool);
    await kit.clock.advance(1_000);
    kit.configure({ ...pool, servers: [{ ...a!, name: 'c', address: '127.0.0.1:3990' }, b!] });
    const { latencyMs, slowStartedAt, timesEjected } = kit.server('c');
    expect([latencyMs, slowStartedAt, timesEjected]).toEqual([0, kit.clock.now(), 0]);
  });
});

describe('a pool that was prepared and begins', () => {
  it('knows what its servers did in another pool meanwhile', async () => {
    const kit = poolKit(pool);
    await kit.clock.advance(1_000);
    const prepared = poolKit({ ...pool, healthCheck: { type: 'tcp' } }, kit.clock);
    fail(kit, 'a', 3);
    kit.server('b').verdict = 'unhealthy';
    kit.server('b').beginSlowStart(kit.clock.now());
    const served = kit.server('b').traffic.requests;
    prepared.pool.start((address) => kit.pool.servers.find(({ addressText }) => addressText === address));
    prepared.pool.stop();
    expect(prepared.server('a')).toMatchObject({ timesEjected: 1, failedAttempts: 3 });
    expect(prepared.server('b')).toMatchObject({ verdict: 'unhealthy', weight: 0.1 });
    expect(prepared.server('b').traffic.requests).toBe(served);
  });

  it('takes no verdict over that nobody will ever revise', () => {
    const kit = poolKit(pool);
    const prepared = poolKit({ ...pool, healthCheck: { type: 'none' } }, kit.clock);
    kit.server('b').verdict = 'unhealthy';
    prepared.pool.start((address) => kit.pool.servers.find(({ addressText }) => addressText === address));
    expect(prepared.server('b').verdict).toBe('unknown');
  });
});

describe('of a server that has another name by now', () => {
  /** Its trial is under way while it is renamed. */
  async function onTrial() {
    const kit = poolKit(pool);
    fail(kit, 'a', 3);
    await kit.clock.advance(10_000);
    const trial = kit.request();
    while (kit.pool.choose(trial)?.name !== 'a') trial.attemptCount = 0;
    expect(kit.server('a').isOnTrial).toBe(true);
    rename(kit);
    return { kit, trial };
  }

  it.each(['responded', 'timed-out', 'client-aborted'] as const)(
    'the trial it had tells nothing when it ends as %s: the next request is the trial of the new name',
    async (outcome) => {
      const { kit, trial } = await onTrial();
      kit.end(trial, outcome);
      expect(told(kit)).toEqual(['a is ejected for 10s: 3 attempts in a row failed']);
      expect(kit.server('c')).toMatchObject({ timesEjected: 1, isOnTrial: false });
      while (kit.serve() !== 'c');
      expect(told(kit).slice(1)).toEqual(['c is back: its trial request went well']);
    },
  );

  it('failures of requests that it still had eject nobody', () => {
    const kit = poolKit({ ...pool, outlierDetection: { ...outlierDetection, failurePercent: 50 } });
    const running = Array.from({ length: 12 }, () => kit.request());
    for (const exchange of running) kit.pool.choose(exchange);
    rename(kit);
    for (const exchange of running)
      if (exchange.attempts[0]!.server!.name === 'a') kit.end(exchange, 'timed-out');
    expect(told(kit)).toEqual([]);
  });

  it('nor does a pool that is gone tell of servers and a circuit', async () => {
    const kit = poolKit({
      ...pool,
      circuitBreaker: { failurePercent: 50, minimumRequests: 2, window: '10s', open: '10s', trials: 1 },
    });
    const running = Array.from({ length: 12 }, () => kit.request());
    for (const exchange of running) kit.pool.choose(exchange);
    kit.pool.stop();
    for (const exchange of running) {
      kit.end(exchange, 'timed-out');
      kit.pool.requestEnded(exchange);
    }
    expect(kit.events.read(0, 99).filter(({ kind }) => kind !== 'attempt-failed')).toEqual([]);
  });
});

describe('outlier detection that is turned off', () => {
  const off = { consecutiveFailures: 0, baseEjection: '10s' };

  it('ends the ejections, and says so', async () => {
    const kit = poolKit(pool);
    fail(kit, 'a', 3);
    kit.configure({ ...pool, outlierDetection: { ...off, latencyFactor: 3 } });
    expect(kit.server('a').ejectedUntil).not.toBe(0);
    kit.configure({ ...pool, outlierDetection: off });
    expect(told(kit).at(-1)).toBe('a is back: outlier detection was turned off');
    expect([kit.serve(), kit.serve()].sort()).toEqual(['a', 'b']);
    fail(kit, 'a', 5);
    expect(told(kit)).toHaveLength(2);
  });

  it('ends one whose trial is under way, too', async () => {
    const kit = poolKit(pool);
    fail(kit, 'a', 3);
    await kit.clock.advance(10_000);
    const trial = kit.request();
    while (kit.pool.choose(trial)?.name !== 'a') trial.attemptCount = 0;
    kit.configure({ ...pool, outlierDetection: off });
    kit.end(trial, 'timed-out');
    expect(kit.server('a').ejectedUntil).toBe(0);
    expect(told(kit)).toHaveLength(2);
  });

  it('lets nobody stay ejected who comes from a pool that has it', () => {
    const kit = poolKit(pool);
    fail(kit, 'a', 3);
    rename(kit, { outlierDetection: off });
    expect(told(kit).at(-1)).toBe('c is back: outlier detection was turned off');
    expect(kit.server('c').ejectedUntil).toBe(0);
  });
});
