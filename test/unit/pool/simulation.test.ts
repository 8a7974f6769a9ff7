import { strategyKinds } from '@shared/catalog/strategies.ts';
import { requestDetailSchema } from '@shared/contract/request-values.ts';
import { describe, expect, it, vi } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { unavailability } from '../../../main/engine/pool/availability.ts';
import type { Waiter } from '../../../main/engine/pool/request-queue.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Chance that is the same in every run (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const outcomes = [
  'responded',
  'responded',
  'responded',
  'responded',
  'connect-failed',
  'closed-before-response',
  'timed-out',
  'client-aborted',
] as const;

describe.each(strategyKinds)('a pool by %s in a turbulent life', (strategy) => {
  it.each([1, 2, 3])('keeps its promises (seed %i)', async (seed) => {
    const random = chance(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const some = <T>(items: readonly T[]): T => items[below(items.length)]!;
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const input = () => {
      const weights: Record<string, number> = {};
      for (const name of names) if (random() < 0.7) weights[name] = below(6);
      if (Object.keys(weights).length === 0) weights.a = 1;
      const servers = serversNamed(weights).map((server) => ({
        ...server,
        backup: random() < 0.2,
        maxRequests: random() < 0.3 ? 2 : 0,
      }));
      const affinity = some([{ type: 'none' }, { type: 'cookie' }, { type: 'client-ip' }] as const);
      return {
        strategy:
          strategy === 'hash' ? ({ kind: strategy, key: 'client-ip', boundedLoad: 1.25 } as const) : strategy,
        servers: servers.sort(() => random() - 0.5),
        affinity,
        healthCheck: { type: 'none' } as const,
        outlierDetection: { consecutiveFailures: 3, baseEjection: '1s' },
        queue: { length: 0 },
      };
    };
    const kit = poolKit(input());
    const running: Exchange[] = [];
    const cookies: string[] = [];

    for (let step = 0; step < 3_000; step++) {
      const roll = random();
      if (roll < 0.02) kit.configure(input());
      else if (roll < 0.06) {
        const server = some(kit.pool.servers);
        server.verdict = some(['healthy', 'healthy', 'unhealthy', 'unknown']);
      } else if (roll < 0.08) {
        some(kit.pool.servers).adminState = some(['ready', 'ready', 'drain', 'maintenance']);
      } else if (roll < 0.15) await kit.clock.advance(below(800));
      else if (roll < 0.55 || running.length === 0) {
        const exchange = kit.request({
          client: `127.0.0.${below(20)}`,
          cookie: random() < 0.5 && cookies.length > 0 ? some(cookies) : null,
        });
        if (choose(exchange)) running.push(exchange);
        else finish(exchange);
        if (exchange.setCookie) cookies.push(exchange.setCookie.split(';')[0]!);
      } else {
        const [exchange] = running.splice(below(running.length), 1) as [Exchange];
        const attempt = exchange.attempts[exchange.attemptCount - 1]!;
        attempt.outcome = some(outcomes);
        attempt.status = attempt.outcome === 'responded' ? 200 : 0;
        attempt.endedAt = kit.clock.now();
        exchange.status = attempt.status;
        kit.pool.attemptEnded(exchange, attempt);
        const again = attempt.outcome !== 'responded' && attempt.outcome !== 'client-aborted';
        if (again && exchange.attemptCount < 3 && choose(exchange)) running.push(exchange);
        else finish(exchange);
      }
    }
    for (const exchange of running) {
      const attempt = exchange.attempts[exchange.attemptCount - 1]!;
      attempt.status = 200;
      attempt.endedAt = kit.clock.now();
      kit.pool.attemptEnded(exchange, attempt);
      finish(exchange);
    }
    expect(kit.pool.servers.map(({ activeRequests }) => activeRequests)).toEqual(
      kit.pool.servers.map(() => 0),
    );
    // Every recorded decision can be told, and says what was done.
    for (const { id, server } of kit.journal.list({ limit: 100 }).requests) {
      const detail = requestDetailSchema.parse(kit.journal.detail(id));
      const last = detail.attemptList.at(-1);
      if (last) expect(last.decision!.servers.find(({ state }) => state === 'picked')?.id).toBe(server);
      for (const { decision } of detail.attemptList) expect(decision!.sentence).toMatch(/^[A-Z].*\.$/);
    }

    function choose(exchange: Exchange): boolean {
      const now = kit.clock.now();
      const tried = exchange.attempts.slice(0, exchange.attemptCount).map(({ server }) => server);
      const open = kit.pool.servers.filter(
        (each) => !tried.includes(each) && unavailability(each, now, false) === null,
      );
      const before = new Map(kit.pool.servers.map((each) => [each, unavailability(each, now, true)]));
      const server = kit.pool.choose(exchange);
      if (!server) {
        expect(open).toEqual([]);
        expect(kit.pool.enqueue(nobody(exchange))).toBe(false);
        expect(exchange.error).toBeTruthy();
        return false;
      }
      if (tried.includes(server)) {
        // Again only where nobody else is left, and not before it may have come back.
        const last = exchange.attempts.slice(0, tried.length).findLast((each) => each.server === server)!;
        expect(now - last.endedAt).toBeGreaterThanOrEqual(100);
        expect([tried.at(-1) === server, open]).toEqual([false, []]);
        before.set(server, null);
      }
      expect(kit.pool.servers).toContain(server);
      // One that is ejected or was not reached is asked only where nothing else is left; a retry passes by who was not reached.
      const reason = before.get(server);
      if (reason !== null) {
        const better = exchange.attemptCount === 1 ? open : open.filter((each) => each.unreachableAt === 0);
        const why = reason === 'unhealthy' && server.unreachableAt !== 0 ? 'not reached' : reason;
        expect(['ejected', 'not reached']).toContain(why);
        expect(better).toEqual([]);
      }
      const attempt = exchange.attempts[exchange.attemptCount - 1]!;
      attempt.startedAt = now;
      return true;
    }

    function finish(exchange: Exchange): void {
      kit.journal.record(exchange, kit.clock.now());
    }
  });
});

/** Somebody who would wait, in a pool where nobody may. */
function nobody(exchange: Exchange): Waiter {
  return { exchange, isWaiting: false, waiterBefore: null, waiterAfter: null, served() {}, refused() {} };
}
