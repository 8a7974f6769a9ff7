import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownStateDir } from '../control/run-file.ts';

/** By then the browser has read the page, or it will not. */
const keepMs = 60_000;

export interface OpenedBrowser {
  /** Takes back what was written for it. */
  remove(): void;
}

/**
 * Opens the address in the default browser; undefined where there is no display or no program for it. Never throws.
 *
 * The address holds the token, and what a program is started with can be read by everybody on the machine. So the browser is
 * started with a page that only this user may read, and that page leads on to the address. It is removed after a minute, or
 * earlier by the caller.
 */
export async function openBrowser(url: string): Promise<OpenedBrowser | undefined> {
  const { platform, env } = process;
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return undefined;
  let page: string;
  try {
    page = join(ownStateDir(), `open-${process.pid}.html`);
    rmSync(page, { force: true });
    writeFileSync(page, redirectPage(url), { mode: 0o600, flag: 'wx' });
  } catch {
    return undefined; // no place for it that is safe: the printed address is left
  }
  const remove = (): void => rmSync(page, { force: true });
  if (!(await run(...opener(platform, pathToFileURL(page).href)))) {
    remove();
    return undefined;
  }
  setTimeout(remove, keepMs).unref();
  return { remove };
}

function opener(platform: NodeJS.Platform, url: string): [file: string, args: string[]] {
  if (platform === 'darwin') return ['open', [url]];
  if (platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]];
  return ['xdg-open', [url]];
}

function redirectPage(url: string): string {
  // Of URL-safe characters alone; quoted nevertheless, should that ever change.
  const quoted = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${quoted}">
<title>Ballast</title>
<p>Ballast opens. <a href="${quoted}">Go there</a> if it does not.
`;
}

function run(file: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: 'ignore', detached: true, windowsHide: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
