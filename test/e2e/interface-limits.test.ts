import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { openInterface, type RunningBallast, startBallast } from '../support/interface-kit.ts';
import { type RawClient, rawClient } from '../support/raw-sockets.ts';

let browser: Browser;
let ballast: RunningBallast | undefined;
const clients: RawClient[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  for (const each of clients.splice(0)) each.close();
  await ballast?.stop();
  ballast = undefined;
});

test('a limit that was reached stands at the listener and the pool it holds for, with its key', async () => {
  ballast = await startBallast({
    api: '    timeouts: { response: 150ms }\n',
    web: 'limits: { maxConnections: 3 }',
  });
  const page = await openInterface(browser, ballast);
  await page.getByRole('row', { name: 'api-1' }).waitFor();
  expect(await page.getByRole('list', { name: /Limits reached/ }).count()).toBe(0);
  await fetch(`${ballast.listeners.web}/slow?ms=5000`, { headers: { connection: 'close' } });

  const port = Number(new URL(ballast.listeners.web!).port);
  for (let i = 0; i < 3; i++) {
    const each = await rawClient(port);
    each.send('GET / HTTP/1.1\r\nHo');
    clients.push(each);
  }
  for (let i = 0; i < 2; i++) {
    const each = await rawClient(port);
    clients.push(each);
    expect(await each.end()).toContain('503');
  }

  const atListener = page.getByRole('list', { name: 'Limits reached at web' });
  await atListener.getByText('2 clients turned away').waitFor();
  expect(await atListener.textContent()).toMatch(/maxConnections: 3last \d\d:\d\d:\d\d/);
  const atPool = page.getByRole('list', { name: 'Limits reached at api' });
  await atPool.getByText(/^\d responses? not in time$/).waitFor();
  expect(await atPool.textContent()).toContain('timeouts.response: 150ms');
  expect(await page.getByRole('list', { name: /Limits reached at (admin|canary)/ }).count()).toBe(0);
  expect(page.faults()).toEqual([]);
  await page.context().close();
});
