import type { Locator, Page } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { answersComeFrom, type RunningBallast, whoAnswers } from '../support/interface-kit.ts';
import {
  cardOf,
  type InterfacePage,
  interfaceOfTest,
  poolOf,
  topologyOfTest,
} from '../support/interface-of-test.ts';
import { until } from '../support/until.ts';

let ballast: RunningBallast;
let page: InterfacePage;
beforeEach(async () => {
  ({ ballast, page } = await interfaceOfTest());
});

const members = (on: Page, name: string): Promise<string[]> =>
  poolOf(on, name)
    .locator('[data-server]')
    .evaluateAll((cards) => cards.map((each) => (each as HTMLElement).dataset.server!));

async function dragByMouse(from: Locator, to: Locator): Promise<void> {
  const grip = (await from.boundingBox())!;
  const target = (await to.boundingBox())!;
  await page.mouse.move(grip.x + grip.width / 2, grip.y + grip.height / 2);
  await page.mouse.down();
  await page.mouse.move(grip.x + 30, grip.y + 30, { steps: 4 });
  await page.mouse.move(target.x + target.width / 2, target.y + target.height / 2, { steps: 8 });
  await page.mouse.up();
}

describe('a server changes its pool', () => {
  test('dragged by mouse, and the next requests follow', async () => {
    await answersComeFrom(ballast.listeners.admin!, ['canary-1', 'canary-2']);
    await dragByMouse(page.getByRole('button', { name: 'Move api-2' }), cardOf(page, 'canary-2'));
    await until('api-2 in canary', async () => (await members(page, 'canary')).includes('canary/api-2'));
    expect(await members(page, 'api')).toEqual(['api/api-1', 'api/api-3']);
    await answersComeFrom(ballast.listeners.admin!, ['canary-1', 'canary-2', 'api-2']);
    await answersComeFrom(ballast.listeners.web!, ['api-1', 'api-3']);
    expect(await ballast.readText()).toContain('# Written for a test of the interface.');
    expect(page.faults()).toEqual([]);
  });

  test('by the keyboard alone, and the next requests follow', async () => {
    // From the top of the page to the grip of api-1 with Tab, as somebody without a mouse would.
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))) === 'Move api-1')
        break;
    }
    await page.keyboard.press('Enter');
    const place = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    // Tab goes from one place to drop to the next, arrows go on within it.
    await until('the list of canary', async () => {
      await page.keyboard.press('Tab');
      return poolOf(page, 'canary').evaluate((list) => list.contains(document.activeElement));
    });
    await until('the end of canary', async () => {
      if ((await place()) === 'Insert after canary-2') return true;
      await page.keyboard.press('ArrowDown');
      return false;
    });
    await page.keyboard.press('Enter');
    await until('api-1 in canary', async () => (await members(page, 'canary')).includes('canary/api-1'));
    expect(await members(page, 'canary')).toEqual(['canary/canary-1', 'canary/canary-2', 'canary/api-1']);
    await answersComeFrom(ballast.listeners.admin!, ['canary-1', 'canary-2', 'api-1']);
    await answersComeFrom(ballast.listeners.web!, ['api-2', 'api-3']);
    expect(page.faults()).toEqual([]);
  });

  test('by its menu, opened and walked by keys alone, which leave the focus where it was', async () => {
    await cardOf(page, 'api-2').focus();
    await page.keyboard.press('Shift+F10');
    const menu = page.getByRole('menu', { name: 'Actions for api-2' });
    await menu.waitFor();
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    await until('the focus back on the card', () =>
      cardOf(page, 'api-2').evaluate((row) => row === document.activeElement),
    );
    await page.keyboard.press('Shift+F10');
    await menu.getByRole('menuitem', { name: 'Move to…' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('menuitem', { name: 'canary' }).waitFor();
    await page.keyboard.press('Enter');
    await until('api-2 in canary', async () => (await members(page, 'canary')).includes('canary/api-2'));
    expect(page.faults()).toEqual([]);
  });

  test('by its menu, and undo brings it back', async () => {
    await page.getByRole('button', { name: 'More for api-3' }).click();
    await page.getByRole('menuitem', { name: 'Move to…' }).hover();
    await page.getByRole('menuitem', { name: 'canary', exact: true }).click();
    await until('api-3 in canary', async () => (await members(page, 'canary')).includes('canary/api-3'));
    await page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' }).click();
    await until('api-3 back', async () => (await members(page, 'api')).length === 3);
    expect(await members(page, 'api')).toEqual(['api/api-1', 'api/api-2', 'api/api-3']);
  });

  test('to a pool of its own, dropped on the zone for new pools', async () => {
    await dragByMouse(
      page.getByRole('button', { name: 'Move api-3' }),
      page.getByRole('button', { name: 'New pool: drop' }),
    );
    const dialog = page.getByRole('dialog', { name: 'New pool' });
    await dialog.getByLabel('Name').fill('beta');
    await page.keyboard.press('Enter');
    await until('api-3 in beta', async () => (await members(page, 'beta')).includes('beta/api-3'));
    expect(await ballast.readText()).toMatch(/name: beta/);
  });
});

