import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { openInterface, type RunningBallast, startBallast, whoAnswers } from '../support/interface-kit.ts';
import { until } from '../support/until.ts';

/** That what is shown has room: boxes are measured, because a text that is cut off is still in the page. */

let browser: Browser;
let ballast: RunningBallast | undefined;
const pages: Page[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close();
  await ballast?.stop();
  ballast = undefined;
});

async function open(options: Parameters<typeof openInterface>[2], api = '') {
  ballast = await startBallast({ api });
  const page = await openInterface(browser, ballast, options);
  pages.push(page);
  await page.getByRole('row', { name: 'api-1' }).waitFor();
  return page;
}
const screen = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name }).click();

/** Whether nothing of it lies outside of what its scrolling ancestors show sideways. */
const isWhole = (locator: Locator) =>
  locator.evaluate((element) => {
    const box = element.getBoundingClientRect();
    for (let above = element.parentElement; above; above = above.parentElement) {
      if (getComputedStyle(above).overflowX === 'visible') continue;
      const frame = above.getBoundingClientRect();
      if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5) return false;
    }
    return box.right <= innerWidth && element.scrollWidth <= element.clientWidth + 1;
  });

test.each([
  [1280, 'dark'],
  [1600, 'light'],
] as const)('the menu of strategies is whole at %i, and begins at the chosen one', async (width, theme) => {
  const page = await open({ width, height: 700, theme }, '    strategy: { kind: hash, key: path }\n');
  await page.getByRole('button', { name: /^Strategy of pool api/ }).click();
  const menu = page.getByRole('menu', { name: 'Strategy of pool api' });
  await menu.waitFor();
  expect(await isWhole(menu)).toBe(true);
  for (const item of await menu.getByRole('menuitem').all()) expect(await isWhole(item)).toBe(true);
  const chosen = menu.getByRole('menuitem').filter({ hasText: '(chosen)' });
  await until('the chosen one has the focus', () =>
    chosen.evaluate((element) => element === document.activeElement),
  );
  await until('it to be in sight', () =>
    chosen.evaluate((element) => {
      const box = element.getBoundingClientRect();
      const frame = element.closest('.popover')!.getBoundingClientRect();
      return box.top >= frame.top && box.bottom <= frame.bottom;
    }),
  );
  expect(await axeViolations(page)).toEqual([]);

  await menu.getByRole('menuitem', { name: /^Options of/ }).click();
  const dialog = page.getByRole('dialog');
  const choice = dialog.getByRole('button', { name: /^Without a key/ });
  expect(await isWhole(choice.locator('.choice-value'))).toBe(true);
  expect(page.faults()).toEqual([]);
});

test.each([1280, 1600])('at %i nothing on a card touches its neighbour', async (width) => {
  const page = await open({ width, height: 800 });
  for (const card of await page.locator('.server').all()) {
    const gap = await card.evaluate((element) => {
      const range = document.createRange();
      range.selectNodeContents(element.querySelector('.server-weight small')!);
      return (
        element.querySelector('.share-bar')!.getBoundingClientRect().left -
        range.getBoundingClientRect().right
      );
    });
    expect(gap).toBeGreaterThan(6);
  }
});

test('a request that is told closes when somebody turns to the sessions; a server stays', async () => {
  const page = await open({ width: 1280 }, '    affinity: { type: cookie }\n');
  await whoAnswers(ballast!.listeners.web!, 2);
  await screen(page, 'Requests');
  await page.locator('.requests [role=row][aria-selected]').first().click();
  const inspector = page.getByRole('complementary', { name: 'Inspector' });
  const why = inspector.getByRole('heading', { name: /^Why api-/ });
  await why.waitFor();
  // Beside its strategy the title keeps to one line.
  const title = await why.locator('.decision-title').boundingBox();
  expect(title!.height).toBeLessThan(24);
  await screen(page, 'Sessions');
  await inspector.waitFor({ state: 'detached' });
  await screen(page, 'Topology');
  await page.getByRole('row', { name: 'api-1' }).click();
  await inspector.waitFor();
  await screen(page, 'Sessions');
  await inspector.getByRole('heading', { name: 'api-1' }).waitFor();
});

test('search boxes show what they search, with an inspector beside them too', async () => {
  const page = await open({ width: 1280 }, '    affinity: { type: cookie }\n');
  await page.getByRole('row', { name: 'api-1' }).click();
  for (const [name, label] of [
    ['Requests', 'Search requests'],
    ['Sessions', 'Search sessions'],
  ] as const) {
    await screen(page, name);
    const room = await page.getByRole('searchbox', { name: label }).evaluate((input) => {
      if (!(input instanceof HTMLInputElement)) throw new Error('no input');
      const context = document.createElement('canvas').getContext('2d')!;
      context.font = getComputedStyle(input).font;
      return input.clientWidth - context.measureText(input.placeholder).width;
    });
    expect(room).toBeGreaterThan(4);
  }
});
