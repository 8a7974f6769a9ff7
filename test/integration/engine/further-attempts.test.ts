import { metricsSchema } from '@shared/contract/metrics-values.ts';
import { describe, expect, it } from 'vitest';
import type { PoolInput } from '../../support/config-of.ts';
import { fetchText } from '../../support/http-client.ts';
import { type MoodyServer, moodyServer } from '../../support/moody-server.ts';
import { runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';

async function two(pool: PoolInput = {}, more = {}) {
  const a = await moodyServer('a');
  const b = await moodyServer('b');
  const servers = [a, b].map(({ name, address }: MoodyServer) => ({ name, address, ...more }));
  const running = await runEngine({
    healthCheck: { type: 'none' },
    strategy: 'round-robin',
    ...pool,
    servers,
  });
  const read = () => metricsSchema.parse(running.engine.metrics());
  return {
    ...running,
    a,
    b,
    pool: () => read().pools.api!,
    of: (name: string) => read().servers[`api/${name}`]!,
  };
}

describe('a status that is to be tried elsewhere', () => {
  it('is, although the pool has no room for a further request: the attempt that ends makes it', async () => {
    const { a, url, pool } = await two({ maxRequests: 1, retry: { on: [503] }, queue: { length: 0 } });
    a.mood = { status: 503 };
    for (let request = 0; request < 4; request++) expect((await fetchText(url)).body).toBe('b');
    expect(pool().activeRequests).toBe(0);
  });

  it('waits for a slot of the other server, as every retry does', async () => {
    const { a, b, url, pool } = await two({ retry: { on: [503] } }, { maxRequests: 1 });
    a.mood = { afterMs: 300 };
    b.mood = { status: 503 };
    const first = fetchText(url);
    await until('the first to reach a', () => a.seen === 1);
    const second = fetchText(url);
    await until('the second to wait', () => pool().queue.length === 1);
    expect(b.seen).toBe(1);
    expect((await first).body).toBe('a');
    expect((await second).body).toBe('a');
    expect(pool().retryBudget.used).toBe(1);
  });

  it('stands where nobody can be had and none may wait, and takes nothing from the retry budget', async () => {
    const { a, b, url, pool, engine } = await two(
      { retry: { on: [503] }, queue: { length: 0 } },
      { maxRequests: 1 },
    );
    a.mood = { afterMs: 300 };
    b.mood = { status: 503 };
    const first = fetchText(url);
    await until('the first to reach a', () => a.seen === 1);
    expect(await fetchText(url)).toMatchObject({ status: 503, body: 'b' });
    expect(pool().retryBudget.used).toBe(0);
    expect(engine.metrics().limits.map(({ kind }) => kind)).not.toContain('retry-budget');
    await first;
  });

  it('tells what became of it where it waited in vain', async () => {
    const { a, b, url } = await two(
      { retry: { on: [503] }, queue: { timeout: '100ms' } },
      { maxRequests: 1 },
    );
    a.mood = { afterMs: 500 };
    b.mood = { status: 503 };
    const first = fetchText(url);
    await until('the first to reach a', () => a.seen === 1);
    const second = await fetchText(url);
    expect(second.status).toBe(503);
    expect(second.body).toContain('waiting for one was in vain');
    await first;
  });
});
