import { isOlder, type RecordCursor } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

type Kit = ReturnType<typeof poolKit>;

const pool = { servers: serversNamed({ a: 1, b: 1 }), healthCheck: { type: 'none' } as const };

function serve(kit: Kit, from: Parameters<Kit['request']>[0] = {}, fails = false): string {
  const exchange = kit.request(from);
  kit.pool.choose(exchange);
  if (fails) {
    kit.end(exchange, 'closed-before-response', 0, 'gone');
    kit.pool.choose(exchange);
  }
  kit.end(exchange, 'responded', 200);
  kit.journal.record(exchange, kit.clock.now());
  return exchange.idText;
}

/** Every id there is, page by page, newest first. */
function pages(kit: Kit, limit: number): string[] {
  const ids: string[] = [];
  let before: RecordCursor | undefined;
  for (;;) {
    const page = kit.journal
      .recorded(before, limit)
      .sort((one, other) => (isOlder(one.at, other.at) ? 1 : -1));
    const kept = page.slice(0, limit);
    ids.push(...kept.map(({ request }) => request.id));
    if (kept.length < limit) return ids;
    before = kept.at(-1)!.at;
  }
}

describe('the journal for a recording', () => {
  it('comes page by page without a gap or a double, also where many ended at the same moment', async () => {
    const kit = poolKit(pool);
    kit.journal.resize(120);
    const ids: string[] = [];
    for (let moment = 0; moment < 20; moment++) {
      for (let each = 0; each < (moment % 5) * 3; each++) ids.push(serve(kit, {}, each % 4 === 0));
      await kit.clock.advance(1);
    }
    for (const limit of [1, 2, 7, 50, 1_000]) {
      const found = pages(kit, limit);
      expect(found).toHaveLength(120);
      expect(new Set(found)).toEqual(new Set(ids.slice(-120)));
    }
  });

  it('tells attempts, times, what affinity did and the session by its handle, never the cookie', async () => {
    const kit = poolKit({ ...pool, affinity: { type: 'cookie' } });
    const first = kit.request({ client: '127.0.0.9' });
    kit.pool.choose(first);
    const cookie = first.setCookie!.split(';')[0]!;
    await kit.clock.advance(5);
    kit.end(first, 'responded', 200);
    kit.journal.record(first, kit.clock.now());
    await kit.clock.advance(2);
    serve(kit, { client: '127.0.0.9', cookie });
    const recorded = kit.journal.recorded(undefined, 10).map(({ request }) => request);
    expect(recorded).toMatchObject([
      { id: 'r-2', arrivedMs: 1_007, session: 's1', affinity: 'kept', client: '127.0.0.9', failed: false },
      { id: 'r-1', arrivedMs: 1_000, session: 's1', affinity: 'bound', durationMs: 5, queuedMs: 0 },
    ]);
    expect(recorded[0]!.attempts).toEqual([
      { server: 'api/a', startedAfterMs: 0, durationMs: 0, outcome: 'responded', status: 200 },
    ]);
    expect(JSON.stringify(recorded)).not.toContain(cookie.split('=')[1]);
  });

  it('leaves out the failed ones that are kept longer than their neighbours', () => {
    const kit = poolKit(pool);
    serve(kit, {}, true);
    for (let each = 0; each < 100; each++) serve(kit);
    expect(kit.journal.list({ limit: 1_000 }).requests).toHaveLength(101);
    expect(kit.journal.recorded(undefined, 1_000)).toHaveLength(100);
  });
});
