import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { openInterface, type RunningBallast, startBallast } from '../support/interface-kit.ts';

let browser: Browser;
let ballast: RunningBallast | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await ballast?.stop();
  ballast = undefined;
});

test('a pool says that its circuit is open, why, and until when; and that it is closed again', async () => {
  ballast = await startBallast({
    api: '    outlierDetection: { consecutiveFailures: 0, statuses: [5xx] }\n    circuitBreaker: { failurePercent: 50, minimumRequests: 10, open: 5s, trials: 2 }\n',
  });
  const page = await openInterface(browser, ballast);
  await page.getByRole('row', { name: 'api-1' }).waitFor();
  const pool = page.getByRole('region', { name: 'Pool api' });
  await pool.getByText('circuit closed').waitFor();
  expect(
    await page
      .getByRole('region', { name: 'Pool canary' })
      .getByText(/circuit/)
      .count(),
  ).toBe(0);

  const url = ballast.listeners.web!;
  for (let sent = 0; sent < 10; sent++) expect((await fetch(`${url}/status?code=500`)).status).toBe(500);
  expect((await fetch(url)).status).toBe(503);
  await pool.getByText('circuit open', { exact: true }).waitFor();
  const trouble = pool.getByRole('status').filter({ hasText: 'The circuit is open' });
  expect(await trouble.textContent()).toMatch(
    /clients get 503 until \d\d:\d\d:\d\d\. 10 of 10 requests failed within 10s\. 1 request refused since start\./,
  );
  await pool
    .getByText(/The circuit is half open: only trial requests go through, 0 of 2 went well/)
    .waitFor();
  for (let sent = 0; sent < 2; sent++) expect((await fetch(url)).status).toBe(200);
  await pool.getByText('circuit closed').waitFor();
  expect(page.faults()).toEqual([]);
  await page.context().close();
});
