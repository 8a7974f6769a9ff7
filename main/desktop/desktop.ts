import { join } from 'node:path';
import type { Channel } from '@shared/contract/channel.ts';
import type { Capability } from '@shared/contract/frames.ts';
import type { BrowserWindow, IpcMainEvent } from 'electron';
import { fullGrant } from '../control/owner.ts';
import { appScheme, isInterfaceUrl } from './app-origin.ts';
import { appSchemePrivileges, createAppHandler } from './app-protocol.ts';
import type { ElectronPieces, Places } from './electron-pieces.ts';
import { guardEveryPage, guardSession } from './guards.ts';
import { createIpcPipe, type IpcPipe } from './ipc-pipe.ts';
import { chooseWorkspace, fileArgument, type WorkspaceChoice } from './launch-choice.ts';
import { openMainWindow } from './main-window.ts';
import { menuTemplate } from './menu.ts';
import { stopBeforeQuit } from './quit.ts';
import { createShellHandlers } from './shell-commands.ts';
import { describeFailure } from './start-failure.ts';
import { followWorkspace, titleOf } from './window-title.ts';
import { createWorkspaceRunner, type WorkspaceRun } from './workspace-runner.ts';

/** Running requests get this long to finish when a workspace is left or the app quits. */
const graceMs = 5_000;
/** If stopping takes longer than this, the app ends anyway. */
const quitDeadlineMs = graceMs + 10_000;

export interface DesktopOptions {
  readonly electron: ElectronPieces;
  readonly places: Places;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  /** Of the development server, when there is one. */
  readonly devUrl: string | undefined;
  readonly prepare: (choice: WorkspaceChoice) => Promise<WorkspaceRun>;
  readonly log: (text: string) => void;
}

const grant: readonly Capability[] = [...fullGrant, 'save-file', 'open-file'];

