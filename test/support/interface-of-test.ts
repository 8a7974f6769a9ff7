import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchBrowser } from './browser.ts';
import {
  type BallastOptions,
  type OpenOptions,
  openInterface,
  type RunningBallast,
  startBallast,
} from './interface-kit.ts';

/** What a test of the interface needs, started on demand and ended with it: one browser for a file, Ballasts and pages for each test. */

export type InterfacePage = Awaited<ReturnType<typeof openInterface>>;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const pages: Page[] = [];
const running: RunningBallast[] = [];
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.context().close()));
  await Promise.all(running.splice(0).map((ballast) => ballast.stop()));
});

/** A Ballast that ends with the test. */
export async function ballastOfTest(options?: BallastOptions): Promise<RunningBallast> {
  const ballast = await startBallast(options);
  running.push(ballast);
  return ballast;
}

/** One Ballast for all tests of a `describe`: for those that only look. Each opens pages of its own. */
export function ballastOfTests(options?: BallastOptions): () => RunningBallast {
  let ballast: RunningBallast | undefined;
  beforeAll(async () => {
    ballast = await startBallast(options);
  });
  afterAll(() => ballast?.stop());
  return () => ballast!;
}

/** A page of its own, closed after the test. It shows the interface, whatever that has to say. */
export async function pageOfTest(
  ballast: Pick<RunningBallast, 'control'>,
  options?: OpenOptions,
): Promise<InterfacePage> {
  const page = await openInterface(browser, ballast, options);
  pages.push(page);
  return page;
}

/** The same once the topology shows its servers. */
export async function topologyOfTest(
  ballast: Pick<RunningBallast, 'control'>,
  options?: OpenOptions,
): Promise<InterfacePage> {
  const page = await pageOfTest(ballast, options);
  await cardOf(page, 'api-1').waitFor();
  return page;
}

/** A Ballast and a page that shows its topology. */
export async function interfaceOfTest(
  options?: BallastOptions,
  open?: OpenOptions,
): Promise<{ readonly ballast: RunningBallast; readonly page: InterfacePage }> {
  const ballast = await ballastOfTest(options);
  return { ballast, page: await topologyOfTest(ballast, open) };
}

/** Turns to a screen by the rail. */
export function showScreen(page: Page, name: string): Promise<void> {
  return page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name }).click();
}

export const poolOf = (page: Page, name: string): Locator =>
  page.getByRole('region', { name: `Pool ${name}` });
export const cardOf = (page: Page, server: string): Locator => page.getByRole('row', { name: server });
export const inspectorOf = (page: Page): Locator => page.getByRole('complementary', { name: 'Inspector' });
