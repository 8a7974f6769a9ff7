import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../main/engine/exchange.ts';
import { renderDecision } from '../../../main/engine/journal/render-decision.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';
import { seededRandom } from '../../support/random.ts';

describe('choosing a server', () => {
  it('shares 300 sequential requests 100/100/100 by round robin', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    const served: Record<string, number> = {};
    for (let request = 0; request < 300; request++) {
      const name = kit.serve()!;
      served[name] = (served[name] ?? 0) + 1;
    }
    expect(served).toEqual({ a: 100, b: 100, c: 100 });
  });

  it('never leads a request to a server it tried', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)?.name).toBe('a');
    kit.end(exchange, 'connect-failed', 0, 'connection refused');
    expect(kit.pool.choose(exchange)?.name).toBe('b');
    kit.end(exchange, 'connect-failed', 0, 'connection refused');
    expect(kit.pool.choose(exchange)).toBeNull();
    expect(exchange.error).toBe(
      'no server of pool "api" is available: a was tried already, b was tried already',
    );
    expect(exchange.attemptCount).toBe(2);
  });

  it('uses backups only while no primary server is available', () => {
    const [a, b] = serversNamed({ a: 1, b: 1 });
    const kit = poolKit({ servers: [a!, { ...b!, backup: true }] });
    expect([kit.serve(), kit.serve()]).toEqual(['a', 'a']);
    kit.server('a').verdict = 'unhealthy';
    expect([kit.serve(), kit.serve()]).toEqual(['b', 'b']);
    kit.server('a').verdict = 'healthy';
    expect(kit.serve()).toBe('a');
  });

  it('leads a retry to a backup when every primary server was tried', () => {
    const [a, b] = serversNamed({ a: 1, b: 1 });
    const kit = poolKit({ servers: [a!, { ...b!, backup: true }] });
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'connect-failed');
    expect(kit.pool.choose(exchange)?.name).toBe('b');
  });

  it('says of each server why nothing is available', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 0, d: 1 }) });
    kit.server('a').verdict = 'unhealthy';
    kit.server('b').adminState = 'maintenance';
    kit.server('d').adminState = 'drain';
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)).toBeNull();
    expect(exchange.error).toBe(
      'no server of pool "api" is available: a is unhealthy, b is in maintenance, c is of weight 0, d is draining',
    );
    expect(exchange.unserved).not.toBeNull();
  });

  it('asks no server of weight 0 for a new client, not even as the last one there is', () => {
    const kit = poolKit({ servers: serversNamed({ a: 0, b: 0 }) });
    kit.server('a').ejectedUntil = kit.clock.now() + 60_000;
    kit.server('b').verdict = 'unhealthy';
    kit.server('b').unreachableAt = kit.clock.now();
    const exchange = kit.request();
    expect(kit.pool.choose(exchange)).toBeNull();
    expect(exchange.error).toContain('a is ejected');
  });

  it('asks a server that failed this request a while ago once more, but never one that is at its limit', async () => {
    const [a, b] = serversNamed({ a: 1, b: 1 });
    for (const isFull of [false, true]) {
      const kit = poolKit({ servers: [{ ...a!, maxRequests: 1 }, b!], healthCheck: { type: 'none' } });
      const exchange = kit.request();
      for (const name of ['a', 'b']) {
        expect(kit.pool.choose(exchange)?.name).toBe(name);
        await kit.clock.advance(name === 'b' ? 150 : 0);
        kit.end(exchange, 'connect-failed');
      }
      // First attempts have turns of their own, so it may be b's.
      while (isFull && kit.server('a').activeRequests === 0) kit.pool.choose(kit.request());
      kit.server('a').verdict = 'unhealthy';
      expect(kit.server('a').activeRequests).toBe(isFull ? 1 : 0);
      expect(kit.pool.choose(exchange)?.name).toBe(isFull ? undefined : 'a');
    }
  });

  it('asks an ejected server when there is no other: ejection never empties a pool', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    kit.server('a').ejectedUntil = kit.clock.now() + 60_000;
    expect([kit.serve(), kit.serve()]).toEqual(['b', 'b']);
    kit.server('b').verdict = 'unhealthy';
    expect(kit.serve()).toBe('a');
    expect(kit.events.read(0, 10).map(({ kind }) => kind)).toEqual(['server-returned']);
  });

  describe('where nobody listens', () => {
    const refuse = (kit: ReturnType<typeof poolKit>, exchange: ReturnType<typeof kit.request>): string => {
      const { name } = kit.pool.choose(exchange)!;
      kit.end(exchange, 'connect-failed', 0, 'connection refused');
      return name;
    };

    it('spends no further attempt while there is a server that was reached', () => {
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1, d: 1 }) });
      expect(refuse(kit, kit.request())).toBe('a');
      expect(refuse(kit, kit.request())).toBe('b');
      const exchange = kit.request();
      expect(refuse(kit, exchange)).toBe('c');
      expect(kit.pool.choose(exchange)?.name).toBe('d');
      expect(kit.pool.choose(kit.request())?.name).toBe('d');
      const other = kit.request();
      kit.clock.advance(5);
      // First attempts are the strategy's alone.
      expect(refuse(kit, other)).toBe('a');
      expect(kit.pool.choose(other)?.name).toBe('d');
    });

    it('asks at the last who has been out of reach for longest: it is the likeliest to be back', async () => {
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
      for (const name of ['a', 'b', 'c']) {
        await kit.clock.advance(5);
        expect(refuse(kit, kit.request())).toBe(name);
      }
      kit.server('b').verdict = 'unhealthy';
      const exchange = kit.request();
      await kit.clock.advance(5);
      expect(['a', 'b', 'c'].map(() => refuse(kit, exchange))).toEqual(['a', 'b', 'c']);
    });

    it('asks who failed this very request again, once it may have come back', async () => {
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
      const exchange = kit.request();
      kit.pool.choose(exchange);
      kit.end(exchange, 'closed-before-response');
      await kit.clock.advance(60);
      kit.pool.choose(exchange);
      kit.end(exchange, 'closed-before-response');
      expect(kit.pool.choose(exchange)).toBeNull();
      await kit.clock.advance(60);
      expect(kit.pool.choose(exchange)?.name).toBe('a');
      kit.end(exchange, 'closed-before-response');
      await kit.clock.advance(100);
      expect(kit.pool.choose(exchange)?.name).toBe('b');
      kit.end(exchange, 'closed-before-response');
      const alone = poolKit({ servers: serversNamed({ a: 1 }) });
      const other = alone.request();
      alone.pool.choose(other);
      alone.end(other, 'closed-before-response');
      await alone.clock.advance(500);
      expect(alone.pool.choose(other)).toBeNull();
    });

    it('asks although probes found it unhealthy, when nobody is available: that is old news at once', () => {
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
      refuse(kit, kit.request());
      kit.server('a').verdict = kit.server('b').verdict = 'unhealthy';
      const exchange = kit.request();
      expect(kit.pool.choose(exchange)?.name).toBe('a');
      expect(exchange.lastResort).toBe(
        'no server of pool "api" is available: a is unhealthy, b is unhealthy',
      );
      kit.end(exchange, 'responded', 200);
      // Until a probe has looked it is unhealthy still, and all there is.
      expect(kit.serve()).toBe('a');
    });

    it('tells which of the reasons it was, and asks nobody for any other', async () => {
      const told = (kit: ReturnType<typeof poolKit>, exchange: Exchange): string => {
        expect(kit.pool.choose(exchange)).not.toBeNull();
        const attempts = exchange.attempts.slice(0, exchange.attemptCount);
        const before = attempts.slice(0, -1).map((each) => ({
          ...each,
          server: each.server!.id,
          startedAfterMs: each.startedAt,
          durationMs: each.endedAt - each.startedAt,
        }));
        const { sentence } = renderDecision(attempts.at(-1)!.decision!, before);
        return /No server was available; [^.]+\./.exec(sentence)?.[0] ?? sentence;
      };
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
      kit.server('b').adminState = 'maintenance';
      const [a] = kit.pool.servers;
      await kit.clock.advance(1_000);
      a!.verdict = 'unhealthy';
      a!.unreachableAt = kit.clock.now();
      await kit.clock.advance(9_000);
      expect(told(kit, kit.request())).toBe(
        'No server was available; a, where nobody listened 9s ago, was asked all the same, since that may have changed.',
      );
      a!.unreachableAt = 0;
      a!.answersProbes = true;
      expect(told(kit, kit.request())).toBe(
        'No server was available; a was asked although it still counts as unhealthy, since its last probe went well.',
      );
      a!.verdict = 'healthy';
      a!.ejectedUntil = kit.clock.now() + 5_000;
      expect(told(kit, kit.request())).toBe(
        'No server was available; a was asked although it is ejected (outlierDetection), since no ejection may empty a pool.',
      );
    });

    it('is not told by the end of an old connection that somebody listens at an unhealthy server', () => {
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
      const old = kit.request();
      expect(kit.pool.choose(old)?.name).toBe('a');
      kit.server('a').unreachableAt = 5;
      kit.server('a').verdict = kit.server('b').verdict = 'unhealthy';
      kit.end(old, 'closed-before-response');
      expect(kit.serve()).toBe('a');
    });

    it('asks who answers its probes again, if not yet often enough, but never who answers them badly', () => {
      const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
      kit.server('a').verdict = kit.server('b').verdict = 'unhealthy';
      expect(kit.serve()).toBeNull();
      kit.server('b').answersProbes = true;
      expect(kit.serve()).toBe('b');
    });
  });

  it('counts requests in flight and stops at the limit', () => {
    const [a, b] = serversNamed({ a: 1, b: 1 });
    const kit = poolKit({ servers: [{ ...a!, maxRequests: 1 }, b!], strategy: 'least-connections' });
    const first = kit.request();
    expect(kit.pool.choose(first)?.name).toBe('a');
    expect(kit.pool.activeRequests).toBe(1);
    for (let request = 0; request < 4; request++) expect(kit.serve()).toBe('b');
    kit.pool.attemptEnded(first, first.attempts[0]!);
    expect(kit.pool.activeRequests).toBe(0);
    expect([kit.serve(), kit.serve()].sort()).toEqual(['a', 'b']);
  });
});

