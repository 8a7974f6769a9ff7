import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { renderDecision } from '../../../main/engine/journal/render-decision.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

type Outcome = 'good' | 'failed' | 'left';

function broken(more: PoolInput['circuitBreaker'] = {}, pool: Partial<PoolInput> = {}) {
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

/** Open since just now. */
function opened(more: PoolInput['circuitBreaker'] = {}) {
  const kit = broken(more);
  kit.send('failed', 10);
  expect(kit.state()).toBe('open');
  return kit;
}

describe('a circuit that is closed', () => {
  it('opens at the share of failures, not before there were enough requests', () => {
    const kit = broken();
    kit.send('good', 5);
    kit.send('failed', 4);
    expect(kit.state()).toBe('closed');
    kit.send('failed');
    expect(kit.state()).toBe('open');
    expect(kit.told()).toEqual([
      'The circuit of pool api is open for 10s: 5 of 10 requests failed within 10s; requests get 503',
    ]);
  });

  it('stays closed below the share, and forgets what is older than the window', async () => {
    const kit = broken({ window: '2s' });
    for (let second = 0; second < 30; second++) {
      kit.send('good', 3);
      kit.send('failed', 2);
      await kit.clock.advance(1_000);
    }
    await kit.clock.advance(2_000);
    kit.send('failed', 9);
    await kit.clock.advance(2_000);
    kit.send('failed', 9);
    expect(kit.told()).toEqual([]);
  });

  it('counts requests, not attempts: what a retry saved has not failed', () => {
    const kit = broken();
    for (let request = 0; request < 30; request++) {
      const exchange = kit.begin()!;
      kit.end(exchange, 'timed-out');
      expect(kit.pool.choose(exchange)).not.toBe(null);
      kit.finish(exchange, 'good');
    }
    expect(kit.state()).toBe('closed');
  });

  it('counts neither clients that leave nor requests that no server was there for', () => {
    const kit = broken();
    kit.send('left', 30);
    for (const server of kit.pool.servers) server.adminState = 'maintenance';
    expect(kit.send('good')).toBe(false);
    for (const server of kit.pool.servers) server.adminState = 'ready';
    kit.send('failed', 9);
    expect(kit.state()).toBe('closed');
  });

  it('does not count a client that left between two attempts, or in a further one, whatever failed before', () => {
    const kit = broken({ minimumRequests: 1 });
    const between = kit.begin()!;
    kit.end(between, 'timed-out');
    between.clientLeft = true;
    kit.pool.requestEnded(between);
    const further = kit.begin()!;
    kit.end(further, 'timed-out');
    kit.pool.choose(further);
    kit.finish(further, 'left');
    expect(kit.state()).toBe('closed');
    kit.send('left', 20);
    expect(kit.send('failed')).toBe(true);
    expect(kit.told()[0]).toContain('1 of 1 requests failed');
  });

  it('counts a request that became a tunnel, when it does', () => {
    const kit = broken({ minimumRequests: 6 });
    for (let tunnel = 0; tunnel < 4; tunnel++) kit.pool.requestSwitched(kit.begin()!);
    kit.send('failed', 3);
    expect(kit.state()).toBe('closed');
    kit.send('failed');
    expect(kit.told()[0]).toContain('4 of 8 requests failed');
  });

  it('lets attempts be begun beside others', () => {
    const kit = broken({}, { retry: { hedge: { after: '50ms' } } });
    expect(kit.pool.hedge(kit.begin()!)).not.toBe(null);
  });

  it('is not told to have closed where it never opened, or is off', () => {
    const kit = broken();
    kit.configure({ ...kit.input, circuitBreaker: {} });
    kit.configure({ ...kit.input, circuitBreaker: {} });
    kit.configure(kit.input);
    expect(kit.told()).toEqual([]);
  });

  it('counts the statuses that outlier detection calls failures', () => {
    const kit = broken({}, { outlierDetection: { consecutiveFailures: 0, statuses: ['5xx'] } });
    for (const status of [...Array<number>(9).fill(500), 404, 404]) {
      const exchange = kit.begin()!;
      kit.end(exchange, 'responded', status);
      kit.pool.requestEnded(exchange);
    }
    expect(kit.state()).toBe('closed');
    const exchange = kit.begin()!;
    kit.end(exchange, 'responded', 503);
    kit.pool.requestEnded(exchange);
    expect(kit.told()[0]).toMatch(/10 of 12 requests failed/);
  });

  it('is not there where nobody asked for it', () => {
    const kit = broken({ failurePercent: 0 });
    expect(kit.send('failed', 100)).toBe(true);
    expect(kit.pool.circuit.status()).toBe(null);
  });
});

describe('a circuit that is open', () => {
  it('refuses at once, says why and when to come again, and counts it', async () => {
    const kit = opened();
    await kit.clock.advance(2_500);
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)).toBe(null);
    expect(exchange.error).toBe(
      'the circuit of pool "api" is open, because 10 of 10 requests failed within 10s; it is tried again in 8s (circuitBreaker)',
    );
    expect(exchange).toMatchObject({ busy: true, retryAfterMs: 7_500, attemptCount: 0 });
    const { servers, sentence } = renderDecision(exchange.unserved!, []);
    expect(servers.map(({ state }) => state)).toEqual(['circuit-open', 'circuit-open']);
    expect(sentence).toMatch(/^The circuit of this pool was open, so no server was asked\./);
    expect(kit.limits.read()).toMatchObject([{ kind: 'circuit-open', pool: 'api', count: 1 }]);
    expect(kit.pool.circuit.status()).toMatchObject({ opened: 1, refused: 1, trials: null });
  });

  it('keeps what else is wrong with a server in the decision', () => {
    const kit = opened();
    kit.server('b').adminState = 'drain';
    const exchange = kit.request();
    kit.pool.choose(exchange);
    const { servers } = renderDecision(exchange.unserved!, []);
    expect(servers.map(({ state }) => state)).toEqual(['circuit-open', 'drain']);
  });

  it('is the reason even where the pool has as many requests in flight as it may', () => {
    const kit = broken({}, { maxRequests: 2 });
    const running = kit.begin()!;
    kit.send('failed', 10);
    kit.configure({ ...kit.input, maxRequests: 1 });
    const other = kit.request();
    kit.pool.choose(other);
    expect(other.error).toMatch(/^the circuit of pool "api" is open/);
    expect(renderDecision(other.unserved!, []).sentence).toMatch(/^The circuit of this pool was open/);
    kit.finish(running, 'good');
  });

  it('lets a request that is under way try another server', () => {
    const kit = broken();
    const running = kit.begin()!;
    kit.send('failed', 10);
    kit.end(running, 'timed-out');
    expect(kit.pool.choose(running)).not.toBe(null);
    kit.finish(running, 'good');
    expect(kit.state()).toBe('open');
  });

  it('answers those that wait in the queue', async () => {
    const servers = serversNamed({ a: 1 }).map((server) => ({ ...server, maxRequests: 1 }));
    const kit = broken({ minimumRequests: 1 }, { servers });
    const running = kit.begin()!;
    const waiting = kit.request();
    expect(kit.pool.choose(waiting)).toBe(null);
    const refused: Exchange[] = [];
    const waiter = {
      exchange: waiting,
      isWaiting: false,
      waiterBefore: null,
      waiterAfter: null,
      served: () => {},
      refused: () => void refused.push(waiting),
    };
    expect(kit.pool.enqueue(waiter)).toBe(true);
    kit.finish(running, 'failed');
    await new Promise((resolve) => process.nextTick(resolve));
    expect(refused).toEqual([waiting]);
    expect(waiting.error).toMatch(/^the circuit of pool "api" is open/);
    expect(kit.pool.queue.length).toBe(0);
  });

  it('becomes half open by the passing of time alone, for those who look', async () => {
    const kit = opened();
    await kit.clock.advance(9_999);
    kit.pool.tick(kit.clock.now());
    expect(kit.state()).toBe('open');
    await kit.clock.advance(1);
    kit.pool.tick(kit.clock.now());
    expect(kit.state()).toBe('half-open');
    expect(kit.told()[1]).toBe('The circuit of pool api is half open: 2 trial requests are let through');
  });

  it('is closed by a configuration that turns it off, and has forgotten all when it is on again', () => {
    const kit = opened();
    kit.configure({ ...kit.input, circuitBreaker: {} });
    expect(kit.send('failed', 20)).toBe(true);
    expect(kit.told()[1]).toBe('The circuit of pool api is closed: the circuit breaker was turned off');
    kit.configure(kit.input);
    kit.send('failed', 9);
    expect(kit.state()).toBe('closed');
    kit.send('failed');
    expect(kit.state()).toBe('open');
  });

  it('stays so when another configuration leaves it on', () => {
    const kit = opened();
    kit.configure({ ...kit.input, retry: { attempts: 2 } });
    expect(kit.begin()).toBe(null);
  });
});

