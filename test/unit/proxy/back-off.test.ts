import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../main/engine/proxy/back-off.ts';
import { poolConfig } from '../../support/engine-kit.ts';
import { seededRandom } from '../../support/random.ts';

const retry = (backoff?: { base?: string; max?: string }) =>
  poolConfig({ servers: [{ address: '127.0.0.1:3001' }], retry: { backoff } }).retry;

describe('the wait before a retry', () => {
  it('is none unless it is asked for', () => {
    expect(backoffMs(retry(), 3, () => 1)).toBe(0);
  });

  it('is at most base, then twice as much each time, and never more than max', () => {
    const longest = [0, 1, 2, 3, 9].map((retries) =>
      backoffMs(retry({ base: '25ms', max: '150ms' }), retries, () => 1),
    );
    expect(longest).toEqual([25, 50, 100, 150, 150]);
  });

  it('is anything from nothing to that, each as likely as the others', () => {
    const chance = seededRandom(7);
    const config = retry({ base: '100ms' });
    const waits = Array.from({ length: 10_000 }, () => backoffMs(config, 0, chance));
    expect(Math.min(...waits)).toBeLessThan(1);
    expect(Math.max(...waits)).toBeGreaterThan(99);
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = waits.filter((ms) => Math.floor(ms / 10) === tenth).length / waits.length;
      expect(share).toBeGreaterThan(0.08);
      expect(share).toBeLessThan(0.12);
    }
  });
});
