import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { afterThisTest } from '../../support/after-this-test.ts';
import { moodyServer } from '../../support/moody-server.ts';
import { get, late, member, run, told } from '../../support/why-kit.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Closes the connection after so long, without a byte of a response. */
async function closing(name: string, afterMs: number) {
  const server = createServer((request, response) => {
    request.resume();
    setTimeout(() => response.destroy(), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterThisTest(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  return { name, address: `127.0.0.1:${port}` };
}

const budgetMinPerSecond = 1_000;

describe('where the attempt begun last is not the one that ended last', () => {
  it('the client hears of the time that was up, not of the hedge that had failed before', async () => {
    const servers = [member(await moodyServer('a', late)), member(await closing('b', 20))];
    const { engine, url } = await run({
      servers,
      strategy: 'first',
      timeouts: { attempt: '600ms' },
      retry: { attempts: 2, budgetMinPerSecond, hedge: { after: '50ms' } },
    });
    const { status } = await get(url);
    expect(status).toBe(504);
    const detail = await told(engine);
    expect(detail).toMatchObject({ status: 504, server: 'api/a', attempts: 2 });
    expect(detail.error).toMatch(/^after 2 attempts: a: no response within the 600ms /);
    const [record] = engine.journal.recorded(undefined, 1);
    expect(record!.request).toMatchObject({ decisive: 0, status: 504 });
  });

  it('a retry is told to follow from the time-out, not from the hedge that had failed before', async () => {
    const servers = [
      member(await moodyServer('a', late)),
      member(await closing('b', 20)),
      member(await moodyServer('c')),
    ];
    const { engine, url } = await run({
      servers,
      strategy: 'first',
      timeouts: { attempt: '600ms' },
      retry: { attempts: 3, budgetMinPerSecond, hedge: { after: '50ms' } },
    });
    expect(await get(url)).toMatchObject({ status: 200, body: 'c' });
    const { attemptList } = await told(engine);
    expect(attemptList.map(({ server }) => server)).toEqual(['api/a', 'api/b', 'api/c']);
    expect(attemptList[2]!.decision!.sentence).toMatch(
      /^The attempt before, at a, failed \(no response within the 600ms that an attempt has/,
    );
  });

  it('another hedge is told to stand beside the one that still runs', async () => {
    const servers = [
      member(await moodyServer('a', late)),
      member(await closing('b', 10)),
      member(await moodyServer('c')),
    ];
    const { engine, url } = await run({
      servers,
      strategy: 'first',
      retry: { attempts: 3, budgetMinPerSecond, hedge: { after: '300ms', most: 2 } },
    });
    expect(await get(url)).toMatchObject({ status: 200, body: 'c' });
    const { sentence, servers: seen } = (await told(engine)).attemptList[2]!.decision!;
    expect(sentence).toMatch(/^a had not answered yet, so another server was asked as well/);
    expect(seen.map(({ out }) => out)).toEqual([
      'has the request already',
      'was tried already: closed without a response',
      '',
    ]);
  });
});