describe('a pool is balanced as its controls say', () => {
  test('a weight set on the card counts from the next request on, and is written to the file', async () => {
    await page.getByRole('button', { name: /Strategy of pool api/ }).click();
    await page.getByRole('menuitem', { name: 'Weighted round robin' }).click();
    await page.getByRole('button', { name: 'Strategy of pool api: Weighted round robin' }).waitFor();
    const weight = cardOf(page, 'api-1').getByRole('textbox', { name: 'Weight of api-1' });
    await weight.fill('5');
    await weight.press('Enter');
    await until('weight in the file', async () => /name: api-1.*weight: 5/.test(await ballast.readText()));
    await until('5/1/1', async () => {
      const names = await whoAnswers(ballast.listeners.web!, 70);
      return names.filter((name) => name === 'api-1').length === 50;
    });
  });

  test('the stepper goes one by one, and several presses are one edit', async () => {
    const more = cardOf(page, 'api-2').getByRole('button', { name: /Increase/ });
    // One command to the browser: two would be two edits where the machine is busy between them.
    await more.dblclick();
    await until('weight in the file', async () => /name: api-2.*weight: 3/.test(await ballast.readText()));
    await page.locator('body').click({ position: { x: 5, y: 940 } });
    await page.keyboard.press('Control+z');
    await until('undone', async () => !(await ballast.readText()).includes('weight'));
    await expectWeight('api-2', '1');
  });

  test('the strategy menu explains each and warns of ip-hash on one machine', async () => {
    await page.getByRole('button', { name: /Strategy of pool api/ }).click();
    const menu = page.getByRole('menu', { name: 'Strategy of pool api' });
    expect(await menu.getByRole('menuitem').count()).toBe(9);
    expect(await menu.textContent()).toContain('On one machine every client is 127.0.0.1');
    await page.getByRole('menuitem', { name: 'IP hash' }).click();
    await page.getByRole('button', { name: 'Strategy of pool api: IP hash' }).waitFor();
    await until(
      'one server gets everything',
      async () => new Set(await whoAnswers(ballast.listeners.web!, 12)).size === 1,
    );
  });
});

describe('a server is killed', () => {
  test('no request is lost, the story is told, and it can be started again', async () => {
    await answersComeFrom(ballast.listeners.web!, ['api-1', 'api-2', 'api-3']);
    await page.getByRole('button', { name: 'Kill api-2' }).click();
    const answers = await whoAnswers(ballast.listeners.web!, 60);
    expect(answers.every((name) => name.startsWith('api-'))).toBe(true);
    await cardOf(page, 'api-2').getByText('Exited').waitFor();
    const story = page.getByRole('complementary', { name: 'Exit of api-2' });
    await story.waitFor();
    await until('the story says what clients saw', async () =>
      (await story.textContent())?.includes('no client saw it'),
    );
    await until('2 of 3', () => poolOf(page, 'api').getByText('2 of 3 available').isVisible());
    await page.getByRole('button', { name: 'Start api-2' }).click();
    await cardOf(page, 'api-2').getByText('Healthy', { exact: true }).waitFor();
    await answersComeFrom(ballast.listeners.web!, ['api-1', 'api-2', 'api-3']);
    expect(page.faults()).toEqual([]);
  });

  test('when none is left, the pool says what clients get, and recovers by itself', async () => {
    for (const name of ['canary-1', 'canary-2'])
      await page.getByRole('button', { name: `Kill ${name}` }).click();
    await poolOf(page, 'canary').getByText('No server takes requests: clients get 503.').waitFor();
    expect(await whoAnswers(ballast.listeners.admin!, 1)).toEqual(['503']);
    await page.getByRole('button', { name: 'Start canary-1' }).click();
    await answersComeFrom(ballast.listeners.admin!, ['canary-1']);
    await poolOf(page, 'canary').getByText('1 of 2 available').waitFor();
  });

  test('drained and set ready with the keys of its card', async () => {
    await cardOf(page, 'api-3').focus();
    await page.keyboard.press('d');
    await cardOf(page, 'api-3').getByText('Draining').waitFor();
    await answersComeFrom(ballast.listeners.web!, ['api-1', 'api-2']);
    await cardOf(page, 'api-3').focus();
    await page.keyboard.press('r');
    await cardOf(page, 'api-3').getByText('Healthy', { exact: true }).waitFor();
    await answersComeFrom(ballast.listeners.web!, ['api-1', 'api-2', 'api-3']);
  });
});

