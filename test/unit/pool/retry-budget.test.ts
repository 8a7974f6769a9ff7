import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../main/engine/pool/retry-budget.ts';
import { poolConfig, poolKit, serversNamed } from '../../support/engine-kit.ts';

const config = (retry: { budgetPercent: number; budgetMinPerSecond: number }) =>
  poolConfig({ servers: [{ address: '127.0.0.1:3001' }], retry }).retry;

function taken(budget: RetryBudget, now: number, retry: ReturnType<typeof config>): number {
  let count = 0;
  while (count < 100_000 && budget.take(now, retry)) count += 1;
  return count;
}

describe('retry budget', () => {
  it('allows a share of the requests of the last ten seconds', () => {
    const budget = new RetryBudget(0);
    for (let request = 0; request < 1_000; request++) budget.requestArrived();
    expect(taken(budget, 10, config({ budgetPercent: 20, budgetMinPerSecond: 0 }))).toBe(200);
  });

  it('allows the least rate where there are few requests', () => {
    expect(taken(new RetryBudget(0), 10, config({ budgetPercent: 20, budgetMinPerSecond: 10 }))).toBe(100);
  });

  it('allows none where both are zero', () => {
    const budget = new RetryBudget(0);
    budget.requestArrived();
    expect(taken(budget, 10, config({ budgetPercent: 0, budgetMinPerSecond: 0 }))).toBe(0);
  });

  it('forgets requests and retries that are older than its window', () => {
    const retry = config({ budgetPercent: 10, budgetMinPerSecond: 0 });
    const budget = new RetryBudget(0);
    for (let request = 0; request < 100; request++) budget.requestArrived();
    expect(taken(budget, 0, retry)).toBe(10);
    budget.roll(5_000);
    for (let request = 0; request < 50; request++) budget.requestArrived();
    expect(taken(budget, 5_000, retry)).toBe(5);
    // The first hundred and its ten retries have left; fifty requests and five retries are still inside.
    expect(taken(budget, 10_500, retry)).toBe(0);
    for (let request = 0; request < 20; request++) budget.requestArrived();
    expect(taken(budget, 10_600, retry)).toBe(2);
    expect(taken(budget, 60_000, retry)).toBe(0);
  });
});

describe('what was taken for an attempt that was not made', () => {
  const retry = config({ budgetPercent: 0, budgetMinPerSecond: 1 });

  it('is given back, whichever second it was taken in', () => {
    const budget = new RetryBudget(0);
    expect([budget.take(0, retry), budget.take(3_500, retry)]).toEqual([true, true]);
    budget.roll(6_000);
    budget.giveBack();
    expect(budget.read(retry).used).toBe(1);
    // It was the younger one: the other leaves the window first.
    budget.roll(10_500);
    expect(budget.read(retry).used).toBe(0);
  });

  it('is nothing any more once it is older than the window', () => {
    const budget = new RetryBudget(0);
    budget.take(0, retry);
    budget.roll(60_000);
    budget.giveBack();
    expect(budget.read(retry)).toEqual({ used: 0, allowed: 10 });
  });
});

it('a pool counts the requests that arrive, what it takes, and what comes back', async () => {
  const kit = poolKit({
    servers: serversNamed({ a: 1 }),
    retry: { budgetPercent: 50, budgetMinPerSecond: 0 },
  });
  for (let request = 0; request < 4; request++) kit.request();
  expect(kit.pool.retryBudget()).toEqual({ used: 0, allowed: 2 });
  expect([kit.pool.takeRetry(), kit.pool.takeRetry(), kit.pool.takeRetry()]).toEqual([true, true, false]);
  kit.pool.giveBackRetry();
  expect(kit.pool.retryBudget()).toEqual({ used: 1, allowed: 2 });
  expect(kit.pool.takeRetry()).toBe(true);
  await kit.clock.advance(12_000);
  kit.pool.tick(kit.clock.now());
  expect(kit.pool.retryBudget()).toEqual({ used: 0, allowed: 0 });
});