describe('a circuit that is half open', () => {
  it('lets so many trials through and no more, and closes when all went well', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    const trials = [kit.begin()!, kit.begin()!];
    expect(trials).not.toContain(null);
    const third = kit.request();
    expect(kit.pool.choose(third)).toBe(null);
    expect(third.error).toMatch(/^the circuit of pool "api" is half open: its trial requests are under way/);
    kit.finish(trials[0]!, 'good');
    expect(kit.pool.circuit.status()?.trials).toEqual({ succeeded: 1, of: 2 });
    expect(kit.begin()).toBe(null);
    kit.finish(trials[1]!, 'good');
    expect(kit.state()).toBe('closed');
    expect(kit.told()[2]).toBe('The circuit of pool api is closed: 2 trial requests went well');
    expect(kit.send('good', 20)).toBe(true);
  });

  it('opens again when a trial fails, longer each time and up to the longest', async () => {
    const kit = opened({ maxOpen: '25s' });
    for (const seconds of [10, 20, 25]) {
      await kit.clock.advance(seconds * 1_000 - 1);
      expect(kit.begin()).toBe(null);
      await kit.clock.advance(1);
      expect(kit.send('failed')).toBe(true);
    }
    expect(kit.told().filter((text) => text.includes('is open'))).toEqual([
      'The circuit of pool api is open for 10s: 10 of 10 requests failed within 10s; requests get 503',
      'The circuit of pool api is open for 20s: a trial request failed, for the 2nd time in a row; requests get 503',
      'The circuit of pool api is open for 25s: a trial request failed, for the 3rd time in a row; requests get 503',
      'The circuit of pool api is open for 25s: a trial request failed, for the 4th time in a row; requests get 503',
    ]);
  });

  it('begins with the shortest time again once it was closed', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    kit.send('failed');
    await kit.clock.advance(20_000);
    kit.send('good', 2);
    expect(kit.state()).toBe('closed');
    kit.send('failed', 10);
    expect(kit.told().at(-1)).toMatch(/is open for 10s/);
  });

  it('opens once for several trials that fail together', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    const trials = [kit.begin()!, kit.begin()!];
    for (const trial of trials) kit.finish(trial, 'failed');
    expect(kit.told().filter((text) => text.includes('is open'))).toHaveLength(2);
    await kit.clock.advance(20_000);
    expect(kit.send('good', 2)).toBe(true);
    expect(kit.state()).toBe('closed');
  });

  it('takes a trial that waited for a slot for the one it was', async () => {
    const [a] = serversNamed({ a: 1 });
    const kit = broken({ trials: 1 }, { servers: [{ ...a!, maxRequests: 1 }] });
    const running = kit.begin()!;
    kit.send('failed');
    for (let failed = 0; failed < 10; failed++) {
      const exchange = kit.request();
      exchange.nextAttempt().server = kit.server('a');
      exchange.attempts[0]!.outcome = 'timed-out';
      kit.pool.requestEnded(exchange);
    }
    expect(kit.state()).toBe('open');
    await kit.clock.advance(10_000);
    const trial = kit.request();
    expect(kit.pool.choose(trial)).toBe(null);
    let isServed = false;
    const waiter = {
      exchange: trial,
      isWaiting: false,
      waiterBefore: null,
      waiterAfter: null,
      served() {
        isServed = true;
      },
      refused() {},
    };
    expect(kit.pool.enqueue(waiter)).toBe(true);
    kit.finish(running, 'good');
    kit.pool.queue.run();
    expect(isServed).toBe(true);
    kit.finish(trial, 'good');
    expect(kit.state()).toBe('closed');
  });

  it('tells how many are let through and how often it opened, in words', async () => {
    const kit = opened({ trials: 1, open: '1s', maxOpen: '1s' });
    expect(kit.pool.circuit.status()).toMatchObject({ trials: null, opened: 1 });
    expect(kit.pool.circuit.status()!.openUntilMs).not.toBe(null);
    for (let trial = 0; trial < 22; trial++) {
      await kit.clock.advance(1_000);
      kit.send('failed');
    }
    const told = kit.told();
    expect(told[1]).toBe('The circuit of pool api is half open: one trial request is let through');
    for (const word of ['2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '23rd'])
      expect(told.filter((text) => text.includes(`for the ${word} time in a row`))).toHaveLength(1);
    await kit.clock.advance(1_000);
    kit.send('good');
    expect(kit.pool.circuit.status()).toMatchObject({ because: null, openUntilMs: null, trials: null });
  });

  it('gives the place of a trial whose client left, or that got no server, to another', async () => {
    const kit = opened({ trials: 1 });
    await kit.clock.advance(10_000);
    expect(kit.send('left', 3)).toBe(true);
    expect(kit.state()).toBe('half-open');
    for (const server of kit.pool.servers) server.adminState = 'maintenance';
    expect(kit.begin()).toBe(null);
    for (const server of kit.pool.servers) server.adminState = 'ready';
    expect(kit.send('good')).toBe(true);
    expect(kit.told().at(-1)).toBe('The circuit of pool api is closed: its trial request went well');
  });

  it('does not wait for trials that hang: others run after a while, and the old ones count no more', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    const hanging = [kit.begin()!, kit.begin()!];
    await kit.clock.advance(9_999);
    expect(kit.begin()).toBe(null);
    await kit.clock.advance(1);
    const others = [kit.begin()!, kit.begin()!];
    kit.finish(hanging[0]!, 'failed');
    expect(kit.state()).toBe('half-open');
    for (const other of others) kit.finish(other, 'good');
    expect(kit.state()).toBe('closed');
    kit.finish(hanging[1]!, 'failed');
    expect(kit.state()).toBe('closed');
  });

  it('takes a switched protocol for a success when it is switched', async () => {
    const kit = opened({ trials: 1 });
    await kit.clock.advance(10_000);
    const tunnel = kit.begin()!;
    kit.pool.requestSwitched(tunnel);
    expect(kit.state()).toBe('closed');
    tunnel.status = 101;
    kit.end(tunnel, 'failed-mid-response', 101);
    tunnel.status = 101;
    kit.pool.requestEnded(tunnel);
    kit.send('failed', 9);
    expect(kit.state()).toBe('closed');
  });

  it('forgets the trials of a thread that is gone', async () => {
    const kit = opened({ trials: 1 });
    await kit.clock.advance(10_000);
    expect(kit.begin()).not.toBe(null);
    expect(kit.begin()).toBe(null);
    kit.pool.forgetThread(0);
    expect(kit.begin()).not.toBe(null);
  });

  it('does not count, once closed, what began before', async () => {
    const kit = broken();
    const early = Array.from({ length: 20 }, () => kit.begin()!);
    kit.send('failed', 10);
    await kit.clock.advance(10_000);
    kit.send('good', 2);
    expect(kit.state()).toBe('closed');
    for (const exchange of early) kit.finish(exchange, 'failed');
    expect(kit.state()).toBe('closed');
  });
});
