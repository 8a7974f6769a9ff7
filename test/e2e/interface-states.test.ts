import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  ballastOfTests,
  cardOf,
  inspectorOf,
  interfaceOfTest,
  pageOfTest,
  poolOf,
  topologyOfTest,
} from '../support/interface-of-test.ts';
import { until } from '../support/until.ts';

describe('one that only looks', () => {
  const ballast = ballastOfTests();

  test('the token leaves the address, and a reload still works', async () => {
    const page = await topologyOfTest(ballast());
    expect(page.url()).not.toContain('token');
    await page.reload();
    await cardOf(page, 'api-1').waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('without a token, or with that of another run, it says what to open instead', async () => {
    const address = ballast().control.replace(/#.*/, '');
    const without = await pageOfTest({ control: address });
    await without.getByRole('heading', { name: 'This address lacks its token' }).waitFor();
    const other = await pageOfTest({ control: `${address}#token=${'x'.repeat(43)}` });
    await other.getByRole('heading', { name: 'This address belongs to an earlier run' }).waitFor();
    expect(await other.getByRole('row').count()).toBe(0);
  });

  test('a theme that was chosen is remembered, whatever the system prefers', async () => {
    const page = await topologyOfTest(ballast(), { theme: 'dark' });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.keyboard.press('Shift+T');
    await until('another background', async () => (await background()) !== dark);
    const light = await background();
    await page.reload();
    await cardOf(page, 'api-1').waitFor();
    expect(await background()).toBe(light);
  });

  test('screens have addresses: back returns to the one before', async () => {
    const page = await topologyOfTest(ballast());
    await page.keyboard.press('2');
    await page.getByRole('region', { name: 'Requests' }).waitFor();
    expect(page.url()).toContain('#/requests');
    await page.goBack();
    await cardOf(page, 'api-1').waitFor();
  });

  test('a small window still shows state, weight and acts of every server', async () => {
    const page = await topologyOfTest(ballast(), { width: 1024, height: 700 });
    for (const name of ['Kill api-1', 'Drain api-1', 'More for api-1']) {
      expect(await page.getByRole('button', { name }).isVisible()).toBe(true);
    }
    expect(await page.getByRole('textbox', { name: 'Weight of api-1' }).isVisible()).toBe(true);
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(sideways).toBe(0);
  });

  test('what is selected waits while a screen is shown that it does not concern', async () => {
    const page = await pageOfTest(ballast());
    await page.getByRole('row', { name: 'api-1' }).click();
    const inspector = inspectorOf(page);
    await inspector.waitFor();
    await page.keyboard.press('4');
    await page.getByRole('region', { name: 'Export' }).waitFor();
    await inspector.waitFor({ state: 'detached' });
    await page.keyboard.press('1');
    await inspector.getByText('api-1', { exact: true }).first().waitFor();
  });
});

test('a read-only window shows everything and changes nothing, and says why', async () => {
  const { page } = await interfaceOfTest({ args: ['--read-only'] });
  await page.getByText('Read-only.', { exact: true }).waitFor();
  const kill = page.getByRole('button', { name: 'Kill api-1' });
  expect(await kill.getAttribute('aria-disabled')).toBe('true');
  await page.mouse.move(600, 500); // a hand that comes from somewhere
  await kill.hover();
  await page
    .getByRole('tooltip')
    .getByText(/--read-only/)
    .waitFor();
  await kill.click({ force: true }); // Playwright, too, takes it for disabled
  await page.getByRole('row', { name: 'api-1' }).focus();
  await page.keyboard.press('Delete');
  await page
    .getByRole('region', { name: 'Messages' })
    .getByText(/--read-only/)
    .waitFor();
  expect(
    await page.getByRole('textbox', { name: /Weight of api-1/ }).getAttribute('readonly'),
  ).not.toBeNull();
  await page.getByRole('row', { name: 'api-1' }).getByText('Healthy', { exact: true }).waitFor();
});

test('a file that an editor broke is told with line and column until it is mended', async () => {
  const { ballast, page } = await interfaceOfTest();
  const good = await readFile(ballast.file, 'utf8');
  await writeFile(ballast.file, good.replace('name: api-1,', 'name: api-1, wieght: 3,'));
  const line = good.split('\n').findIndex((text) => text.includes('name: api-1,')) + 1;
  await page.getByText('The file on disk is not what runs.').waitFor();
  await page.getByText(new RegExp(`ballast\\.yaml:${line}:\\d+`)).waitFor();
  await page
    .getByText(/wieght/)
    .first()
    .waitFor();
  await cardOf(page, 'api-1').waitFor();
  await writeFile(ballast.file, good);
  await page.getByText('The file on disk is not what runs.').waitFor({ state: 'detached' });
});

test('when Ballast ends, the window keeps what it knew, dimmed, and tries again', async () => {
  const { ballast, page } = await interfaceOfTest();
  await ballast.stop();
  await page.getByText('Not connected.', { exact: true }).waitFor();
  await page.getByText(/Reconnecting/).waitFor();
  await page.getByRole('button', { name: 'Reconnect now' }).waitFor();
  await cardOf(page, 'api-1').waitFor();
  expect(await page.getByRole('button', { name: 'Kill api-1' }).getAttribute('aria-disabled')).toBe('true');
});

test('an edit is taken back and made again by buttons that say when there is nothing to do', async () => {
  const { ballast, page } = await interfaceOfTest();
  const undo = page.getByRole('button', { name: 'Undo the last edit' });
  const redo = page.getByRole('button', { name: 'Do the undone edit again' });
  expect(await undo.getAttribute('aria-disabled')).toBe('true');
  const weight = page.getByRole('textbox', { name: 'Weight of api-1' });
  await weight.fill('4');
  await page.keyboard.press('Enter');
  await until('in the file', async () => (await ballast.readText()).includes('weight: 4'));
  await until('can be undone', async () => (await undo.getAttribute('aria-disabled')) === null);
  await undo.click();
  await until('out of the file', async () => !(await ballast.readText()).includes('weight: 4'));
  await until('can be done again', async () => (await redo.getAttribute('aria-disabled')) === null);
  await redo.click();
  await until('in the file again', async () => (await ballast.readText()).includes('weight: 4'));
  await until('on the card again', async () => (await weight.inputValue()) === '4');
  expect(page.faults()).toEqual([]);
});

test('at any width a pool tells its whole name, and nothing of a server leaves its card', async () => {
  const { page } = await interfaceOfTest({
    api: '    strategy: weighted-round-robin\n    affinity: { type: cookie }\n    batching: on\n',
  });
  for (const width of [800, 960, 1100, 1280, 1440, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    const wrong = await page.evaluate(() => {
      const found: string[] = [];
      for (const box of document.querySelectorAll('.pool, .server')) {
        const right = box.getBoundingClientRect().right + 0.5;
        for (const part of box.querySelectorAll('h2, button, b, .state, .chip'))
          if (part.getBoundingClientRect().right > right)
            found.push(`${part.textContent || part.getAttribute('aria-label')} leaves ${box.className}`);
      }
      for (const name of document.querySelectorAll('.pool h2'))
        if (name.scrollWidth > name.clientWidth) found.push(`${name.textContent} is cut off`);
      for (const label of document.querySelectorAll('.server-weight small'))
        if (label.clientWidth > 1 && label.scrollWidth > label.clientWidth)
          found.push(`${label.textContent} is cut off`);
      return found;
    });
    expect({ width, wrong }).toEqual({ width, wrong: [] });
  }
});

test('a pool names its settings without effect, and a server shows its probes', async () => {
  const { page } = await interfaceOfTest({ api: '    queue: { length: 50 }\n' });
  const pool = poolOf(page, 'api');
  await pool.getByRole('button', { name: '1 setting has no effect' }).click();
  await pool.getByText(/^ballast\.yaml:\d+$/).waitFor();
  await pool.getByText(/^queue has no effect: neither the pool nor a server has maxRequests/).waitFor();
  expect(await poolOf(page, 'canary').getByText('has no effect').count()).toBe(0);

  await page.getByText('api-1', { exact: true }).first().click();
  const strip = page.getByRole('listbox', { name: 'Last probes of api-1, oldest first' });
  await strip.getByRole('option').nth(2).click();
  await page.keyboard.press('ArrowLeft');
  expect(await strip.getByRole('option').nth(1).getAttribute('aria-selected')).toBe('true');
  await page.locator('.probe-text', { hasText: /(good|failed) after .* ms: / }).waitFor();
  expect(page.faults()).toEqual([]);
});