describe('servers come and go', () => {
  test('an address is checked while it is typed, refused when it is taken, and a good one is added', async () => {
    await page.keyboard.press('a');
    const dialog = page.getByRole('dialog', { name: 'Add a server to api' });
    const address = dialog.getByLabel('Address');
    await address.fill('no address!');
    await dialog.getByText('"no address!" is no address; write host:port').waitFor();
    const taken = (await cardOf(page, 'api-1').locator('code').textContent())!;
    await address.fill(taken);
    await dialog.getByText('api-1 has this address').waitFor();
    await address.fill('127.0.0.1:9');
    await dialog.getByLabel('Name').fill('api-2');
    await page.keyboard.press('Enter');
    await dialog.getByText('api has a server called api-2').waitFor();
    await dialog.getByLabel('Name').fill('spare');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await cardOf(page, 'spare').waitFor();
    expect(await ballast.readText()).toMatch(/name: spare/);
    await cardOf(page, 'spare').getByText('Unhealthy').waitFor();
  });

  test('one removed is gone from the file, and undo brings it back', async () => {
    await cardOf(page, 'api-2').focus();
    await page.keyboard.press('Delete');
    await until('api-2 gone', async () => (await members(page, 'api')).length === 2);
    expect(await ballast.readText()).not.toContain('api-2');
    await page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' }).click();
    await cardOf(page, 'api-2').waitFor();
    expect(await members(page, 'api')).toEqual(['api/api-1', 'api/api-2', 'api/api-3']);
    await answersComeFrom(ballast.listeners.web!, ['api-1', 'api-2', 'api-3']);
  });

  test('a refusal says what to do: the last server of a pool that is led to stays', async () => {
    await cardOf(page, 'canary-1').focus();
    await page.keyboard.press('Delete');
    await until('canary-1 gone', async () => (await members(page, 'canary')).length === 1);
    await cardOf(page, 'canary-2').focus();
    await page.keyboard.press('Delete');
    const message = page.getByRole('region', { name: 'Messages' });
    await message.getByText('canary-2 not removed').waitFor();
    expect(await message.textContent()).toMatch(/listener/);
    expect(await members(page, 'canary')).toEqual(['canary/canary-2']);
  });
});

test('the command palette finds and does what is typed', async () => {
  await page.keyboard.press('Control+k');
  await page.getByRole('searchbox', { name: 'Search commands' }).fill('drain api-1');
  await page.keyboard.press('Enter');
  await cardOf(page, 'api-1').getByText('Draining').waitFor();
});

for (const theme of ['dark', 'light'] as const) {
  test(`axe finds nothing to say, ${theme}`, async () => {
    const own = await topologyOfTest(ballast, { theme });
    await own.getByRole('button', { name: 'Kill api-2' }).click();
    await cardOf(own, 'api-2').getByText('Exited').waitFor();
    expect(await axeViolations(own)).toEqual([]);
    await own.getByRole('button', { name: 'More for api-1' }).click();
    await own.getByRole('menu').waitFor();
    expect(await axeViolations(own)).toEqual([]);
    await own.keyboard.press('Escape');
    await own.keyboard.press('a');
    await own.getByRole('dialog').waitFor();
    expect(await axeViolations(own)).toEqual([]);
  });
}

async function expectWeight(server: string, weight: string): Promise<void> {
  await until(`weight ${weight} on ${server}`, async () => {
    return (
      (await cardOf(page, server)
        .getByRole('textbox', { name: `Weight of ${server}` })
        .inputValue()) === weight
    );
  });
}
