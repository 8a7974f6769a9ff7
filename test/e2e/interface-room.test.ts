import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { whoAnswers } from '../support/interface-kit.ts';
import {
  ballastOfTests,
  cardOf,
  inspectorOf,
  poolOf,
  showScreen,
  topologyOfTest,
} from '../support/interface-of-test.ts';
import { until } from '../support/until.ts';

/** That what is shown has room: boxes are measured, because a text that is cut off is still in the page. */

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

describe('the head of a pool', () => {
  const ballast = ballastOfTests();

  test('at 1280 tells its checks beside what its retries cost', async () => {
    const page = await topologyOfTest(ballast(), { width: 1280, height: 800 });
    const checks = poolOf(page, 'api').getByText('health GET /health');
    await page.getByRole('button', { name: 'Kill api-1' }).click();
    await until('attempts per request to be told', async () => {
      await whoAnswers(ballast().listeners.web!, 3);
      return (await poolOf(page, 'api').locator('.amplified').count()) > 0;
    });
    expect(await checks.isVisible()).toBe(true);
    expect(await isWhole(checks)).toBe(true);
  });
});

describe('menus', () => {
  const ballast = ballastOfTests({ api: '    strategy: { kind: hash, key: path }\n' });

  test.each([
    [1280, 'dark'],
    [1600, 'light'],
  ] as const)('the menu of strategies is whole at %i, and begins at the chosen one', async (width, theme) => {
    const page = await topologyOfTest(ballast(), { width, height: 700, theme });
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
});

describe('cards and lists', () => {
  const ballast = ballastOfTests({
    api: '    affinity: { type: cookie }\n',
    file: 'a-workspace-whose-name-is-longer-than-there-is-room-for-it.yaml',
  });

  test.each([1280, 1600])('at %i nothing on a card touches its neighbour', async (width) => {
    const page = await topologyOfTest(ballast(), { width, height: 800 });
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
    const page = await topologyOfTest(ballast(), { width: 1280 });
    await whoAnswers(ballast().listeners.web!, 2);
    await showScreen(page, 'Requests');
    await page.locator('.requests [role=row][aria-selected]').first().click();
    const inspector = inspectorOf(page);
    const why = inspector.getByRole('heading', { name: /^Why api-/ });
    await why.waitFor();
    // Beside its strategy the title keeps to one line.
    const title = await why.locator('.decision-title').boundingBox();
    expect(title!.height).toBeLessThan(24);
    await showScreen(page, 'Sessions');
    await inspector.waitFor({ state: 'detached' });
    await showScreen(page, 'Topology');
    await cardOf(page, 'api-1').click();
    await inspector.waitFor();
    await showScreen(page, 'Sessions');
    await inspector.getByRole('heading', { name: 'api-1' }).waitFor();
  });

  test('search boxes show what they search, with an inspector beside them too', async () => {
    const page = await topologyOfTest(ballast(), { width: 1280 });
    await cardOf(page, 'api-1').click();
    for (const [name, label] of [
      ['Requests', 'Search requests'],
      ['Sessions', 'Search sessions'],
    ] as const) {
      await showScreen(page, name);
      const room = await page.getByRole('searchbox', { name: label }).evaluate((input) => {
        if (!(input instanceof HTMLInputElement)) throw new Error('no input');
        const context = document.createElement('canvas').getContext('2d')!;
        context.font = getComputedStyle(input).font;
        return input.clientWidth - context.measureText(input.placeholder).width;
      });
      expect(room).toBeGreaterThan(4);
    }
  });

  test.each([820, 1280, 1600])(
    'at %i no tool lies over a figure, however long the name of the file',
    async (width) => {
      const page = await topologyOfTest(ballast(), { width, height: 800 });
      const boxes = await page
        .locator('.top')
        .locator('.brand, .figure, .tools button')
        .evaluateAll((parts) =>
          parts
            .filter((part) => part.checkVisibility())
            .map((part) => {
              const { left, right } = part.getBoundingClientRect();
              return { what: part.getAttribute('aria-label') ?? part.textContent ?? '', left, right };
            })
            .sort((a, b) => a.left - b.left),
        );
      expect(boxes.length).toBeGreaterThan(6);
      const over = boxes.filter(({ left }, index) => index > 0 && left < boxes[index - 1]!.right - 0.5);
      expect(over).toEqual([]);
      expect(boxes.at(-1)!.right).toBeLessThanOrEqual(width);
    },
  );

  test('what was seen of a server, in the decision of a request, has the width of the inspector', async () => {
    const page = await topologyOfTest(ballast(), { width: 1280 });
    await whoAnswers(ballast().listeners.web!, 1);
    await showScreen(page, 'Requests');
    await page.locator('.requests [role=row][aria-selected]').first().click();
    const cells = inspectorOf(page).getByRole('table').locator('tbody td:last-child');
    await cells.first().waitFor();
    for (const cell of await cells.all()) {
      expect((await cell.boundingBox())!.width).toBeGreaterThan(250);
      expect(await isWhole(cell)).toBe(true);
    }
  });
});
