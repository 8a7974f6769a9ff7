import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Server } from '../../../main/engine/pool/server.ts';
import { poolKit } from '../../support/engine-kit.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 60_000 }); // real sockets on a machine that may be busy

/** What the service answers; the test changes it. */
let status = 200;
/** Requests it holds back until told. */
let held: (() => void)[] | null = null;
let asked = 0;
let atOnce = 0;
let mostAtOnce = 0;
let service: HttpServer;
let address: string;

beforeEach(async () => {
  [status, held, asked, atOnce, mostAtOnce] = [200, null, 0, 0, 0];
  service = createServer((_, response) => {
    asked += 1;
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    const answer = (): void => {
      atOnce -= 1;
      response.writeHead(status).end();
    };
    if (held) held.push(answer);
    else answer();
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(service.address() as AddressInfo).port}`;
});

afterEach(() => {
  service.close();
  service.closeAllConnections();
});

const healthCheck = {
  type: 'http',
  interval: '2s',
  timeout: '20s',
  rise: 2,
  fall: 3,
} as const;

function probed(overrides: object = {}, random?: () => number) {
  const kit = poolKit(
    { servers: [{ name: 'a', address }], healthCheck: { ...healthCheck, ...overrides } },
    manualClock(),
    random,
  );
  const server: Server = kit.server('a');
  kit.pool.start();
  return {
    ...kit,
    server,
    /** Waits until so many probes have ended and the next is scheduled. */
    probes: (count: number) => until(`${count} probes`, () => server.probes.run === count),
    /** Moves on by the time and waits for the probe that it starts. */
    async next(ms: number) {
      const before = server.probes.run;
      await kit.clock.advance(ms);
      await until('the next probe', () => server.probes.run === before + 1);
    },
    told: () => kit.events.read(0, 100).map(({ text }) => text),
  };
}

describe('a prober', () => {
  it('needs one probe for the first verdict, good or bad', async () => {
    const well = probed();
    await well.probes(1);
    expect(well.server.verdict).toBe('healthy');
    expect(well.told()).toEqual(['a is healthy: its probe succeeded (200)']);
    well.pool.stop();
    status = 503;
    const ill = probed();
    await ill.probes(1);
    expect(ill.server.verdict).toBe('unhealthy');
    expect(ill.server.probes.last).toMatchObject({ succeeded: false, detail: '503, expected 2xx or 3xx' });
  });

  it('needs `fall` failures in a row, then `rise` successes, and hurries while it is in doubt', async () => {
    const kit = probed();
    await kit.probes(1);
    status = 500;
    await kit.next(2_000);
    expect(kit.server.verdict).toBe('healthy');
    await kit.next(500);
    status = 200;
    await kit.next(500); // one success: the count begins anew
    status = 500;
    await kit.next(2_000);
    await kit.next(500);
    expect(kit.server.verdict).toBe('healthy');
    await kit.next(500);
    expect(kit.server.verdict).toBe('unhealthy');
    expect(kit.told().at(-1)).toBe(
      'a is unhealthy: 3 probes in a row failed, the last one with: 500, expected 2xx or 3xx',
    );
    status = 200;
    await kit.next(2_000);
    expect(kit.server.verdict).toBe('unhealthy');
    await kit.next(500);
    expect(kit.server.verdict).toBe('healthy');
    expect(kit.server.probes).toMatchObject({ run: 9, failed: 5 });
  });

  it('takes other intervals while it is in doubt and while the server is down', async () => {
    const kit = probed({ interval: '2s', fastInterval: '300ms', downInterval: '9s', rise: 2, fall: 2 });
    await kit.probes(1);
    status = 500;
    await kit.next(2_000);
    await kit.clock.advance(299);
    expect(kit.server.probes.run).toBe(2);
    await kit.next(1);
    expect(kit.server.verdict).toBe('unhealthy');
    await kit.clock.advance(8_999);
    expect(kit.server.probes.run).toBe(3);
    status = 200;
    await kit.next(1);
    await kit.next(300);
    expect(kit.server.verdict).toBe('healthy');
    await kit.clock.advance(1_999);
    expect(kit.server.probes.run).toBe(5);
    await kit.next(1);
  });

  it.each([
    [0, 0, 2_000],
    [0, 10, 1_800],
    [0.5, 10, 2_000],
    [0.75, 20, 2_200],
    [0.25, 50, 1_500],
  ])('at chance %d and a jitter of %d percent, waits %d ms of 2 s', async (chance, jitter, waitMs) => {
    const kit = probed({ jitter }, () => chance);
    await kit.probes(1);
    await kit.clock.advance(waitMs - 1);
    expect(kit.server.probes.run).toBe(1);
    await kit.next(1);
  });

  it('lets a server that is taken for healthy at first fail `fall` probes', async () => {
    status = 500;
    const kit = probed({ initial: 'healthy', fall: 2 });
    expect(kit.server.verdict).toBe('healthy');
    expect(kit.told()).toEqual(['a is taken for healthy until 2 probes in a row fail (initial)']);
    await kit.probes(1);
    expect(kit.server.verdict).toBe('healthy');
    await kit.next(500);
    expect(kit.server.verdict).toBe('unhealthy');
  });

  it('gives a server that is taken for unhealthy at first no request until `rise` probes succeed', async () => {
    const kit = probed({ initial: 'unhealthy', rise: 2 });
    expect([kit.server.verdict, kit.serve()]).toEqual(['unhealthy', null]);
    await kit.probes(1);
    expect(kit.server.verdict).toBe('unhealthy');
    await kit.next(500);
    expect([kit.server.verdict, kit.serve()]).toEqual(['healthy', 'a']);
  });

  it('takes a server that returns from maintenance for what the file says again', async () => {
    const kit = probed({ initial: 'unhealthy', rise: 1 });
    await kit.probes(1);
    expect(kit.server.verdict).toBe('healthy');
    kit.server.adminState = 'maintenance';
    kit.pool.proberOf(kit.server)!.adminStateChanged();
    held = [];
    kit.server.adminState = 'ready';
    kit.pool.proberOf(kit.server)!.adminStateChanged();
    expect(kit.server.verdict).toBe('unhealthy');
    await until('a probe to be held', () => held!.length === 1);
    held.shift()!();
    await kit.probes(2);
    expect(kit.server.verdict).toBe('healthy');
  });

  it('keeps the last fifty probes with what the server was taken for after each, and counts all', async () => {
    const kit = probed({ interval: '1s', fastInterval: '1s', fall: 2 });
    await kit.probes(1);
    status = 500;
    await kit.next(1_000);
    await kit.next(1_000);
    for (let probe = 4; probe <= 60; probe++) await kit.next(1_000);
    const { probes } = kit.server;
    expect([probes.run, probes.failed, probes.forgotten]).toEqual([60, 59, 10]);
    const kept = probes.list();
    expect(kept).toHaveLength(50);
    expect(kept.map(({ atMs }) => atMs)).toEqual(kept.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    expect(kept.at(-1)).toEqual({
      atMs: kit.clock.epoch(),
      succeeded: false,
      durationMs: 0,
      detail: '500, expected 2xx or 3xx',
      verdict: 'unhealthy',
    });
    expect(probes.lastFailed).toEqual(probes.last);
    status = 200;
    await kit.next(1_000);
    expect(probes.last).toMatchObject({ succeeded: true });
    expect(probes.lastFailed).toMatchObject({ succeeded: false });
  });

  it('waits its whole interval while nothing is in doubt', async () => {
    const kit = probed();
    await kit.probes(1);
    await kit.clock.advance(1_999);
    expect(kit.server.probes.run).toBe(1);
    await kit.next(1);
  });

  it('never runs two probes of a server at once, and repeats one that was asked for meanwhile', async () => {
    held = [];
    const kit = probed();
    await until('a probe to be held', () => held!.length === 1);
    kit.pool.proberOf(kit.server)!.probeNow();
    kit.pool.proberOf(kit.server)!.probeNow();
    await kit.clock.advance(10_000);
    expect(asked).toBe(1);
    held.shift()!();
    await kit.probes(1);
    await kit.clock.advance(0);
    await until('the repeated probe', () => held!.length === 1);
    held.shift()!();
    await kit.probes(2);
    expect([asked, mostAtOnce]).toEqual([2, 1]);
  });

  it('probes at once when traffic cannot connect, but not for every request of it', async () => {
    const kit = probed();
    await kit.probes(1);
    await kit.clock.advance(500);
    const failRequests = (): void => {
      for (let request = 0; request < 50; request++) {
        const exchange = kit.request();
        if (kit.pool.choose(exchange)) kit.end(exchange, 'connect-failed');
      }
    };
    status = 500;
    failRequests();
    await kit.clock.advance(0);
    await kit.probes(2);
    failRequests();
    await kit.clock.advance(99);
    expect(kit.server.probes.run).toBe(2);
    await kit.next(1);
    failRequests();
    await kit.next(100);
    expect(kit.server.verdict).toBe('unhealthy');
  });

  it('does not probe a server in maintenance, and finds out anew when it is ready again', async () => {
    const kit = probed();
    await kit.probes(1);
    kit.server.adminState = 'maintenance';
    kit.pool.proberOf(kit.server)!.adminStateChanged();
    await kit.clock.advance(60_000);
    expect([kit.server.probes.run, kit.server.verdict]).toEqual([1, 'unknown']);
    status = 500;
    kit.server.adminState = 'ready';
    kit.pool.proberOf(kit.server)!.adminStateChanged();
    await kit.probes(2);
    expect(kit.server.verdict).toBe('unhealthy');
  });

  it('lifts an ejection when the health check finds the server well again', async () => {
    const kit = probed({ rise: 1, fall: 1 });
    await kit.probes(1);
    status = 500;
    await kit.next(2_000);
    kit.server.ejectedUntil = kit.clock.now() + 60_000;
    status = 200;
    await kit.next(2_000);
    expect(kit.server.ejectedUntil).toBe(0);
    expect(kit.told().at(-1)).toBe('a is back: its health check succeeds');
  });

  it('stops when its server is removed', async () => {
    const kit = probed();
    await kit.probes(1);
    kit.configure({ servers: [{ name: 'b', address: '127.0.0.1:1' }], healthCheck: { type: 'none' } });
    await kit.clock.advance(60_000);
    expect([asked, kit.clock.pending]).toEqual([1, 0]);
  });
});
