import type * as Electron from 'electron';

/**
 * What the desktop shell uses of Electron. `main/index.ts` hands over the real module, and nothing else imports it, so that
 * everything here runs against a double as well.
 */
export type ElectronPieces = Pick<
  typeof Electron,
  | 'app'
  | 'BrowserWindow'
  | 'dialog'
  | 'ipcMain'
  | 'Menu'
  | 'nativeTheme'
  | 'protocol'
  | 'screen'
  | 'session'
  | 'shell'
>;

/** Where the built things lie. Full paths. */
export interface Places {
  /** Folder of the built interface. */
  readonly renderer: string;
  readonly preload: string;
  readonly engineWorker: string;
  readonly icon: string;
}
