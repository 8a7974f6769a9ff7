import { expect } from 'vitest';
import type { Exchange } from '../../main/engine/exchange.ts';
import type { PoolInput } from './config-of.ts';
import { poolKit, serversNamed } from './engine-kit.ts';

export type Outcome = 'good' | 'failed' | 'left';

/** A pool whose circuit breaker trips at half of ten requests. */
export function broken(more: PoolInput['circuitBreaker'] = {}, pool: Partial<PoolInput> = {}) {
  const circuitBreaker = { failurePercent: 50, minimumRequests: 10, open: '10s', trials: 2, ...more };
  const input: PoolInput = {
    servers: serversNamed({ a: 1, b: 1 }),
    healthCheck: { type: 'none' },
    outlierDetection: { consecutiveFailures: 0 },
    circuitBreaker,
    ...pool,
  };
  const kit = poolKit(input);

  function finish(exchange: Exchange, outcome: Outcome): void {
    kit.end(exchange, outcome === 'good' ? 'responded' : outcome === 'left' ? 'client-aborted' : 'timed-out');
    kit.pool.requestEnded(exchange);
  }

  return {
    ...kit,
    input,
    finish,
    /** Null where the request got no server. */
    begin(): Exchange | null {
      const exchange = kit.request();
      if (kit.pool.choose(exchange)) return exchange;
      kit.pool.requestEnded(exchange);
      return null;
    },
    /** False where one of them got no server. */
    send(outcome: Outcome, times = 1): boolean {
      for (let request = 0; request < times; request++) {
        const exchange = this.begin();
        if (!exchange) return false;
        finish(exchange, outcome);
      }
      return true;
    },
    state: () => kit.pool.circuit.status()?.state,
    told: () =>
      kit.events
        .read(0, 100)
        .filter(({ kind }) => kind.startsWith('circuit-'))
        .map(({ text }) => text),
  };
}

/** One whose circuit is open since just now. */
export function opened(more: PoolInput['circuitBreaker'] = {}) {
  const kit = broken(more);
  kit.send('failed', 10);
  expect(kit.state()).toBe('open');
  return kit;
}
