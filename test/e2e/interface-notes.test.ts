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

test('settings without effect stand at their pool, those of no pool with the listeners', async () => {
  ballast = await startBallast({
    api: '    slowStart: 10s\n',
    web: 'limits: { headBytes: 8192, targetBytes: 65536 }',
  });
  for (const theme of ['dark', 'light'] as const) {
    const page = await openInterface(browser, ballast, { theme });
    await page.getByRole('row', { name: 'api-1' }).waitFor();
    for (const [place, text] of [
      [page.getByRole('region', { name: 'Listeners' }), 'targetBytes of listener web has no effect'],
      [page.getByRole('region', { name: 'Pool api' }), 'slowStart has no effect'],
    ] as const) {
      const told = place.getByRole('button', { name: '1 setting has no effect' });
      expect(await place.getByText(text).isVisible()).toBe(false);
      await told.focus();
      await page.keyboard.press('Enter');
      await place.getByText(text).waitFor();
      expect(await place.getByText(/^[\w.-]+\.yaml:\d+$/).isVisible()).toBe(true);
    }
    const { SHOTS } = process.env;
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/notes-${theme}.png` });
    const narrow = await page
      .locator('.listeners .setting-notes')
      .evaluate((element) => element.scrollWidth <= element.clientWidth);
    expect(narrow).toBe(true);
    expect(await page.getByRole('region', { name: 'Pool canary' }).getByText('has no effect').count()).toBe(
      0,
    );
    expect(page.faults()).toEqual([]);
    await page.context().close();
  }
});
