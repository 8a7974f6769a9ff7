import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { axeViolations } from '../support/axe.ts';
import type { RunningBallast } from '../support/interface-kit.ts';
import {
  type InterfacePage,
  inspectorOf,
  interfaceOfTest,
  showScreen,
} from '../support/interface-of-test.ts';
import { until } from '../support/until.ts';

let page: InterfacePage;
async function openSessions(api: string): Promise<RunningBallast> {
  const started = await interfaceOfTest({ api });
  page = started.page;
  await showScreen(page, 'Sessions');
  return started.ballast;
}

const rows = (): Locator => page.locator('.sessions [role=row][aria-selected]');

/** A client that keeps its cookie. */
function client(url: string): () => Promise<string> {
  let cookie = '';
  return async () => {
    const response = await fetch(url, { headers: { accept: 'application/json', ...(cookie && { cookie }) } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return ((await response.json()) as { server: string }).server;
  };
}

describe('the sessions screen', () => {
  test('explains how to turn affinity on where no pool has it', async () => {
    await openSessions('');
    await page.getByRole('heading', { name: 'No pool keeps its clients' }).waitFor();
    await page.getByText('affinity: { type: cookie, ttl: 30m }').waitFor();
    expect(await axeViolations(page)).toEqual([]);
  });

  test('turns affinity on and off from the screens', async () => {
    const { listeners } = await openSessions('');
    await page.getByRole('button', { name: 'Keep the clients of api by cookie' }).click();
    await page.getByText('No session yet').waitFor();
    const ask = client(listeners.web!);
    const server = await ask();
    expect(await ask()).toBe(server);
    await until('the session', async () => (await rows().count()) === 1);

    await showScreen(page, 'Topology');
    await page.getByRole('button', { name: 'Affinity of pool api: cookie 30m · 1 session' }).click();
    await page.getByRole('menuitem', { name: /^No affinity/ }).click();
    await page.getByRole('button', { name: 'Affinity of pool api: no affinity' }).waitFor();
    const servers = new Set([await ask(), await ask(), await ask()]);
    expect(servers.size).toBe(3);
    expect(page.faults()).toEqual([]);
  });

  test('names the pool of each session once two pools keep their clients', async () => {
    const { listeners } = await openSessions('    affinity: { type: cookie, ttl: 30m }\n');
    await client(listeners.web!)();
    await until('the session', async () => (await rows().count()) === 1);
    const column = page.getByRole('columnheader', { name: 'Pool' });
    expect(await column.count()).toBe(0);
    await showScreen(page, 'Topology');
    await page.getByRole('button', { name: 'Affinity of pool canary: no affinity' }).click();
    await page.getByRole('menuitem', { name: /^Cookie A client/ }).click();
    await page.getByRole('button', { name: /^Affinity of pool canary: cookie/ }).waitFor();
    await client(listeners.admin!)();
    await showScreen(page, 'Sessions');
    await column.waitFor();
    await until('both sessions', async () => (await rows().count()) === 2);
    for (const pool of ['api', 'canary'])
      await rows().getByRole('gridcell', { name: pool, exact: true }).waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('shows who is bound where, and ends a session so that its client is bound anew', async () => {
    const { listeners } = await openSessions('    affinity: { type: cookie, ttl: 30m }\n');
    await page.getByText('No session yet').waitFor();
    const [first, second] = [client(listeners.web!), client(listeners.web!)];
    const server = await first();
    await second();
    for (let request = 0; request < 4; request++) expect(await first()).toBe(server);

    await until('two sessions', async () => (await rows().count()) === 2);
    const row = rows().filter({ hasText: server });
    await row.getByRole('gridcell', { name: '5', exact: true }).waitFor();
    await row.getByText('29 min', { exact: false }).waitFor();
    await row.getByText('never moved').waitFor();

    await row.click();
    const inspector = inspectorOf(page);
    await inspector.getByText(`bound to ${server} by cookie`, { exact: false }).waitFor();
    await row.getByRole('button', { name: /^End the session/ }).click();
    await page
      .getByText(/^Session .* ended; its next request is bound anew/)
      .first()
      .waitFor();
    await until('one session', async () => (await rows().count()) === 1);
    await inspector.getByText('It has ended', { exact: false }).waitFor();
    await first();
    await until('the client is bound anew', async () => (await rows().count()) === 2);
    await inspector.getByRole('button', { name: 'Requests of this session' }).click();
    const requests = page.locator('.requests [role=row][aria-selected]');
    await until('those from before, without the new one', async () => (await requests.count()) === 5);
    expect(page.faults()).toEqual([]);
  });

  test('says what binds a client of the pool, and leads to the requests of one session', async () => {
    const { listeners } = await openSessions('    affinity: { type: header, header: x-user, ttl: 2d }\n');
    await page.getByText(`curl -H 'x-user: anna' ${listeners.web}/`).waitFor();
    for (const user of ['anna', 'anna', 'bob', 'bob', 'bob'])
      await fetch(listeners.web!, { headers: { 'x-user': user } });
    await until('both sessions', async () => (await rows().count()) === 2);
    await rows()
      .filter({ has: page.getByRole('gridcell', { name: '2', exact: true }) })
      .click();
    const inspector = inspectorOf(page);
    await inspector.getByText(/^\d+ [A-Z][a-z]{2}( \d{4})? \d\d:\d\d:\d\d$/).waitFor();
    await inspector.getByRole('button', { name: 'Requests of this session' }).click();
    const requests = page.locator('.requests [role=row][aria-selected]');
    await until('its requests alone', async () => (await requests.count()) === 2);
    await page.getByRole('button', { name: /^session s\d+ of api$/ }).click();
    await until('those of everybody', async () => (await requests.count()) === 5);
    expect(page.faults()).toEqual([]);
  });

  test('advises a request that does bind a client, where only a host and a path lead to the pool', async () => {
    const { file, readText, listeners } = await openSessions('    affinity: { type: cookie, path: /app }\n');
    const only = `, routes: [{ host: '*.shop.test', path: /, pool: api }, { path: /, pool: canary }] }`;
    writeFileSync(file, (await readText()).replace(', pool: api }', only));
    const advice = page.getByText(`curl -c jar -b jar -H 'host: www.shop.test' ${listeners.web}/app`);
    await advice.waitFor();
    await new Promise<void>((resolve, reject) => {
      request(`${listeners.web}/app`, { headers: { host: 'www.shop.test' }, agent: false }, (response) => {
        response.resume().on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
    await until('the session', async () => (await rows().count()) === 1);
    expect(page.faults()).toEqual([]);
  });

  test('tells of a session that is there, among many whose names begin alike', async () => {
    const { listeners } = await openSessions('    affinity: { type: header, header: x-user }\n');
    for (let user = 1; user <= 20; user++)
      await fetch(listeners.web!, { headers: { 'x-user': `user ${user}`, connection: 'close' } });
    await page.getByRole('searchbox', { name: 'Search sessions' }).fill('s1');
    await until('s1, and s10 to s19', async () => (await rows().count()) === 11);
    await rows()
      .filter({ has: page.getByRole('gridcell', { name: 's1', exact: true }) })
      .click();
    const inspector = inspectorOf(page);
    await inspector.getByText('s1', { exact: true }).waitFor();
    await inspector.getByRole('button', { name: 'Requests of this session' }).waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('tells where a session moved from and why, and ends one by the keyboard', async () => {
    const { listeners } = await openSessions('    affinity: { type: cookie, ttl: 30m }\n');
    const ask = client(listeners.web!);
    const server = await ask();
    await until('the session', async () => (await rows().count()) === 1);
    await showScreen(page, 'Topology');
    await page.getByRole('button', { name: `Kill ${server}` }).click();
    await until('another server answers', async () => (await ask()) !== server);
    await showScreen(page, 'Sessions');
    await rows()
      .filter({ hasText: new RegExp(`${server}.*(failed|unhealthy)`) })
      .waitFor();

    await page.getByRole('grid', { name: 'Sessions' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Delete');
    await page.getByText('No session yet').waitFor();
  });

  test('pins a session, moves it to a named server, and ends all of a server', async () => {
    const { listeners } = await openSessions('    affinity: { type: cookie, ttl: 30m }\n');
    const ask = client(listeners.web!);
    const server = await ask();
    const to = server === 'api-3' ? 'api-2' : 'api-3';
    await until('the session', async () => (await rows().count()) === 1);
    const act = async (name: RegExp | string): Promise<void> => {
      await rows()
        .first()
        .getByRole('button', { name: /^More for session/ })
        .click();
      await page.getByRole('menuitem', { name }).click();
    };
    await act(/^Pin to its server/);
    await rows().first().getByText('pinned').waitFor();
    await rows().first().getByText('never', { exact: true }).waitFor();
    await act(to);
    await rows()
      .filter({ hasText: new RegExp(`${to}.*${server}.*moved by hand`) })
      .waitFor();
    expect(await ask()).toBe(to);

    await rows()
      .first()
      .click({ position: { x: 20, y: 10 } });
    const inspector = inspectorOf(page);
    await inspector.getByText(`pinned to ${to} by cookie`, { exact: false }).waitFor();
    await inspector.getByText('never, while it is pinned').waitFor();
    await inspector.getByText('it was moved by hand', { exact: false }).waitFor();
    await inspector.getByRole('button', { name: 'Move to…' }).click();
    await page.getByRole('menuitem', { name: server }).click();
    await until('it is back', async () => (await ask()) === server);
    await inspector.getByRole('button', { name: 'Unpin' }).click();
    await inspector.getByRole('button', { name: 'Pin', exact: true }).waitFor();
    expect(await axeViolations(page)).toEqual([]);

    await showScreen(page, 'Topology');
    await page.getByRole('row', { name: server }).first().focus();
    await page.keyboard.press('u');
    await page
      .getByText(`1 session of ${server} ended; their next requests are bound anew`)
      .first()
      .waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('asks for the name of the cookie or field that tells clients apart', async () => {
    await openSessions('');
    await showScreen(page, 'Topology');
    await page.getByRole('button', { name: 'Affinity of pool api: no affinity' }).click();
    await page.getByRole('menuitem', { name: /^Request field/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Name of the field' }).fill('x session');
    await dialog.getByRole('button', { name: 'Set affinity' }).click();
    await dialog.getByText(/without spaces/).waitFor();
    await dialog.getByRole('textbox', { name: 'Name of the field' }).fill('x-session');
    await dialog.getByRole('button', { name: 'Set affinity' }).click();
    await page.getByRole('button', { name: /^Affinity of pool api: header 30m/ }).waitFor();
    expect(page.faults()).toEqual([]);
  });

  test('finds sessions by part of their client or id', async () => {
    const { listeners } = await openSessions('    affinity: { type: cookie, ttl: 30m }\n');
    for (let request = 0; request < 3; request++) await client(listeners.web!)();
    await until('three sessions', async () => (await rows().count()) === 3);
    const id = await rows().first().locator('code').first().textContent();
    await page.getByRole('searchbox', { name: 'Search sessions' }).fill(id!);
    await until('one session', async () => (await rows().count()) === 1);
    await page.getByRole('searchbox', { name: 'Search sessions' }).fill('10.9.8.7');
    await page.getByText('No session like that').waitFor();
    await page.keyboard.press('Escape');
    await until('all three', async () => (await rows().count()) === 3);
    expect(await axeViolations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await axeViolations(page)).toEqual([]);
  });
});
