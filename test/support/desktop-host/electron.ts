import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createElectronDouble } from '../electron-double/electron-double.ts';
import { openChromiumPage } from './chromium-page.ts';
import { takeSingleInstanceLock } from './single-instance.ts';

/** The `electron` module of the test host: the same double as in the unit tests, whose windows are Chromium. */

// As Electron has them: the program, the app's folder, what the person wrote.
process.argv.splice(1, 1);
const userData = switchValue('user-data-dir');
mkdirSync(userData, { recursive: true });
const { executablePath, flags } = JSON.parse(process.env.BALLAST_HOST_BROWSER ?? '{}') as {
  executablePath: string;
  flags: string[];
};

const double = createElectronDouble({
  paths: { userData, documents: join(userData, 'documents') },
  takeLock: () =>
    takeSingleInstanceLock(userData, (argv, cwd) => double.app.emit('second-instance', {}, argv, cwd)),
  exit: (code) => {
    // As Electron does: windows go with the app.
    for (const window of double.windows()) window.page.driver?.close();
    process.disconnect?.();
    setTimeout(() => process.exit(code), 100);
  },
  openPage: (page, options) =>
    openChromiumPage({ electron: () => double, executablePath, flags, userData }, page, options),
});

export const { app, BrowserWindow, dialog, ipcMain, Menu, nativeTheme, protocol, screen, session, shell } =
  double.pieces;
export const becomeReady = double.app.becomeReady;

function switchValue(name: string): string {
  const prefix = `--${name}=`;
  const given = process.argv.find((word) => word.startsWith(prefix));
  if (!given) throw new Error(`the host needs ${prefix}FOLDER`);
  return given.slice(prefix.length);
}
