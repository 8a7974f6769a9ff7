// The pictures of the README, taken from the real demo: traffic, a replica that was killed, its story, a request that was saved.
// Needs a built tree and a browser: npm run build && npm run pictures
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { findBrowser } from './lib/find-browser.mjs';
import { root } from './lib/tree.mjs';

const executablePath = findBrowser();
if (!executablePath)
  throw new Error('no Chrome, Chromium or Edge was found; install one or set BALLAST_BROWSER');

const folder = join(root, 'docs', 'images');
mkdirSync(folder, { recursive: true });
const demo = spawn(
  process.execPath,
  ['out/main/cli.js', 'demo', '--json', '--no-open', '--control-port', '0'],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const { control } = await ready();
  const page = await browser.newPage({ viewport: { width: 1600, height: 960 }, colorScheme: 'dark' });
  await page.goto(control);

  // A pool with something to tell: weights that differ, clients that are bound, enough traffic.
  await choose(page, /Strategy of pool api/, /^Weighted round robin/);
  await choose(page, /Affinity of pool api/, /^Cookie A client/);
  await page.getByRole('textbox', { name: /Weight of api-1/ }).fill('3');
  await page.keyboard.press('Enter');
  await choose(page, /^Traffic/, /^100 a second/);
  await page.waitForTimeout(50_000); // a minute of history fills the timeline

  await page.getByRole('button', { name: 'Kill api-2' }).click();
  const story = page.getByRole('button', { name: /^Show the (\d+ )?requests?$/ });
  await story.click();
  await page.getByRole('row').nth(1).click();
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Topology' }).click();
  await page.mouse.move(500, 600);
  await page.evaluate('document.activeElement.blur()');
  await page.waitForTimeout(7_000); // what was told in passing is gone
  for (const colorScheme of /** @type {const} */ (['dark', 'light'])) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(folder, `topology-${colorScheme}.png`) });
  }
  console.log(`written to ${folder}`);
} finally {
  await browser.close();
  demo.kill('SIGTERM');
}

/** @returns {Promise<{ control: string }>} */
async function ready() {
  for await (const line of createInterface({ input: demo.stdout })) {
    const message = JSON.parse(line);
    if (message.event === 'ready') {
      demo.stdout.resume();
      return message;
    }
  }
  throw new Error('the demo ended before it was ready');
}

/**
 * @param {import('playwright-core').Page} page
 * @param {RegExp} menu
 * @param {RegExp} entry
 */
async function choose(page, menu, entry) {
  await page.getByRole('button', { name: menu }).click();
  await page
    .getByRole('menuitemradio', { name: entry })
    .or(page.getByRole('menuitem', { name: entry }))
    .click();
}
