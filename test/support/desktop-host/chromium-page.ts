import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserWindowConstructorOptions, WebFrameMain } from 'electron';
import { type BrowserContext, chromium, type Page, type Route } from 'playwright-core';
import type { ElectronDouble } from '../electron-double/electron-double.ts';
import type { PageDouble, PageDriver } from '../electron-double/window-double.ts';
import { runPreload } from './preload-world.ts';

/** Chromium refuses schemes it does not know before anybody can answer for them, so `app://` travels as this. */
const standIn = 'https://ballast.app.test';
const own = 'app://ballast';
const toPage = (url: string): string => (url.startsWith(own) ? standIn + url.slice(own.length) : url);
const fromPage = (url: string): string => (url.startsWith(standIn) ? own + url.slice(standIn.length) : url);

export interface ChromiumPageOptions {
  readonly electron: () => ElectronDouble;
  readonly executablePath: string;
  readonly flags: readonly string[];
  readonly userData: string;
}

/** Shows a window's page in a real Chromium, one process per window. */
export function openChromiumPage(
  host: ChromiumPageOptions,
  page: PageDouble,
  options: BrowserWindowConstructorOptions,
): PageDriver {
  const { preload, contextIsolation, sandbox, nodeIntegration } = options.webPreferences ?? {};
  if (!preload || !contextIsolation || !sandbox || nodeIntegration !== false)
    throw new Error('the host runs sandboxed, isolated pages with a preload only, as the shell promises');
  const opening = open(host, page, options, readFileSync(preload, 'utf8'));
  // Everything that goes to the page goes in order.
  let last: Promise<unknown> = opening;
  const inOrder = (work: (opened: Page) => Promise<unknown>): Promise<void> => {
    const next = last.then(async () => {
      const { tab } = await opening;
      if (!tab.isClosed()) await work(tab);
    });
    last = next.catch(() => {});
    return next.then(() => {});
  };
  return {
    load: (url) => inOrder((tab) => tab.goto(toPage(url))),
    reload: () => void inOrder((tab) => tab.reload()).catch(() => {}),
    send(message, args) {
      inOrder(
        (tab) =>
          tab.evaluate(
            ([name, values]) => {
              const { __ballastHostReceive: receive } = window as unknown as {
                __ballastHostReceive?: (message: string, args: unknown[]) => void;
              };
              receive?.(name, values);
            },
            [message, args] as const,
          ),
        // The page was leaving just then: a real Electron drops the message too.
      ).catch(() => {});
    },
    close: () => void opening.then(({ context }) => context.close()).catch(() => {}),
  };
}

async function open(
  host: ChromiumPageOptions,
  page: PageDouble,
  options: BrowserWindowConstructorOptions,
  preload: string,
): Promise<{ context: BrowserContext; tab: Page }> {
  const profile = join(host.userData, 'chromium');
  mkdirSync(profile, { recursive: true });
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: host.executablePath,
    headless: !process.env.BALLAST_HEADED,
    args: [...host.flags, '--remote-debugging-port=0'],
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: 'dark',
  });
  const tab = context.pages()[0] ?? (await context.newPage());
  const frameOf = (isMain: boolean, url: string): WebFrameMain =>
    isMain ? page.mainFrame : ({ url: fromPage(url), parent: page.mainFrame } as WebFrameMain);

  await tab.exposeBinding('__ballastHostSend', ({ frame }, message: string, args: unknown[]) => {
    const sender = page.contents as never;
    host.electron().receive(sender, frameOf(frame === tab.mainFrame(), frame.url()), message, ...args);
  });
  await tab.exposeBinding('__ballastHostOpen', (_source, url: string) => {
    const answer = page.openHandler?.({ url: fromPage(url) });
    if (answer?.action !== 'deny') throw new Error('the host opens no second window');
  });
  await tab.addInitScript(runPreload, preload);
  tab.on('framenavigated', (frame) => {
    if (frame === tab.mainFrame()) (page.mainFrame as { url: string }).url = fromPage(frame.url());
  });
  tab.on('pageerror', (error) => console.error(`page: ${error.stack ?? error.message}`));
  tab.on('console', (message) => {
    if (message.type() === 'error') console.error(`page: ${message.text()}`);
  });
  context.on('page', (popup) => {
    page.openHandler?.({ url: popup.url() });
    void popup.close();
  });
  await context.route('**/*', (route) => answer(host.electron(), page, tab, route));
  return { context, tab };
}

/** What Electron decides about a request: may that frame go there, may that be loaded, and who answers. */
async function answer(electron: ElectronDouble, page: PageDouble, tab: Page, route: Route): Promise<void> {
  const request = route.request();
  const url = fromPage(request.url());
  const isMainFrame = request.frame() === tab.mainFrame();
  const byPage = fromPage(tab.url()).startsWith(own) && url !== fromPage(tab.url());
  if (request.isNavigationRequest() && byPage && !page.mayNavigate(url, isMainFrame))
    return route.abort('aborted');
  if (!electron.mayLoad(url)) return route.abort('blockedbyclient');
  if (!url.startsWith(`${own}/`)) return route.abort('addressunreachable'); // nothing leaves this machine
  const response = await electron.fetch(url);
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}
