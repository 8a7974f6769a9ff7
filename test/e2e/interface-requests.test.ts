import type { Locator } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { type RunningBallast, whoAnswers } from '../support/interface-kit.ts';
import {
  type InterfacePage,
  inspectorOf,
  interfaceOfTest,
  showScreen,
} from '../support/interface-of-test.ts';
import { killReplica } from '../support/kill-replica.ts';
import { until } from '../support/until.ts';

let ballast: RunningBallast;
let page: InterfacePage;
beforeEach(async () => {
  ({ ballast, page } = await interfaceOfTest());
  await showScreen(page, 'Requests');
  await page.getByRole('heading', { name: 'No request in the journal yet' }).waitFor();
});

const rows = (): Locator => page.locator('.requests [role=row][aria-selected]');
const inspector = (): Locator => inspectorOf(page);
/** The list follows the newest only while nobody points at it. */
const pointAway = () => page.mouse.move(700, 20);

describe('the request list', () => {
  test('shows requests as they come, newest first, and why the server was chosen', async () => {
    await whoAnswers(`${ballast.listeners.web}/first`, 1);
    await rows().filter({ hasText: '/first' }).waitFor();
    await whoAnswers(`${ballast.listeners.web}/second`, 1);
    await until('the newest on top', async () => (await rows().first().textContent())?.includes('/second'));

    await rows().filter({ hasText: '/first' }).click();
    await inspector()
      .getByRole('heading', { name: /^Why api-1/ })
      .waitFor();
    const table = inspector().getByRole('table');
    expect(await table.getByRole('row').count()).toBe(4);
    await inspector().getByText('Round robin chose api-1', { exact: false }).waitFor();
    await inspector()
      .getByText(/200 in [\d.]+ ms/)
      .waitFor();

    // By the keyboard: the arrow keys walk the list and the inspector follows.
    await page.keyboard.press('ArrowUp');
    await inspector()
      .getByRole('heading', { name: /^Why api-2/ })
      .waitFor();
    await page.keyboard.press('Escape');
    await inspector().waitFor({ state: 'detached' });
    expect(page.faults()).toEqual([]);
  });

  test('holds still while somebody points at it, says how many came since, and goes on', async () => {
    await whoAnswers(`${ballast.listeners.web}/before`, 3);
    await until('three rows', async () => (await rows().count()) === 3);
    await rows().first().hover();
    await page.getByRole('button', { name: 'Paused' }).waitFor();
    await whoAnswers(`${ballast.listeners.web}/since`, 5);
    await page.getByRole('button', { name: '5 newer' }).waitFor();
    expect(await rows().filter({ hasText: '/since' }).count()).toBe(0);
    await page.getByRole('button', { name: '5 newer' }).click();
    await pointAway();
    await until('all eight rows', async () => (await rows().count()) === 8);
  });

  test('narrows by text, server and kind, the journal answering for what the live list let pass', async () => {
    await whoAnswers(`${ballast.listeners.web}/cart`, 6);
    await whoAnswers(`${ballast.listeners.admin}/orders`, 2);
    await until('eight rows', async () => (await rows().count()) === 8);

    await page.getByRole('searchbox', { name: 'Search requests' }).fill('orders 200');
    await until('two rows', async () => (await rows().count()) === 2);
    await page.getByRole('searchbox', { name: 'Search requests' }).fill('');

    await page.getByRole('button', { name: 'Pool all' }).click();
    await page.getByRole('menuitem', { name: 'api', exact: true }).click();
    await until('six rows', async () => (await rows().count()) === 6);
    await page.getByRole('button', { name: 'Server all' }).click();
    await page.getByRole('menuitem', { name: 'api-2' }).click();
    await until('two rows of api-2', async () => (await rows().count()) === 2);
    expect(await rows().allTextContents()).toEqual([
      expect.stringContaining('api-2'),
      expect.stringContaining('api-2'),
    ]);

    await page.getByText('Failed', { exact: true }).click();
    await page
      .getByText('No request in the journal that passes the other filters failed for its client.')
      .waitFor();
    await page.getByRole('button', { name: 'Show all requests' }).click();
    await until('all rows again', async () => (await rows().count()) === 8);
  });

  test('tells a request that was saved by a retry, attempt by attempt', async () => {
    await whoAnswers(ballast.listeners.web!, 3);
    await killReplica(ballast, 'api-2');
    await whoAnswers(`${ballast.listeners.web}/after`, 3);
    await page.getByText('Retried', { exact: true }).click();
    const saved = rows().filter({ hasText: '/after' });
    await saved.first().click();
    await inspector().getByText('Attempts').waitFor();
    const attempts = inspector().getByRole('list').first().getByRole('button');
    expect(await attempts.first().textContent()).toMatch(/api-2.*after [\d.]+ ms/);
    expect(await attempts.last().textContent()).toMatch(/200 in [\d.]+ ms/);
    await inspector()
      .getByText(/^tried/)
      .waitFor();
    // The decision behind the first attempt is one press away.
    await attempts.first().click();
    await inspector()
      .getByRole('heading', { name: /^Why api-2/ })
      .waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('says why nothing more was tried', async () => {
    for (const name of ['api-1', 'api-2', 'api-3']) await killReplica(ballast, name);
    await whoAnswers(`${ballast.listeners.web}/nobody`, 1);
    await rows().filter({ hasText: '/nobody' }).click();
    await inspector().getByText('Nothing more was tried: there was no other server to try.').waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('has nothing that axe would complain about, dark and light', async () => {
    await whoAnswers(ballast.listeners.web!, 4);
    await until('rows', async () => (await rows().count()) === 4);
    await rows().first().click();
    await inspector().getByRole('heading', { name: /^Why/ }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await axeViolations(page)).toEqual([]);
  });
});
