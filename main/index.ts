import { join } from 'node:path';
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  nativeTheme,
  protocol,
  screen,
  session,
  shell,
} from 'electron';
import { createOwner } from './control/owner.ts';
import { startDesktop } from './desktop/desktop.ts';
import { outsideArchive } from './desktop/outside-archive.ts';
import { prepareWorkspace } from './desktop/prepare-workspace.ts';
import { createDemoWorkspace } from './workspace/demo.ts';

const built = join(import.meta.dirname, '..');
const places = {
  renderer: join(built, 'renderer'),
  preload: join(built, 'preload', 'index.cjs'),
  engineWorker: outsideArchive(join(built, 'main', 'engine-worker.js')),
  icon: join(built, '..', 'resources', 'icons', 'icon.png'),
};
const log = (text: string): void => {
  process.stderr.write(`ballast: ${text}\n`);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit());

// Not awaited: Electron is not ready before its entry module has been evaluated.
startDesktop({
  electron: {
    app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu,
    nativeTheme,
    protocol,
    screen,
    session,
    shell,
  },
  places,
  argv: process.argv,
  cwd: process.cwd(),
  platform: process.platform,
  devUrl: app.isPackaged ? undefined : process.env.ELECTRON_RENDERER_URL,
  prepare: prepareWorkspace({
    createOwner,
    createDemoWorkspace,
    workerPath: places.engineWorker,
    version: app.getVersion(),
    log,
  }),
  log,
}).catch((error: unknown) => {
  log(`the desktop app could not start: ${error instanceof Error ? error.stack : String(error)}`);
  app.exit(1);
});
