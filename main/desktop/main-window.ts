import type { BrowserWindow, Rectangle } from 'electron';
import { appUrl } from './app-origin.ts';
import type { ElectronPieces, Places } from './electron-pieces.ts';
import { minimumSize, placeWindow, readWindowState, writeWindowState } from './window-state.ts';

export interface MainWindowOptions {
  readonly electron: Pick<ElectronPieces, 'BrowserWindow' | 'nativeTheme' | 'screen'>;
  readonly places: Pick<Places, 'preload' | 'icon'>;
  readonly statePath: string;
  /** The development server, which serves the interface with hot reload; undefined for the built one. */
  readonly devUrl: string | undefined;
  readonly platform: NodeJS.Platform;
}

/** Opens the window where it was last time and keeps that place up to date until it closes. */
export function openMainWindow(options: MainWindowOptions): BrowserWindow {
  const { electron, places, statePath, platform } = options;
  const remembered = readWindowState(statePath);
  const workAreas: Rectangle[] = electron.screen.getAllDisplays().map(({ workArea }) => workArea);
  const window = new electron.BrowserWindow({
    ...placeWindow(remembered, workAreas),
    minWidth: minimumSize.width,
    minHeight: minimumSize.height,
    title: 'Ballast',
    // Shown once painted, and until then in the colour it will have: nothing flashes.
    show: false,
    backgroundColor: electron.nativeTheme.shouldUseDarkColors ? '#0b0d11' : '#f5f6f8',
    ...(platform !== 'darwin' && { icon: places.icon }),
    webPreferences: {
      preload: places.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  });

  window.once('ready-to-show', () => {
    if (remembered?.maximized) window.maximize();
    window.show();
  });
  // The title is the workspace's, told by the owner, not the page's.
  window.on('page-title-updated', (event) => event.preventDefault());
  window.on('close', () => {
    const state = { bounds: window.getNormalBounds(), maximized: window.isMaximized() };
    writeWindowState(statePath, state);
  });
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit' && !window.isDestroyed()) window.webContents.reload();
  });
  void window.loadURL(options.devUrl ?? appUrl);
  return window;
}
