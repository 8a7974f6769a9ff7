import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GeneratorStatus } from '@shared/contract/system-values.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTraffic, type Traffic } from '../../../main/drill/traffic.ts';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

let server: Server;
let url: string;
let traffic: Traffic;
let clock: ManualClock;
let seen: { url: string; cookie: string | undefined }[];
let status: number;
let answered: number;

beforeEach(async () => {
  seen = [];
  status = 200;
  answered = 0;
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', cookie: request.headers.cookie });
    response.statusCode = status;
    if (!request.headers.cookie) response.setHeader('set-cookie', `who=${seen.length}; Path=/`);
    response.on('close', () => answered++);
    response.end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  clock = manualClock();
  traffic = createTraffic({ clock, random: Math.random, log: () => {}, leadInMs: 2_000 });
});
afterEach(async () => {
  const stopped = traffic.stop();
  await clock.advance(1_000);
  await stopped;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Lets time pass on the generator's clock, and every request be answered in between. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await clock.advance(Math.min(left, 100));
    await until('every request is answered', () => {
      const { sent } = traffic.status();
      return seen.length === sent && answered === sent;
    });
  }
}

it('sends as many requests as asked, to several paths, as clients that keep their cookies', async () => {
  traffic.setUrl(url);
  traffic.set({ running: true, ratePerSecond: 20 });
  await pass(1_900);
  expect(traffic.status().sent).toBe(0);
  await pass(10_100);
  expect(traffic.status().sent).toBeGreaterThanOrEqual(195);
  expect(traffic.status().sent).toBeLessThanOrEqual(204);
  expect(traffic.status().sent % 3).toBe(0);
  expect(new Set(seen.map((each) => each.url)).size).toBeGreaterThan(3);
  const cookies = new Set(seen.map(({ cookie }) => cookie).filter((cookie) => cookie !== undefined));
  expect(cookies.size).toBeGreaterThan(3);
  expect(cookies.size).toBeLessThanOrEqual(12 * 3);
  expect(traffic.status().failed).toBe(0);
});

it('counts failures as a client would, and tells', async () => {
  const told: GeneratorStatus[] = [];
  traffic.onChange((each) => told.push(each));
  status = 503;
  traffic.setUrl(url);
  traffic.set({ running: true, ratePerSecond: 30 });
  await pass(3_000);
  await until('the failures are counted', () => traffic.status().failed === traffic.status().sent);
  await clock.advance(600);
  expect(told.at(-1)?.failed).toBeGreaterThan(5);
  const before = traffic.status().failed;
  status = 404;
  await pass(1_000);
  expect(traffic.status().sent).toBeGreaterThan(before + 20);
  expect(traffic.status().failed).toBeLessThanOrEqual(before + 18);
});

it('counts a server that is not there as failed', async () => {
  traffic.setUrl('http://127.0.0.1:1');
  traffic.set({ running: true, ratePerSecond: 30 });
  await clock.advance(3_000);
  await until('failures are counted', () => traffic.status().failed > 5);
});

it('stands aside after others sent requests', async () => {
  traffic.setUrl(url);
  traffic.set({ running: true, ratePerSecond: 100 });
  await pass(3_000);
  const { sent } = traffic.status();
  expect(sent).toBeGreaterThan(50);
  traffic.observe(sent);
  await pass(100);
  const { sent: more } = traffic.status();
  expect(more).toBeGreaterThan(sent);
  for (let others = 1; others < 20; others++) {
    traffic.observe(more + others);
    await pass(250);
  }
  expect(traffic.status().sent).toBe(more);
  await pass(1_600);
  expect(traffic.status().sent).toBeGreaterThan(more);
});

it('does nothing without a place to go, and stops when told', async () => {
  traffic.set({ running: true, ratePerSecond: 100 });
  await clock.advance(5_000);
  expect(traffic.status()).toMatchObject({ running: true, url: null, sent: 0 });
  traffic.setUrl(url);
  await pass(3_000);
  expect(traffic.status().sent).toBeGreaterThan(3);
  expect(traffic.set({ running: false })).toMatchObject({ running: false, ratePerSecond: 100 });
  const { sent } = traffic.status();
  await pass(2_000);
  expect(traffic.status().sent).toBe(sent);
  expect(clock.pending).toBeLessThanOrEqual(1);
});

it('never has more than a bounded number of requests under way', async () => {
  server.removeAllListeners('request');
  server.on('request', () => {});
  traffic.setUrl(url);
  traffic.set({ running: true, ratePerSecond: 10_000 });
  await clock.advance(10_000);
  expect(traffic.status().sent).toBeGreaterThan(60);
  expect(traffic.status().sent).toBeLessThanOrEqual(64);
});
