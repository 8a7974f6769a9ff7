import { readFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import type { RunningBallast } from '../support/interface-kit.ts';
import { type InterfacePage, interfaceOfTest, showScreen } from '../support/interface-of-test.ts';
import { until } from '../support/until.ts';

let ballast: RunningBallast;
let page: InterfacePage;
beforeEach(async () => {
  ({ ballast, page } = await interfaceOfTest({ api: '    affinity: { type: cookie, ttl: 30m }\n' }));
  await showScreen(page, 'Export');
  await page.getByRole('region', { name: 'nginx configuration' }).waitFor();
});

const shown = async (): Promise<string> =>
  (await page.getByRole('region', { name: 'nginx configuration' }).textContent()) ?? '';

describe('the export screen', () => {
  test('shows the configuration that runs, and follows it', async () => {
    expect(await shown()).toMatch(/upstream \S*api\S* \{/);
    const file = await readFile(ballast.file, 'utf8');
    const address = /api-1, address: (127\.0\.0\.1:\d+)/.exec(file)![1]!;
    expect(await shown()).toContain(`server ${address}`);
    await showScreen(page, 'Topology');
    await page
      .getByRole('row', { name: 'api-1' })
      .getByRole('textbox', { name: 'Weight of api-1' })
      .fill('7');
    await page.keyboard.press('Enter');
    await showScreen(page, 'Export');
    await until('the edited file', async () => (await ballast.readText()).includes('weight: 7'));
  });

  test('says what nginx cannot express, more of it for an older version', async () => {
    const notes = page.getByRole('complementary', { name: 'What does not carry over' });
    await notes.getByRole('heading', { name: /^Lost/ }).waitFor();
    const hasStickyCookie = async () => /^\s+sticky cookie /m.test(await shown());
    expect(await hasStickyCookie()).toBe(false);
    await page.getByRole('button', { name: 'Version 1.22' }).click();
    await page.getByRole('menuitem', { name: '1.29.7' }).click();
    await until('sticky cookies', hasStickyCookie);
    expect(await axeViolations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await axeViolations(page)).toEqual([]);
  });

  test('saves exactly what it shows, and copies it', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('nginx.conf');
    const saved = await readFile(await download.path(), 'utf8');
    expect(saved.trimEnd()).toBe((await shown()).trimEnd());

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(saved);
    expect(page.faults()).toEqual([]);
  });
});