/** The desktop face of Ballast: one window on one workspace. Resolves once the window is open, or at once in a second instance. */
export async function startDesktop(options: DesktopOptions): Promise<void> {
  const { electron, places, platform, devUrl, log } = options;
  const { app, dialog } = electron;

  if (!app.requestSingleInstanceLock()) return app.quit();
  electron.protocol.registerSchemesAsPrivileged([appSchemePrivileges]);
  guardEveryPage(app, devUrl);

  let window: BrowserWindow | undefined;
  let pipe: IpcPipe | undefined;

  const runner = createWorkspaceRunner({
    prepare: options.prepare,
    graceMs,
    onLeaving: () => pipe?.disconnect('another workspace opens'),
    onRunning(run, choice) {
      if (choice.kind === 'file') app.addRecentDocument(run.path);
      void followWorkspace(run.owner, (workspace) => {
        if (!window || window.isDestroyed()) return;
        window.setTitle(titleOf(workspace));
        if (platform === 'darwin' && !workspace.demo) window.setRepresentedFilename(workspace.path);
      }).catch((error: unknown) => log(`the window's title could not be kept up to date: ${String(error)}`));
    },
  });

  const shellHandlers = createShellHandlers({
    electron,
    window: () => window,
    workspacePath: () => (runner.current?.choice.kind === 'file' ? runner.current.choice.path : undefined),
    openWorkspace: askAndOpen,
  });

  const serve = async (channel: Channel): Promise<void> => {
    const owner = await runner.whenRunning();
    owner.serve(channel, grant, shellHandlers);
  };

  /** Runs that workspace; one that cannot is told to the person, who chooses what to do instead. */
  async function run(choice: WorkspaceChoice): Promise<void> {
    try {
      await runner.switchTo(choice);
    } catch (error) {
      await tellFailure(choice, error);
    }
  }

  async function tellFailure(choice: WorkspaceChoice, error: unknown): Promise<void> {
    const others = runner.current
      ? [{ label: 'Keep the Present One', act: async () => {} }]
      : [
          { label: 'Open Another…', act: async () => void ((await askAndOpen()) ?? app.quit()) },
          { label: 'Try Again', act: () => run(choice) },
          ...(choice.kind === 'demo' ? [] : [{ label: 'Open the Demo', act: () => run({ kind: 'demo' }) }]),
          { label: 'Quit', act: async () => app.quit() },
        ];
    const ask = {
      type: 'error' as const,
      title: 'Ballast',
      message: choice.kind === 'demo' ? 'The demo cannot be run' : `${choice.path} cannot be run`,
      detail: describeFailure(error),
      buttons: others.map(({ label }) => label),
      defaultId: 0,
      cancelId: others.length - 1,
      noLink: true,
    };
    log(`${ask.message}: ${ask.detail}`);
    const { response } = await (window ? dialog.showMessageBox(window, ask) : dialog.showMessageBox(ask));
    await others[response]?.act();
  }

  async function askAndOpen(): Promise<string | null> {
    const ask = {
      title: 'Open a workspace',
      filters: [
        { name: 'Ballast workspace', extensions: ['yaml', 'yml'] },
        { name: 'All files', extensions: ['*'] },
      ],
      properties: ['openFile' as const],
    };
    const { canceled, filePaths } = await (window
      ? dialog.showOpenDialog(window, ask)
      : dialog.showOpenDialog(ask));
    const path = filePaths[0];
    if (canceled || path === undefined) return null;
    // Not awaited: the connection that asked ends with the workspace it belongs to, and wants its answer first.
    void run({ kind: 'file', path });
    return path;
  }

  /** From the top frame of our window, and that shows the interface. */
  function isTrusted({ sender, senderFrame }: IpcMainEvent): boolean {
    if (!window || window.isDestroyed() || sender !== window.webContents || senderFrame === null)
      return false;
    try {
      return senderFrame.parent === null && isInterfaceUrl(senderFrame.url, devUrl);
    } catch {
      return false; // the frame went away while its message was on its way
    }
  }

  function showWindow(): void {
    if (window && !window.isDestroyed()) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      return;
    }
    const opened = openMainWindow({
      electron,
      places,
      statePath: join(app.getPath('userData'), 'window.json'),
      devUrl,
      platform,
    });
    window = opened;
    pipe = createIpcPipe({
      ipcMain: electron.ipcMain,
      page: opened.webContents,
      isTrusted,
      onChannel: (channel) => void serve(channel),
    });
    const ownPipe = pipe;
    opened.on('closed', () => {
      ownPipe.dispose();
      if (window === opened) window = undefined;
    });
  }

  let firstChoice: WorkspaceChoice | undefined;
  const openFile = (path: string): void => {
    const choice: WorkspaceChoice = { kind: 'file', path };
    if (!app.isReady()) {
      firstChoice = choice;
      return;
    }
    showWindow();
    void run(choice);
  };
  app.on('second-instance', (_event, argv, cwd) => {
    const file = fileArgument(argv, cwd, app.isPackaged);
    if (file === undefined) showWindow();
    else openFile(file);
  });
  // macOS: a file dropped on the icon or chosen among the recent ones.
  app.on('open-file', (event, path) => {
    event.preventDefault();
    openFile(path);
  });
  app.on('activate', () => {
    if (app.isReady()) showWindow();
  });
  app.on('window-all-closed', () => {
    if (platform !== 'darwin') app.quit();
  });
  stopBeforeQuit({ app, stop: () => runner.stop(), deadlineMs: quitDeadlineMs, log });

  await app.whenReady();
  guardSession(electron.session.defaultSession, devUrl);
  electron.protocol.handle(appScheme, createAppHandler(places.renderer));
  electron.Menu.setApplicationMenu(
    electron.Menu.buildFromTemplate(
      menuTemplate(platform, {
        openWorkspace: () => void askAndOpen(),
        openDemo: () => void run({ kind: 'demo' }),
        showWorkspaceFile: () => {
          if (runner.current) electron.shell.showItemInFolder(runner.current.run.path);
        },
      }),
    ),
  );
  showWindow();
  void run(firstChoice ?? chooseWorkspace(options.argv, options.cwd, app.isPackaged));
}
