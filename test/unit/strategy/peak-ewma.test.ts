import { describe, expect, it } from 'vitest';
import { decayedEwma, peakEwma } from '../../../main/engine/strategy/peak-ewma.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

const decayMs = 10_000;

describe('the peak EWMA of response times', () => {
  it('takes over a first and every slower measurement in full', () => {
    expect(peakEwma(0, 0, 12, 500, decayMs)).toBe(12);
    expect(peakEwma(12, 500, 80, 501, decayMs)).toBe(80);
  });

  it('comes down to faster ones by the time that passed, as e^(-elapsed / decay)', () => {
    expect(peakEwma(80, 0, 10, 10_000, decayMs)).toBeCloseTo(80 / Math.E + 10 * (1 - 1 / Math.E), 10);
    expect(peakEwma(80, 0, 10, 0, decayMs)).toBe(80);
    expect(peakEwma(80, 0, 10, 1_000_000, decayMs)).toBeCloseTo(10, 10);
  });

  it('never calls a server unmeasured that answered in no time at all', () => {
    expect(peakEwma(0, 0, 0, 500, decayMs)).toBeGreaterThan(0);
  });

  it('goes towards nothing while nothing is measured', () => {
    expect(decayedEwma(80, 0, 10_000, decayMs)).toBeCloseTo(80 / Math.E, 10);
    expect(decayedEwma(80, 500, 500, decayMs)).toBe(80);
    // Where e^-x is 0: nothing that was measured becomes one that never was.
    expect(decayedEwma(80, 0, 1e9, decayMs)).toBeGreaterThan(0);
    expect(decayedEwma(80, 0, 1e9, decayMs) / 1_000).toBeGreaterThan(0);
  });
});

describe('the latency of a server', () => {
  const answer = async (status: number, ms: number, kit = poolKit({ servers: serversNamed({ a: 1 }) })) => {
    const exchange = kit.request();
    const server = kit.pool.choose(exchange)!;
    const attempt = exchange.attempts[exchange.attemptCount - 1]!;
    attempt.begin(kit.clock.now());
    await kit.clock.advance(ms);
    attempt.status = status;
    attempt.outcome = status === 0 ? 'timed-out' : 'responded';
    attempt.endedAt = kit.clock.now();
    kit.pool.attemptEnded(exchange, attempt);
    return { kit, server };
  };

  it('follows its answers', async () => {
    const { kit, server } = await answer(200, 50);
    expect([server.latencyMs, server.latencyAt]).toEqual([50, kit.clock.now()]);
    await answer(200, 10, kit);
    expect(server.latencyMs).toBeLessThan(50);
    expect(server.latencyMs).toBeGreaterThan(49);
  });

  it('is made to look worse by errors, however quick, and is not told by tunnels', async () => {
    const { kit, server } = await answer(200, 50);
    await answer(503, 1, kit);
    expect(server.latencyMs).toBe(1_000);
    await answer(101, 90_000, kit);
    expect(server.latencyMs).toBe(1_000);
    await answer(0, 5_000, kit);
    expect(server.latencyMs).toBe(5_000);
    await answer(503, 1, kit);
    expect(server.latencyMs).toBe(10_000);
    for (let failure = 0; failure < 5; failure++) await answer(503, 1, kit);
    expect(server.latencyMs).toBe(60_000);
  });
});
