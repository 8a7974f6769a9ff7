import { describe, expect, it } from 'vitest';
import { serversNamed } from '../../support/engine-kit.ts';
import { failing, outlierDetection } from '../../support/outlier-kit.ts';

describe('a server that is slow', () => {
  const slow = { latencyFactor: 3, minimumRequests: 10, minimumLatency: '20ms' };

  it('is ejected when its median is so many times that of the others', async () => {
    const kit = failing({ a: 1, b: 1, c: 1 }, {}, slow);
    await kit.answersIn({ a: 10, b: 12, c: 40 }, 10);
    kit.pool.tick(kit.clock.now());
    expect(kit.told()).toEqual([
      expect.stringMatching(
        /^c is ejected for 10s: its median response time is (39|4[01])(\.\d)?ms, that of the others (9|10)(\.\d)?ms$/,
      ),
    ]);
  });

  it('stays where it is not slow enough, too few asked it, or all are as slow', async () => {
    for (const times of [
      { a: 10, b: 10, c: 29 },
      { a: 1, b: 1, c: 19 },
      { a: 90, b: 90, c: 100 },
    ]) {
      const kit = failing({ a: 1, b: 1, c: 1 }, {}, slow);
      await kit.answersIn(times, 10);
      kit.pool.tick(kit.clock.now());
      expect(kit.told()).toEqual([]);
    }
    const few = failing({ a: 1, b: 1, c: 1 }, {}, slow);
    await few.answersIn({ a: 10, b: 10, c: 500 }, 9);
    few.pool.tick(few.clock.now());
    expect(few.told()).toEqual([]);
  });

  it('is not ejected for one slow page among many quick ones', async () => {
    const kit = failing({ a: 1, b: 1 }, {}, slow);
    await kit.answersIn({ a: 10, b: 10 }, 10);
    await kit.answersIn({ b: 30_000 }, 4);
    kit.pool.tick(kit.clock.now());
    expect(kit.told()).toEqual([]);
  });

  it('is judged by the others that are left: the slowest goes first', async () => {
    const kit = failing({ a: 1, b: 1, c: 1 }, {}, { ...slow, maxEjectedPercent: 34 });
    await kit.answersIn({ a: 10, b: 400, c: 800 }, 10);
    kit.pool.tick(kit.clock.now());
    expect(kit.told()).toHaveLength(2);
    expect(kit.told()[0]).toMatch(/^c is ejected/);
    expect(kit.told()[1]).toMatch(/^b would be ejected: its median .* no more servers may be ejected/);
    kit.pool.tick(kit.clock.now() + 1_000);
    expect(kit.told()).toHaveLength(2);
  });

  it('is no measure for the others once it is ejected', async () => {
    const kit = failing({ a: 1, b: 1, c: 1, d: 1 }, {}, { ...slow, latencyFactor: 5 });
    // By a and b 60 is slow; by a, b and d it is not.
    await kit.answersIn({ a: 10, b: 30, c: 60, d: 1_000 }, 10);
    kit.pool.tick(kit.clock.now());
    expect(kit.told()).toEqual([
      expect.stringMatching(/^d is ejected/),
      expect.stringMatching(/^c is ejected/),
    ]);
  });

  it('is neither judged nor a measure while it is in maintenance', async () => {
    const kit = failing({ a: 1, b: 1, c: 1 }, {}, slow);
    await kit.answersIn({ a: 10, b: 100, c: 1_000 }, 10);
    for (const name of ['a', 'c']) kit.server(name).adminState = 'maintenance';
    kit.pool.tick(kit.clock.now());
    expect(kit.told()).toEqual([]);
  });

  it('keeps its reason while it is ejected, and its trial is one whatever else is off', async () => {
    const kit = failing({ a: 1, b: 1, c: 1 }, {}, { ...slow, consecutiveFailures: 0 });
    await kit.answersIn({ a: 10, b: 10, c: 100 }, 10);
    for (let second = 0; second < 3; second++) {
      kit.pool.tick(kit.clock.now());
      expect(kit.status('c').ejectedBecause).toMatch(/^its median response time is/);
      await kit.clock.advance(1_000);
    }
    await kit.clock.advance(10_000);
    expect(kit.at('c', 'timed-out')).toBe(true);
    expect(kit.told().at(-1)).toBe('c is ejected for 20s: its trial request failed, ejection number 2');
  });

  it('and one that fails in a row and is not ejected have each a reason of their own', async () => {
    const kit = failing({ a: 1, b: 1 }, {}, slow);
    kit.server('b').adminState = 'maintenance';
    kit.fail('a');
    for (let second = 0; second < 3; second++) {
      kit.pool.tick(kit.clock.now());
      expect(kit.status('a').notEjected).toMatch(/^3 attempts in a row failed, but it is the last/);
      await kit.clock.advance(1_000);
    }
    kit.at('a', 'responded');
    kit.pool.tick(kit.clock.now());
    expect(kit.status('a').notEjected).toBe(null);
  });

  it('and is not ejected is no longer told of where nobody asks how slow servers are', async () => {
    const kit = failing({ a: 1, b: 1, c: 1 }, {}, { ...slow, maxEjectedPercent: 34 });
    await kit.answersIn({ a: 10, b: 400, c: 800 }, 10);
    kit.pool.tick(kit.clock.now());
    expect(kit.status('b').notEjected).toMatch(/^its median/);
    kit.configure({
      servers: serversNamed({ a: 1, b: 1, c: 1 }),
      outlierDetection: { ...outlierDetection, maxEjectedPercent: 34 },
    });
    kit.pool.tick(kit.clock.now());
    expect(kit.status('b').notEjected).toBe(null);
  });

  it('has a whole window after its return before it is judged again', async () => {
    const kit = failing({ a: 1, b: 1 }, {}, { ...slow, baseEjection: '1s' });
    await kit.answersIn({ a: 10, b: 100 }, 10);
    kit.pool.tick(kit.clock.now());
    expect(kit.status('b').reason).toBe('ejected');
    await kit.clock.advance(1_000);
    kit.at('b', 'responded');
    expect(kit.status('b').reason).toBe(null);
    for (let second = 0; second < 9; second++) {
      await kit.clock.advance(1_000);
      kit.pool.tick(kit.clock.now());
    }
    expect(kit.status('b').reason).toBe(null);
    await kit.clock.advance(1_000);
    kit.pool.tick(kit.clock.now());
    expect(kit.told().at(-1)).toMatch(/^b is ejected for .*median/);
  });
});
