import { expect, test } from 'vitest';
import { afterThisTest } from '../support/after-this-test.ts';
import {
  ballastOfTest,
  cardOf,
  inspectorOf,
  interfaceOfTest,
  poolOf,
  topologyOfTest,
} from '../support/interface-of-test.ts';
import { killReplica } from '../support/kill-replica.ts';
import { rawClient } from '../support/raw-sockets.ts';
import { until } from '../support/until.ts';

/** What stands at a pool beside its servers: its circuit, limits that were reached, settings that do nothing. */

test('a pool says that its circuit is open, why, and until when; and that it is closed again', async () => {
  const { ballast, page } = await interfaceOfTest({
    api: '    outlierDetection: { consecutiveFailures: 0, statuses: [5xx] }\n    circuitBreaker: { failurePercent: 50, minimumRequests: 10, open: 3s, trials: 2 }\n',
  });
  const pool = poolOf(page, 'api');
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
});

test('a limit that was reached stands at the listener and the pool it holds for, with its key', async () => {
  const { ballast, page } = await interfaceOfTest({
    api: '    timeouts: { response: 150ms }\n',
    web: 'limits: { maxConnections: 3 }',
  });
  expect(await page.getByRole('list', { name: /Limits reached/ }).count()).toBe(0);
  await fetch(`${ballast.listeners.web}/slow?ms=5000`, { headers: { connection: 'close' } });

  const port = Number(new URL(ballast.listeners.web!).port);
  for (let i = 0; i < 3; i++) {
    const each = await rawClient(port);
    each.send('GET / HTTP/1.1\r\nHo');
    afterThisTest(() => each.close());
  }
  for (let i = 0; i < 2; i++) {
    const each = await rawClient(port);
    afterThisTest(() => each.close());
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
});

test('settings without effect stand at their pool, those of no pool with the listeners', async () => {
  const ballast = await ballastOfTest({
    api: '    slowStart: 10s\n    queue: { length: 50 }\n',
    web: 'limits: { headBytes: 8192, targetBytes: 65536 }',
  });
  for (const theme of ['dark', 'light'] as const) {
    const page = await topologyOfTest(ballast, { theme });
    for (const [place, head, text] of [
      [
        page.getByRole('region', { name: 'Listeners' }),
        '1 setting has no effect',
        'targetBytes of listener web has no effect',
      ],
      [poolOf(page, 'api'), '2 settings have no effect', 'slowStart has no effect'],
    ] as const) {
      const told = place.getByRole('button', { name: head });
      expect(await place.getByText(text).isVisible()).toBe(false);
      await told.focus();
      await page.keyboard.press('Enter');
      await place.getByText(text).waitFor();
      const places = place.getByText(/^[\w.-]+\.yaml:\d+$/);
      expect(await places.first().isVisible()).toBe(true);
      // Their texts begin below each other, however long the numbers of their lines are.
      const starts = await places.evaluateAll((codes) =>
        codes.map((code) => code.nextElementSibling!.getBoundingClientRect().left),
      );
      expect(new Set(starts).size).toBe(1);
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
  }
});

test('a pool in panic says so, and of whom it asks all the same', async () => {
  const { ballast, page } = await interfaceOfTest({ api: '    panicThreshold: 60\n' });
  const pool = poolOf(page, 'api');
  expect(await pool.getByText('panic', { exact: true }).count()).toBe(0);
  for (const name of ['api-1', 'api-2']) await killReplica(ballast, name);
  await pool.getByText('panic', { exact: true }).waitFor();
  await pool.getByText('1 of 3 available').waitFor();
  await cardOf(page, 'api-1').getByText('Exited').waitFor();
  for (const name of ['api-1', 'api-2']) await page.getByRole('button', { name: `Start ${name}` }).click();
  await pool.getByText('panic', { exact: true }).waitFor({ state: 'detached' });
  expect(page.faults()).toEqual([]);
});

test('a server that came back tells on its card what its weight is worth in slow start', async () => {
  const { ballast, page } = await interfaceOfTest({
    api: '    strategy: weighted-round-robin\n    slowStart: 30s\n',
    servers: { 'api-1': 'weight: 10' },
  });
  const card = cardOf(page, 'api-1');
  expect(await card.getByText(/of 10$/).count()).toBe(0);
  await killReplica(ballast, 'api-1');
  await card.getByText('Exited').waitFor();
  // Only who was seen to be away comes back.
  await poolOf(page, 'api').getByText('2 of 3 available').waitFor();
  await page.getByRole('button', { name: 'Start api-1' }).click();
  await card.getByText('Healthy', { exact: true }).waitFor();
  const worth = card.getByText(/^\d(\.\d+)? of 10$/);
  await worth.waitFor();
  const first = Number.parseFloat((await worth.textContent())!);
  await until('it rises', async () => Number.parseFloat((await worth.textContent())!) > first);
  await card.click();
  await inspectorOf(page)
    .getByText(/^10, \d(\.\d+)? now: slow start$/)
    .waitFor();
  expect(page.faults()).toEqual([]);
});

test('a pool whose backup serves says so, until a primary is back', async () => {
  const { ballast, page } = await interfaceOfTest({ servers: { 'api-3': 'backup: true' } });
  const pool = poolOf(page, 'api');
  await cardOf(page, 'api-3').getByText('Standby').waitFor();
  expect(await pool.getByText('on backup').count()).toBe(0);
  for (const name of ['api-1', 'api-2']) await killReplica(ballast, name);
  await pool.getByText('on backup').waitFor();
  await page.getByRole('button', { name: 'Start api-1' }).click();
  await pool.getByText('on backup').waitFor({ state: 'detached' });
  await cardOf(page, 'api-3').getByText('Standby').waitFor();
  expect(page.faults()).toEqual([]);
});

test('a pool that hedges counts what it began beside slow attempts, and what the servers do for each request', async () => {
  const { ballast, page } = await interfaceOfTest({ api: '    retry: { hedge: { after: 50ms } }\n' });
  const pool = poolOf(page, 'api');
  await pool.getByText('0 hedges, 0 won').waitFor();
  expect(await poolOf(page, 'canary').getByText(/hedge/).count()).toBe(0);
  for (let sent = 0; sent < 3; sent++) await fetch(`${ballast.listeners.web}/slow?ms=300`);
  await pool.getByText(/^[1-9] hedges?, \d won$/).waitFor();
  await pool.getByText(/^\d\.\d\d attempts per request$/).waitFor();
  expect(page.faults()).toEqual([]);
});

test('an ejected server tells why, and how long that still lasts; one that drains as well', async () => {
  const { ballast, page } = await interfaceOfTest({
    api: '    outlierDetection: { consecutiveFailures: 2, statuses: [5xx], baseEjection: 60s }\n',
  });
  for (let sent = 0; sent < 6; sent++) await fetch(`${ballast.listeners.web}/status?code=500`);
  const ejected = poolOf(page, 'api')
    .getByRole('row')
    .filter({ has: page.getByText('Ejected') })
    .first();
  await ejected.waitFor();
  await ejected.click();
  const inspector = inspectorOf(page);
  const told = inspector.getByText(/^until \d\d:\d\d:\d\d, \d+ s left: 2 attempts in a row failed$/);
  await told.waitFor();
  const leftS = async () => Number(/(\d+) s left/.exec((await told.textContent())!)![1]);
  const first = await leftS();
  await until('it counts down', async () => (await leftS()) < first);

  await cardOf(page, 'canary-1').focus();
  await page.keyboard.press('e');
  await cardOf(page, 'canary-1').click();
  await inspector.getByText(/^draining: no new clients, empty by \d\d:\d\d:\d\d, \d+ s left$/).waitFor();
  await inspector.getByText(/^No new clients; in \d+ s its sessions move/).waitFor();
  expect(page.faults()).toEqual([]);
});

test('options that only one strategy has are asked for, checked while they are typed, and written', async () => {
  const { ballast, page } = await interfaceOfTest({ api: '    strategy: least-time\n' });
  const optionsOf = async (strategy: string) => {
    await page.getByRole('button', { name: /^Strategy of pool api/ }).click();
    await page.getByRole('menuitem', { name: strategy }).click();
    return page.getByRole('dialog');
  };
  const leastTime = await optionsOf('Options of least time…');
  await leastTime.getByLabel('Fades over').fill('soon');
  await leastTime.getByText('A duration is a number and a unit, e.g. 10s').waitFor();
  await leastTime.getByLabel('Fades over').fill('5s');
  await page.keyboard.press('Enter');
  await until('in the file', async () => /decay: 5s/.test(await ballast.readText()));
  await leastTime.waitFor({ state: 'detached' });

  // A strategy that cannot be without an option asks for it at once.
  const hash = await optionsOf('Hash…');
  await hash.getByLabel('Key').fill('header:x-user');
  await hash.getByLabel('Bounded load').fill('0.5');
  await hash.getByText('A number from 1 to 100').waitFor();
  await hash.getByLabel('Bounded load').fill('1.25');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Strategy of pool api: Hash header:x-user' }).waitFor();
  const text = await ballast.readText();
  expect(text).toMatch(/key: header:x-user/);
  expect(text).toMatch(/boundedLoad: 1\.25/);
  expect(text).not.toContain('decay');
  expect(page.faults()).toEqual([]);
});
