import { type RequestDetail, requestDetailSchema } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import { clockTime } from '../../../main/command-line/table.ts';
import { whyLines } from '../../../main/command-line/why-lines.ts';
import { type PoolKit, poolKit, serversNamed } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';

type Kit = PoolKit<ReturnType<typeof manualClock>>;
type Outcome = Parameters<Kit['end']>[1];

const plain = (_tone: string, text: string): string => text;

/** A request that met these outcomes in turn, each after 2 ms, as the journal tells it. */
async function served(
  kit: Kit,
  outcomes: readonly [Outcome, string?][],
  cookie?: string,
): Promise<RequestDetail> {
  const exchange = kit.request(cookie === undefined ? {} : { cookie });
  exchange.route = { path: '/', pool: 'api' };
  for (const [outcome, detail] of outcomes) {
    if (!kit.pool.choose(exchange)) {
      exchange.status = 503;
      break;
    }
    const startedAt = kit.clock.now();
    await kit.clock.advance(2);
    kit.end(exchange, outcome, undefined, detail);
    exchange.attempts[exchange.attemptCount - 1]!.startedAt = startedAt;
  }
  kit.journal.record(exchange, kit.clock.now());
  return requestDetailSchema.parse(kit.journal.detail(exchange.idText));
}

const names = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at + 1}`, 1]));

describe('why a request went where it went', () => {
  it('is told as a story', async () => {
    const kit = poolKit({ servers: serversNamed({ 'api-1': 1, 'api-2': 1, 'api-3': 1, 'api-4': 1 }) });
    for (const server of kit.pool.servers) server.verdict = 'healthy';
    kit.server('api-4').adminState = 'drain';
    kit.server('api-2').requestBegan();
    kit.server('api-2').noteLatency(12.5, kit.clock.now(), 10_000);
    const detail = await served(kit, [['closed-before-response', 'connection reset'], ['responded']]);
    expect(whyLines(detail, plain)).toEqual([
      'GET /orders got 200 from api-2 after 4.00 ms, with 2 attempts: api-1 failed (connection reset).',
      `  asked    at ${clockTime(detail.atMs)} by 127.0.0.1, listener web, request r-1`,
      '  led to   pool api (any host, any path), which picks by round robin',
      '',
      'attempt 1, at 0.00 ms: api-1 failed after 2.00 ms: connection reset',
      '  Round robin chose api-1, whose turn it was. Left out: api-4 is draining.',
      '  > api-1  picked:        0 in flight',
      '    api-2  could take it: 1 in flight, response time counted as 13 ms',
      '    api-3  could take it: 0 in flight',
      '    api-4  out: is draining: it takes no new clients',
      'attempt 2, at 2.00 ms: api-2 answered 200 after 2.00 ms',
      '  The attempt before, at api-1, failed (connection reset). Round robin chose api-2, whose turn it was. Left out: api-4 is draining.',
      '    api-1  out: was tried already: connection reset',
      '  > api-2  picked:        1 in flight, response time counted as 13 ms',
      '    api-3  could take it: 0 in flight',
      '    api-4  out: is draining: it takes no new clients',
    ]);
  });

  it.each([2, 3, 5, 6, 40, 400])(
    'takes less than 25 lines for a failover among %i servers',
    async (servers) => {
      const kit = poolKit({ servers: serversNamed(names(servers)), affinity: { type: 'cookie' } });
      if (servers > 3) kit.server('s4').verdict = 'unhealthy';
      if (servers > 4) kit.server('s5').adminState = 'maintenance';
      const lines = whyLines(
        await served(kit, [['connect-failed', 'connection refused'], ['responded']]),
        plain,
      );
      expect(lines.length).toBeLessThan(25);
      const text = lines.join('\n');
      expect(text).toContain('s1 failed after 2.00 ms: connection refused');
      expect(text).toMatch(/> s2 +picked:/);
      expect(text).toMatch(/s1 +out: was tried already: connection refused/);
      if (servers > 3) expect(text).toMatch(/s4 +out: is unhealthy/);
      if (servers > 4) expect(text).toMatch(/s5 +out: is in maintenance/);
      if (servers === 400) expect(text).toMatch(/and \d+ more: \d+ could take it/);
    },
  );

  it('takes less than 25 lines however often it was tried', async () => {
    const kit = poolKit({ servers: serversNamed(names(12)), retry: { attempts: 10 } });
    const failures = Array.from({ length: 9 }, (): [Outcome, string] => [
      'connect-failed',
      'connection refused',
    ]);
    const lines = whyLines(await served(kit, [...failures, ['responded']]), plain);
    expect(lines.length).toBeLessThan(25);
    for (let attempt = 1; attempt <= 10; attempt++)
      expect(lines.join('\n')).toContain(`attempt ${attempt}, at`);
  });

  it('says that nobody was left, and how everybody stood', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    kit.server('a').verdict = 'unhealthy';
    kit.server('b').adminState = 'maintenance';
    const lines = whyLines(await served(kit, [['responded']]), plain);
    expect(lines[0]).toBe('GET /orders failed: the client got 503 from Ballast itself after 0.00 ms.');
    expect(lines.slice(3)).toEqual([
      '  error    no server of pool "api" is available: a is unhealthy, b is in maintenance',
      '',
      'attempt 1 was not made: no server of pool api was left for it',
      '  No server was available: a is unhealthy, b is in maintenance.',
      '    a  out: is unhealthy: its probes fail',
      '    b  out: is in maintenance',
    ]);
  });

  it('names the session, not the servers, where that is what keeps a request from those that are well', async () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1 }),
      affinity: { type: 'client-ip', onUnavailable: 'reject' },
    });
    kit.serve();
    kit.server('a').adminState = 'maintenance';
    const lines = whyLines(await served(kit, [['responded']]), plain);
    expect(lines.slice(-4)).toEqual([
      'attempt 1 was not made: its session is bound to a, and pool api moves no session (affinity.onUnavailable: reject)',
      '  The session pointed at a, which was in maintenance, and this pool rejects such a client instead of moving it.',
      '    a  out: is in maintenance',
      '    b  not asked: 0 in flight, not probed',
    ]);
  });

  it('names the circuit where that is open, and claims of no server that it was unavailable', async () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1 }),
      circuitBreaker: { failurePercent: 50, minimumRequests: 1 },
    });
    const failed = kit.request();
    kit.pool.choose(failed);
    kit.end(failed, 'closed-before-response');
    failed.status = 502;
    kit.pool.requestEnded(failed);
    const lines = whyLines(await served(kit, [['responded']]), plain);
    expect(lines.slice(-3)).toEqual([
      'attempt 1 was not made: the circuit of pool api was open',
      '  The circuit of this pool was open, so no server was asked.',
      '    a  out: was left alone: the circuit of its pool was open',
    ]);
  });

  it('tells weights only where they differ, and what counts of them', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 5, b: 1 }), strategy: 'weighted-round-robin' });
    const text = whyLines(await served(kit, [['responded']]), plain).join('\n');
    expect(text).toMatch(/> a +picked: +0 in flight, weight 5, not probed, current 5/);
  });

  it('tells one response time of a server, the one that counted', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), strategy: 'least-time' });
    kit.server('a').noteLatency(20, kit.clock.now(), 10_000);
    kit.server('b').noteLatency(10, kit.clock.now(), 10_000);
    await kit.clock.advance(5_000);
    const text = whyLines(await served(kit, [['responded']]), plain).join('\n');
    expect(text).not.toContain('response time counted as');
    expect(text).toMatch(/> b +picked: +0 in flight, not probed, score 6\.07 \(6\.07 ms x 1\)/);
  });
});
