import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import type { Waiter } from '../../../main/engine/pool/request-queue.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

type Kit = ReturnType<typeof poolKit>;

interface Waiting extends Waiter {
  server: string | null;
  isRefused: boolean;
}

function waiter(exchange: Exchange): Waiting {
  return {
    exchange,
    isWaiting: false,
    waiterBefore: null,
    waiterAfter: null,
    server: null,
    isRefused: false,
    served({ name }) {
      this.server = name;
    },
    refused() {
      this.isRefused = true;
    },
  };
}

const begin = (kit: Kit): Exchange => {
  const exchange = kit.request();
  expect(kit.pool.choose(exchange)).not.toBeNull();
  return exchange;
};

const decisionOf = (kit: Kit, exchange: Exchange) => {
  kit.journal.record(exchange, kit.clock.now());
  const detail = kit.journal.detail(exchange.idText)!;
  return detail.unserved ?? detail.attemptList[0]!.decision!;
};

describe('maxRequests of a pool', () => {
  it('holds for all of its servers together, and whoever comes then waits', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }), maxRequests: 2 });
    const [first, second] = [begin(kit), begin(kit)];
    const third = waiter(kit.request());
    expect(kit.pool.choose(third.exchange)).toBeNull();
    expect(kit.pool.enqueue(third)).toBe(true);
    await kit.clock.advance(30);
    kit.end(first, 'responded');
    // The queue looks when the present callback is done.
    await new Promise((resolve) => process.nextTick(resolve));
    expect(third.server).toBe('c');
    expect(kit.pool.activeRequests).toBe(2);
    expect(decisionOf(kit, third.exchange).sentence).toBe(
      'It waited 30ms in the queue, because the pool had as many requests in flight as it may (maxRequests 2). Round robin chose c, whose turn it was after b.',
    );
    kit.end(second, 'responded');
    begin(kit);
    expect(kit.limits.read()).toMatchObject([{ kind: 'pool-max-requests', pool: 'api', count: 1 }]);
  });

  it('says so where none may wait', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1, queue: { length: 0 } });
    begin(kit);
    const late = waiter(kit.request());
    expect(kit.pool.choose(late.exchange)).toBeNull();
    expect(kit.pool.enqueue(late)).toBe(false);
    expect(late.exchange).toMatchObject({
      busy: true,
      error:
        'pool "api" has as many requests in flight as it may (1/1, maxRequests), and none may wait (queue.length is 0)',
    });
    expect(decisionOf(kit, late.exchange).sentence).toBe(
      'The pool had as many requests in flight as it may (maxRequests 1).',
    );
  });

  it('says so where a wait was in vain', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1 }), maxRequests: 1, queue: { timeout: '100ms' } });
    begin(kit);
    const late = waiter(kit.request());
    kit.pool.choose(late.exchange);
    kit.pool.enqueue(late);
    await kit.clock.advance(200);
    expect(late.isRefused).toBe(true);
    expect(late.exchange.error).toMatch(
      /^pool "api" has as many requests in flight as it may \(1\/1, maxRequests\), and no slot came free within 1\S*ms \(queue.timeout\)$/,
    );
  });

  it('does not hide that no server could take the request anyway', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1 });
    begin(kit);
    for (const server of kit.pool.servers) kit.pool.setAdminState(server, 'maintenance');
    const late = waiter(kit.request());
    expect(kit.pool.choose(late.exchange)).toBeNull();
    expect(kit.pool.enqueue(late)).toBe(false);
    expect(late.exchange.error).toBe(
      'no server of pool "api" is available: a is in maintenance, b is in maintenance',
    );
    expect(kit.limits.read()).toEqual([]);
  });

  it('keeps nobody waiting once all servers are out', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1, queue: { timeout: '10s' } });
    begin(kit);
    const late = waiter(kit.request());
    kit.pool.choose(late.exchange);
    expect(kit.pool.enqueue(late)).toBe(true);
    for (const server of kit.pool.servers) kit.pool.setAdminState(server, 'maintenance');
    await kit.clock.advance(100);
    expect(late.isRefused).toBe(true);
    expect(late.exchange.error).toBe(
      'no server of pool "api" is available: a is in maintenance, b is in maintenance',
    );
  });

  it('waits at the limit for a client whose own server drains', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1 }),
      maxRequests: 1,
      affinity: { type: 'client-ip' },
    });
    begin(kit);
    kit.pool.setAdminState(kit.server('a'), 'drain');
    kit.pool.setAdminState(kit.server('b'), 'maintenance');
    const bound = waiter(kit.request());
    expect(kit.pool.choose(bound.exchange)).toBeNull();
    expect(kit.pool.enqueue(bound)).toBe(true);
  });

  it('counts what runs at a server that was removed meanwhile', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1 });
    const first = begin(kit);
    kit.configure({ servers: serversNamed({ b: 1 }), maxRequests: 1 });
    expect(kit.pool.choose(kit.request())).toBeNull();
    kit.end(first, 'responded');
    begin(kit);
  });

  it('takes effect at once when it is changed, and loses no count', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const running = [begin(kit), begin(kit), begin(kit)];
    const limited = (maxRequests: number) =>
      kit.configure({ servers: serversNamed({ a: 1, b: 1 }), maxRequests });
    limited(3);
    expect(kit.pool.choose(kit.request())).toBeNull();
    limited(4);
    running.push(begin(kit));
    expect(kit.pool.choose(kit.request())).toBeNull();
    limited(0);
    running.push(begin(kit));
    for (const exchange of running) kit.end(exchange, 'responded');
    limited(1);
    begin(kit);
    expect(kit.pool.choose(kit.request())).toBeNull();
  });

  it('holds for bound clients too, and gives a retry no second slot', () => {
    const affinity = { type: 'client-ip' } as const;
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1, affinity });
    const first = kit.request({ client: '10.0.0.1' });
    expect(kit.pool.choose(first)?.name).toBe('a');
    kit.end(first, 'connect-failed');
    expect(kit.pool.choose(first)?.name).toBe('b');
    expect(kit.pool.choose(kit.request({ client: '10.0.0.1' }))).toBeNull();
    kit.end(first, 'responded');
    expect(kit.pool.choose(kit.request({ client: '10.0.0.1' }))?.name).toBe('b');
  });
});

