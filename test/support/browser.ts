import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { findBrowser } from '../../scripts/lib/find-browser.mjs';

/** No sandbox as root in a container; nothing that phones home. */
export const browserFlags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
];

/** Path of the browser every end-to-end test uses. Never skips: throws with what to install. */
export function browserPath(): string {
  const path = findBrowser();
  if (path) return path;
  throw new Error(
    'no Chrome, Chromium or Edge was found; install one (Debian: apt-get install chromium) or set BALLAST_BROWSER to its path',
  );
}

/** A real Chromium, headless unless `BALLAST_HEADED` is set. Close it when done. */
export function launchBrowser(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath(),
    headless: !process.env.BALLAST_HEADED,
    ...options,
    args: [...browserFlags, ...(options.args ?? [])],
  });
}
