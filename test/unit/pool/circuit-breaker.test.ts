import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { renderDecision } from '../../../main/engine/journal/render-decision.ts';
import { broken, opened } from '../../support/circuit-kit.ts';
import { serversNamed } from '../../support/engine-kit.ts';

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
