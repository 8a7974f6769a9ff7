import { join } from 'node:path';
import { canRun, findProgram } from './find-program.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'];

/**
 * An installed browser of the Chromium family: `BALLAST_BROWSER` if set, else the well-known places of this platform.
 * @returns {string | undefined}
 * @throws when `BALLAST_BROWSER` names something that cannot be run
 */
export function findBrowser() {
  const chosen = process.env.BALLAST_BROWSER;
  if (chosen) {
    if (canRun(chosen)) return chosen;
    throw new Error(
      `BALLAST_BROWSER is ${chosen}, which cannot be run; set it to a Chrome, Chromium or Edge`,
    );
  }
  return wellKnownPlaces().find(canRun) ?? firstOnPath();
}

function firstOnPath() {
  for (const name of names) {
    const path = findProgram(name);
    if (path) return path;
  }
  return undefined;
}

/** @returns {string[]} */
function wellKnownPlaces() {
  if (process.platform === 'darwin') {
    const apps = [
      'Google Chrome.app/Contents/MacOS/Google Chrome',
      'Chromium.app/Contents/MacOS/Chromium',
      'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    ];
    return ['/Applications', join(process.env.HOME ?? '', 'Applications')].flatMap((folder) =>
      apps.map((app) => join(folder, app)),
    );
  }
  if (process.platform === 'win32') {
    const programs = [
      'Google\\Chrome\\Application\\chrome.exe',
      'Chromium\\Application\\chrome.exe',
      'Microsoft\\Edge\\Application\\msedge.exe',
    ];
    const { PROGRAMFILES, LOCALAPPDATA } = process.env;
    return [PROGRAMFILES, process.env['PROGRAMFILES(X86)'], LOCALAPPDATA]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => programs.map((program) => join(folder, program)));
  }
  return [];
}
