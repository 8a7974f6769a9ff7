import { EventEmitter } from 'node:events';
import type {
  BrowserWindowConstructorOptions,
  CustomScheme,
  Dialog,
  Display,
  IpcMain,
  IpcMainEvent,
  Menu,
  MenuItemConstructorOptions,
  OnBeforeRequestListenerDetails,
  Protocol,
  Screen,
  Session,
  Shell,
  WebContents,
  WebFrameMain,
} from 'electron';
import type { ElectronPieces } from '../../../main/desktop/electron-pieces.ts';
import { type AppDoubleOptions, createAppDouble } from './app-double.ts';
import { createWindowClass, type PageDouble, type PageDriver } from './window-double.ts';

export interface ElectronDoubleOptions extends AppDoubleOptions {
  readonly openPage: (page: PageDouble, options: BrowserWindowConstructorOptions) => PageDriver;
}

/** A menu item as tests find and click it: `click` is what a person does. */
export interface MenuItemDouble extends Omit<MenuItemConstructorOptions, 'click' | 'submenu'> {
  readonly submenu: MenuDouble | undefined;
  click(): void;
}
export interface MenuDouble {
  readonly items: readonly MenuItemDouble[];
  getMenuItemById(id: string): MenuItemDouble | null;
}

/**
 * The `electron` module as far as the shell uses it. Every piece is checked against Electron's own types where it is made; what
 * the shell does not use is missing, and fails loudly when it should come to use it.
 */
export function createElectronDouble(options: ElectronDoubleOptions) {
  const app = createAppDouble(options);
  const ipc = new EventEmitter();
  const handlers = new Map<string, (request: Request) => Response | Promise<Response>>();
  const schemes: CustomScheme[] = [];
  const shown: string[] = [];
  const permissions: Partial<Record<'request' | 'check' | 'device', (...args: never[]) => unknown>> = {};
  let beforeRequest:
    | ((details: OnBeforeRequestListenerDetails, decide: (answer: { cancel?: boolean }) => void) => void)
    | null = null;
  let menu: MenuDouble | null = null;
  const onlyWhenReady = (what: string): void => {
    if (!app.app.isReady()) throw new Error(`${what} can only be used after the app is ready`);
  };

  const BrowserWindow = createWindowClass({ app, openPage: options.openPage });

  // Plain objects, so that tests may put their own functions in the place of a dialog, as with Playwright and a real Electron.
  const dialog = {
    showOpenDialog: async (..._ask: unknown[]) => ({ canceled: true as boolean, filePaths: [] as string[] }),
    showSaveDialog: async (..._ask: unknown[]) => ({ canceled: true as boolean, filePath: '' }),
    showMessageBox: async (..._ask: unknown[]) => ({ response: -1, checkboxChecked: false }),
  } satisfies Pick<Dialog, 'showOpenDialog' | 'showSaveDialog' | 'showMessageBox'>;

  const ipcMain = {
    on: (name: string, listener: (...args: never[]) => void) =>
      ipc.on(name, listener as (...args: unknown[]) => void) as never,
    off: (name: string, listener: (...args: never[]) => void) =>
      ipc.off(name, listener as (...args: unknown[]) => void) as never,
    emit: (name: string | symbol, ...args: unknown[]) => ipc.emit(name, ...args),
  } satisfies Pick<IpcMain, 'on' | 'off' | 'emit'>;

  const protocol = {
    registerSchemesAsPrivileged: (customSchemes: CustomScheme[]) => {
      if (app.app.isReady()) throw new Error('schemes must be registered before the app is ready');
      schemes.push(...customSchemes);
    },
    handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>) => {
      onlyWhenReady('protocol');
      handlers.set(scheme, handler);
    },
  } satisfies Pick<Protocol, 'registerSchemesAsPrivileged' | 'handle'>;

  const screen = {
    getAllDisplays: () => {
      onlyWhenReady('screen');
      return [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } } as Display];
    },
  } satisfies Pick<Screen, 'getAllDisplays'>;

  const defaultSession = {
    setPermissionRequestHandler: (handler: ((...args: never[]) => void) | null) => {
      if (handler) permissions.request = handler;
    },
    setPermissionCheckHandler: (handler: ((...args: never[]) => boolean) | null) => {
      if (handler) permissions.check = handler;
    },
    setDevicePermissionHandler: (handler: ((...args: never[]) => boolean) | null) => {
      if (handler) permissions.device = handler;
    },
    webRequest: {
      onBeforeRequest: (first: unknown, second?: unknown) => {
        beforeRequest = (second ?? first) as typeof beforeRequest;
      },
    },
  } satisfies Pick<
    Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  > & { webRequest: Pick<Session['webRequest'], 'onBeforeRequest'> };
  const session = {
    get defaultSession() {
      onlyWhenReady('session');
      return defaultSession;
    },
  };

  const shell = {
    showItemInFolder: (path: string) => void shown.push(path),
  } satisfies Pick<Shell, 'showItemInFolder'>;

  const buildMenu = (template: readonly MenuItemConstructorOptions[]): MenuDouble => {
    const items = template.map(({ click, submenu, ...rest }): MenuItemDouble => {
      return {
        ...rest,
        submenu: Array.isArray(submenu) ? buildMenu(submenu) : undefined,
        click: () => click?.({} as never, undefined, {} as never),
      };
    });
    return {
      items,
      getMenuItemById(id) {
        for (const item of items) {
          const found = item.id === id ? item : item.submenu?.getMenuItemById(id);
          if (found) return found;
        }
        return null;
      },
    };
  };
  const menus = {
    buildFromTemplate: (template: MenuItemConstructorOptions[]) => buildMenu(template) as unknown as Menu,
    setApplicationMenu: (next: Menu | null) => {
      menu = next as unknown as MenuDouble;
    },
    getApplicationMenu: () => menu as unknown as Menu,
  } satisfies Pick<typeof Menu, 'buildFromTemplate' | 'setApplicationMenu' | 'getApplicationMenu'>;

  const pieces = {
    app: app.app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu: menus,
    nativeTheme: { shouldUseDarkColors: true },
    protocol,
    screen,
    session,
    shell,
  };

  return {
    /** As the shell takes it. Each piece was checked above; together they are less than the whole module. */
    electron: pieces as unknown as ElectronPieces,
    pieces,
    app,
    windows: () => BrowserWindow.getAllWindows(),
    menu: () => menu,
    schemes,
    permissions,
    /** Files shown in their folder. */
    shown,
    /** Answers as `protocol.handle` would. */
    async fetch(url: string): Promise<Response> {
      const handler = handlers.get(new URL(url).protocol.slice(0, -1));
      if (!handler) throw new Error(`nobody handles ${url}`);
      return handler(new Request(url));
    },
    /** True when the session lets a page load that. */
    mayLoad(url: string): boolean {
      let cancelled = false;
      beforeRequest?.({ url } as OnBeforeRequestListenerDetails, ({ cancel }) => {
        cancelled = cancel ?? false;
      });
      return !cancelled;
    },
    /** A message as it comes from a page's frame; cloned, as Electron does it. */
    receive(
      sender: WebContents,
      senderFrame: WebFrameMain | null,
      message: string,
      ...args: unknown[]
    ): void {
      const event = { sender, senderFrame } as IpcMainEvent;
      ipc.emit(message, event, ...structuredClone(args));
    },
  };
}

export type ElectronDouble = ReturnType<typeof createElectronDouble>;
