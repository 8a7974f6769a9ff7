import { writeFile } from 'node:fs/promises';
import type { Locator } from 'playwright-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import { type RunningBallast, whoAnswers } from '../support/interface-kit.ts';
import { type InterfacePage, inspectorOf, interfaceOfTest } from '../support/interface-of-test.ts';
import { killReplica } from '../support/kill-replica.ts';
import { until } from '../support/until.ts';

let ballast: RunningBallast;
let page: InterfacePage;
beforeEach(async () => {
  ({ ballast, page } = await interfaceOfTest());
  await plot().waitFor();
});

const plot = (): Locator => page.getByRole('application', { name: /^Events on the timeline/ });
const told = (): Locator => plot().locator('[aria-live=polite]');
const inspector = (): Locator => inspectorOf(page);
const events = (): Locator => page.getByRole('grid', { name: 'Events, newest first' });

/** The colour of what is painted on a server's lane, a share of the width from the left. */
async function paintedAt(server: string, share: number): Promise<readonly number[]> {
  return page.evaluate(
    ([name, at]) => {
      const labels = [...document.querySelectorAll('.timeline-labels button.lane-label')];
      const index = labels.findIndex((label) => label.textContent === name);
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.timeline-lanes')!;
      const ratio = canvas.width / canvas.clientWidth;
      const x = Math.round(canvas.width * Number(at));
      const y = Math.round((index * 24 + 12) * ratio);
      return [...canvas.getContext('2d')!.getImageData(x, y, 1, 1).data];
    },
    [server, share] as const,
  );
}
const isGreen = ([red = 0, green = 0]: readonly number[]) => green > red + 30;
const isRed = ([red = 0, green = 0]: readonly number[]) => red > green + 30;

describe('the timeline', () => {
  test('paints a killed server from serving to out and back', async () => {
    await until('api-2 serving', async () => isGreen(await paintedAt('api-2', 0.995)));
    await whoAnswers(ballast.listeners.web!, 3);
    await killReplica(ballast, 'api-2');
    await until('api-2 out', async () => isRed(await paintedAt('api-2', 0.999)));
    expect(isGreen(await paintedAt('api-1', 0.995))).toBe(true);
    await page.getByRole('button', { name: 'Start api-2' }).click();
    await until('api-2 serving again', async () => isGreen(await paintedAt('api-2', 0.999)), 20_000);
    expect(page.faults()).toEqual([]);
  });

  test('claims nothing of the time after the connection was lost', async () => {
    await until('api-1 serving', async () => isGreen(await paintedAt('api-1', 0.995)));
    await page.keyboard.press('Escape');
    ballast.child.kill('SIGTERM');
    await page.getByText('Not connected.').waitFor();
    await until('the band ends where knowledge does', async () => !isGreen(await paintedAt('api-1', 0.999)));
  });

  test('tells its marks to the keyboard: arrows walk them, Enter opens one', async () => {
    await whoAnswers(ballast.listeners.web!, 3);
    await killReplica(ballast, 'api-2');
    await whoAnswers(ballast.listeners.web!, 6);
    await plot().focus();
    await until('a mark is told', async () => {
      await page.keyboard.press('ArrowLeft');
      return (await told().textContent()) !== '';
    });
    // Every mark can be walked to: lane after lane from the top, from the oldest to the newest.
    for (let lane = 0; lane < 6; lane++) await page.keyboard.press('ArrowUp');
    await until('the exit was walked to', async () => {
      await page.keyboard.press('Home');
      for (let mark = 0; mark < 12; mark++) {
        if ((await told().textContent())?.includes('process exit')) return true;
        await page.keyboard.press('ArrowRight');
      }
      await page.keyboard.press('ArrowDown');
      return false;
    });
    await page.keyboard.press('Enter');
    await inspector().waitFor();
    await page.keyboard.press('Escape');
    expect(await told().textContent()).toBe('');
  });

  test('is a list as well, by server and by kind, that leads to the request', async () => {
    await whoAnswers(ballast.listeners.web!, 3);
    await killReplica(ballast, 'api-2');
    await whoAnswers(`${ballast.listeners.web}/after`, 3);
    await page.getByRole('button', { name: 'Events' }).click();
    await events()
      .getByText(/^Replica .* by SIGKILL/)
      .waitFor();
    await page.getByRole('button', { name: 'Kind all' }).click();
    await page.getByRole('menuitem', { name: 'Failures and retries' }).click();
    await events().getByText('api-2 failed GET', { exact: false }).first().waitFor();
    expect(
      await events()
        .getByText(/SIGKILL/)
        .count(),
    ).toBe(0);
    await page.getByRole('button', { name: 'Server all' }).click();
    await page.getByRole('menuitem', { name: 'api-3' }).click();
    await until('api-2 is left out', async () => (await events().getByText('api-2 failed').count()) === 0);
    await page.getByRole('button', { name: 'Server api-3' }).click();
    await page.getByRole('menuitem', { name: 'all' }).click();
    await events().getByText('api-2 failed GET', { exact: false }).first().click();
    await inspector().getByText('Attempts').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await axeViolations(page)).toEqual([]);
  });

  test('names the pool in its words where servers of several pools have the name, as in the choice of one', async () => {
    const text = await ballast.readText();
    await writeFile(ballast.file, text.replace('{ name: canary-1,', '{ name: api-1,'));
    await page.getByRole('button', { name: 'Events' }).click();
    await killReplica(ballast, 'api-2');
    await page.getByRole('button', { name: 'Server all' }).click();
    const choices = page.getByRole('menuitem');
    await choices.getByText('canary/api-1', { exact: true }).waitFor();
    expect(await choices.allTextContents()).toEqual(
      expect.arrayContaining(['api/api-1', 'api-2', 'canary/api-1', 'canary-2']),
    );
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Drain api-1' }).first().click();
    await events()
      .getByText(/^api-1 is draining: .* \(pool api\)$/)
      .waitFor();
    await events()
      .getByText(/^api-2 is unhealthy: (?!.*\(pool)/)
      .first()
      .waitFor();
  });

  test('zooms by key and button, holds still and goes on', async () => {
    await plot().focus();
    await page.keyboard.press('-');
    await page.getByRole('button', { name: 'Width: last 2 min' }).waitFor();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await page.getByRole('button', { name: 'Width: last 30 s' }).waitFor();
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await page.getByRole('button', { name: 'Width: last 60 s' }).waitFor();

    await plot().focus();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    const picture = () =>
      page.evaluate(() => document.querySelector<HTMLCanvasElement>('canvas.timeline-ruler')!.toDataURL());
    const held = await picture();
    await whoAnswers(ballast.listeners.web!, 30);
    expect(await picture()).toBe(held);
    await page.getByRole('button', { name: 'Resume' }).click();
    await until('the ruler moves on', async () => (await picture()) !== held);
  });
});