describe('a changed configuration', () => {
  it('keeps servers by name and address, with everything they have', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    for (let request = 0; request < 6; request++) kit.serve();
    const before = kit.server('b');
    before.verdict = 'unhealthy';
    const [a, b, c] = serversNamed({ a: 1, b: 1, c: 1 });
    kit.configure({ servers: [c!, b!, a!, { name: 'd', address: '127.0.0.1:3999' }] });
    expect(kit.server('b')).toBe(before);
    expect(kit.server('b').traffic.requests).toBe(2);
    expect(kit.server('d').traffic.requests).toBe(0);
    expect(kit.pool.servers.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'd']);
    kit.configure({ servers: [a!, { ...b!, address: '127.0.0.1:3998' }, c!] });
    expect(kit.server('b')).not.toBe(before);
    expect(kit.server('b').verdict).toBe('unknown');
  });

  it('follows new weights within one cycle, and still knows whose turn it was', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 9, c: 1 }), strategy: 'weighted-round-robin' });
    for (let request = 0; request < 5; request++) kit.serve();
    kit.configure({ servers: serversNamed({ a: 5, b: 1, c: 1 }), strategy: 'weighted-round-robin' });
    const cycle = Array.from({ length: 7 }, () => kit.serve()).join('');
    // Spread as evenly as ever, from where the turns stood on.
    expect([cycle, [...cycle].sort().join('')]).toEqual(['caabaaa', 'aaaaabc']);
  });

  it('goes on with its turns where weights stay', () => {
    const kit = poolKit({ servers: serversNamed({ a: 5, b: 1, c: 1 }), strategy: 'weighted-round-robin' });
    const first = Array.from({ length: 3 }, () => kit.serve());
    kit.configure({
      servers: serversNamed({ a: 5, b: 1, c: 1 }),
      strategy: 'weighted-round-robin',
      retry: { attempts: 2 },
    });
    expect([...first, ...Array.from({ length: 4 }, () => kit.serve())].join('')).toBe('aabacaa');
  });

  it('changes the strategy at the next request', () => {
    const kit = poolKit({ servers: serversNamed({ a: 5, b: 1, c: 1 }) });
    expect([kit.serve(), kit.serve()].join('')).toBe('ab');
    kit.configure({ servers: serversNamed({ a: 5, b: 1, c: 1 }), strategy: 'weighted-round-robin' });
    expect(Array.from({ length: 7 }, () => kit.serve()).join('')).toBe('aabacaa');
  });

  it('decides and explains the same whether or not it has to look at limits that nobody reaches', () => {
    const [a, b, c, d] = serversNamed({ a: 5, b: 1, c: 1, d: 2 });
    const strategies = ['round-robin', 'weighted-round-robin', 'least-connections', 'ip-hash'] as const;
    for (const strategy of strategies) {
      const without = [a!, b!, c!, { ...d!, backup: true }];
      const kits = [without, without.map((each) => ({ ...each, maxRequests: 1_000 }))].map((servers) =>
        poolKit({ servers, strategy, outlierDetection: { consecutiveFailures: 2 } }),
      );
      const random = seededRandom(7);
      const running: Exchange[][] = [];
      const told = kits.map((): unknown[] => []);
      for (let step = 0; step < 600; step++) {
        const [what, which, whose] = [random(), random(), random()];
        const from = { client: `10.0.0.${Math.floor(whose * 50)}` };
        if (what < 0.05) {
          for (const kit of kits) {
            // Most of the time everybody is well, as in life.
            for (const server of kit.pool.servers) {
              server.verdict = 'healthy';
              server.adminState = 'ready';
              server.ejectedUntil = 0;
            }
            const server = kit.server('abcd'[Math.floor(which * 4)]!);
            if (whose < 0.2) server.verdict = 'unhealthy';
            else if (whose < 0.4) server.adminState = whose < 0.3 ? 'drain' : 'maintenance';
          }
        } else if (what < 0.6) {
          const exchanges = kits.map((kit) => {
            const exchange = kit.request(from);
            kit.pool.choose(exchange);
            return exchange;
          });
          if (exchanges.every(({ attemptCount }) => attemptCount > 0)) running.push(exchanges);
        } else {
          const [exchanges] = running.splice(Math.floor(which * running.length), 1);
          for (const [at, exchange] of exchanges?.entries() ?? []) {
            const kit = kits[at]!;
            kit.end(exchange, whose < 0.1 ? 'closed-before-response' : 'responded');
            if (whose < 0.1 && kit.pool.choose(exchange)) kit.end(exchange, 'responded');
            kit.journal.record(exchange, kit.clock.now());
            told[at]!.push(kit.journal.detail(exchange.idText));
          }
        }
      }
      expect(told[0]!.length).toBeGreaterThan(150);
      expect(told[0]).not.toContain(undefined);
      // The limits themselves are told, of course.
      const without1000 = (each: unknown) =>
        JSON.stringify(each).replaceAll('"maxRequests":1000', '"maxRequests":0');
      expect(told[0]!.map(without1000)).toEqual(told[1]!.map(without1000));
    }
  });
});

it('the next request on a connection takes over nothing of the session of the one before', () => {
  const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), affinity: { type: 'client-ip' } });
  const exchange = kit.request({ client: '10.0.0.1' });
  expect(kit.pool.choose(exchange)?.name).toBe('a');
  kit.end(exchange, 'responded');
  exchange.attemptCount = 0;
  exchange.facts = kit.request({ client: '10.0.0.2' }).facts;
  expect(kit.pool.choose(exchange)?.name).toBe('b');
  expect(kit.pool.sessions.count).toBe(2);
});