describe('a request whose response is to be given up for another attempt', () => {
  it('goes on in the place that it has among the requests of the pool', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1 });
    const exchange = begin(kit);
    expect(kit.pool.choose(exchange)).toBeNull();
    expect(kit.pool.choose(exchange, true)?.name).toBe('b');
  });

  it('leaves that place to who waits for one', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 1 });
    const exchange = begin(kit);
    const waiting = waiter(kit.request());
    kit.pool.choose(waiting.exchange);
    kit.pool.enqueue(waiting);
    expect(kit.pool.choose(exchange, true)).toBeNull();
  });

  it.each([
    { length: 0, waiting: 0, mayWait: false },
    { length: 1, waiting: 0, mayWait: true },
    { length: 1, waiting: 1, mayWait: false },
    { length: 2, waiting: 1, mayWait: true },
  ])('may wait where the queue has a place ($waiting of $length taken)', ({ length, waiting, mayWait }) => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), maxRequests: 2, queue: { length } });
    const [exchange] = [begin(kit), begin(kit)];
    for (let count = 0; count < waiting; count++) {
      const other = waiter(kit.request());
      kit.pool.choose(other.exchange);
      kit.pool.enqueue(other);
    }
    kit.pool.choose(exchange!);
    expect(kit.pool.mayWait).toBe(mayWait);
  });

  it('may not wait where somebody takes it, nor where nobody is in', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    const exchange = begin(kit);
    kit.pool.choose(exchange, true);
    expect(kit.pool.mayWait).toBe(false);
    for (const server of kit.pool.servers) kit.pool.setAdminState(server, 'maintenance');
    kit.pool.choose(exchange, true);
    expect(kit.pool.mayWait).toBe(false);
  });

  it.each([
    [0, false],
    [1, true],
  ])('finds another that is only full where a queue of %i lets it wait: %s', (length, finds) => {
    const servers = serversNamed({ a: 1, b: 1 }).map((server) => ({ ...server, maxRequests: 1 }));
    const kit = poolKit({ servers, queue: { length } });
    const [exchange] = [begin(kit), begin(kit)];
    expect(kit.pool.hasAnother(exchange!, 50)).toBe(finds);
  });
});
