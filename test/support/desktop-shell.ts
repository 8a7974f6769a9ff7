import type { Channel } from '@shared/contract/channel.ts';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { CommandName, Handlers } from '@shared/contract/commands.ts';
import { type ServeOptions, serveContract } from '@shared/contract/server.ts';
import { createStatePublisher } from '@shared/contract/state-publisher.ts';
import { startDesktop } from '../../main/desktop/desktop.ts';
import type { WorkspaceChoice } from '../../main/desktop/launch-choice.ts';
import type { WorkspaceRun } from '../../main/desktop/workspace-runner.ts';
import { createElectronDouble, type ElectronDouble } from './electron-double/electron-double.ts';
import type { PageDouble } from './electron-double/window-double.ts';

export interface ShellOptions {
  readonly argv?: readonly string[];
  readonly takeLock?: () => boolean;
  readonly platform?: NodeJS.Platform;
  /** Why a workspace cannot start. */
  readonly refuse?: (choice: WorkspaceChoice) => Error | undefined;
}

/**
 * The shell around a double of Electron; its workspaces answer the contract and note what happens to them.
 *
 * @param folder of the user
 */
export async function startShell(
  folder: string,
  { argv = [], takeLock, platform = 'linux', refuse }: ShellOptions = {},
) {
  const exits: number[] = [];
  const notes: string[] = [];
  const toPage: [string, ...unknown[]][] = [];
  const pageListeners = new Set<(message: string, args: unknown[]) => void>();
  const double: ElectronDouble = createElectronDouble({
    paths: { userData: folder, documents: folder },
    ...(takeLock && { takeLock }),
    exit: (code) => exits.push(code),
    openPage: (page) => ({
      async load(url) {
        (page.mainFrame as { url: string }).url = url;
      },
      reload() {},
      close() {},
      send(message, args) {
        toPage.push([message, ...args]);
        for (const listener of [...pageListeners]) listener(message, args);
      },
    }),
  });

  const prepare = async (choice: WorkspaceChoice): Promise<WorkspaceRun> => {
    const name = choice.kind === 'demo' ? 'demo' : choice.path;
    const system = createStatePublisher('system');
    return {
      path: name,
      owner: {
        async start() {
          const error = refuse?.(choice);
          if (error) throw error;
          notes.push(`start ${name}`);
          system.set('workspace', {
            path: name,
            title: name,
            demo: choice.kind === 'demo',
            problems: [],
            notes: [],
          });
          return [];
        },
        serve: (channel: Channel, grant: ServeOptions['grant'], handlers?: Partial<Handlers<CommandName>>) =>
          serveContract(channel, {
            version: name,
            grant,
            handlers: handlers ?? {},
            topics: { system },
            log: (text) => notes.push(text),
          }),
        async stop() {
          notes.push(`stop ${name}`);
        },
      },
      cleanup: async () => void notes.push(`clean ${name}`),
    };
  };

  const started = startDesktop({
    electron: double.electron,
    places: {
      renderer: folder,
      preload: '/built/preload.cjs',
      engineWorker: '/built/engine.js',
      icon: '/icon.png',
    },
    argv: ['electron', '.', ...argv],
    cwd: folder,
    platform,
    devUrl: undefined,
    prepare,
    log: (text) => notes.push(text),
  });

  const page = (): PageDouble => {
    const [window] = double.windows();
    if (!window) throw new Error('no window is open');
    return window.page;
  };
  let connections = 0;
  /** The page's end of a new connection. */
  const pageChannel = (): Channel => {
    const connection = `c${++connections}`;
    const post = (message: string, ...args: unknown[]) =>
      double.receive(page().contents as never, page().mainFrame, message, connection, ...args);
    const listen = (wanted: string, listener: (value: never) => void) => {
      const heard = (message: string, [of, value]: unknown[]) => {
        if (message === wanted && of === connection) listener(value as never);
      };
      pageListeners.add(heard);
      return () => pageListeners.delete(heard);
    };
    post('ballast:open');
    return {
      send: (frame) => post('ballast:frame', frame),
      onFrame: (listener) => listen('ballast:frame', listener),
      onClose: (listener) => listen('ballast:close', listener),
      close: (reason) => post('ballast:close', reason),
    };
  };

  return {
    double,
    started,
    exits,
    notes,
    toPage,
    page,
    /** The app becomes ready and its window opens. */
    async open() {
      double.app.becomeReady();
      await started;
    },
    connectPage: (): Promise<ContractClient> => connect(pageChannel()),
    item: (id: string) => double.menu()?.getMenuItemById(id),
  };
}
