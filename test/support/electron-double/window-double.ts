import { EventEmitter } from 'node:events';
import type {
  BrowserWindow,
  BrowserWindowConstructorOptions,
  Rectangle,
  WebContents,
  WebFrameMain,
  WindowOpenHandlerResponse,
} from 'electron';
import type { AppDouble } from './app-double.ts';

/** What shows a window's page: a real Chromium, or nothing but notes. */
export interface PageDriver {
  load(url: string): Promise<void>;
  reload(): void;
  /** To the page, already cloned. */
  send(message: string, args: unknown[]): void;
  close(): void;
}

type Listener = (...args: never[]) => void;

/** The page side of a window: what of `WebContents` the shell uses, and how a driver tells what happened in the page. */
export class PageDouble extends EventEmitter {
  readonly mainFrame = { url: '', parent: null } as WebFrameMain;
  openHandler: ((details: { url: string }) => WindowOpenHandlerResponse) | undefined;
  driver: PageDriver | undefined;
  #destroyed = false;

  readonly contents = {
    mainFrame: this.mainFrame,
    on: (name: string, listener: Listener) =>
      this.on(name, listener as (...args: unknown[]) => void) as never,
    getURL: () => this.mainFrame.url,
    isDestroyed: () => this.#destroyed,
    reload: () => this.driver?.reload(),
    send: (message: string, ...args: unknown[]) => {
      if (this.#destroyed) throw new Error('Object has been destroyed');
      // As Electron does it: what cannot be cloned throws here.
      this.driver?.send(message, structuredClone(args));
    },
    setWindowOpenHandler: (handler: (details: never) => WindowOpenHandlerResponse) => {
      this.openHandler = handler as typeof this.openHandler;
    },
  } satisfies Pick<
    WebContents,
    'mainFrame' | 'on' | 'getURL' | 'isDestroyed' | 'reload' | 'send' | 'setWindowOpenHandler'
  >;

  /** True when the shell lets that frame go there. */
  mayNavigate(url: string, isMainFrame: boolean): boolean {
    let prevented = false;
    const preventDefault = () => {
      prevented = true;
    };
    this.emit('will-frame-navigate', { url, isMainFrame, isSameDocument: false, preventDefault });
    return !prevented;
  }

  destroy(): void {
    this.#destroyed = true;
  }
}

export interface WindowClassOptions {
  readonly app: AppDouble;
  readonly openPage: (page: PageDouble, options: BrowserWindowConstructorOptions) => PageDriver;
}

/** A `BrowserWindow` class of this app: what the shell uses of it, with Electron's events. */
export function createWindowClass({ app, openPage }: WindowClassOptions) {
  const all: WindowDouble[] = [];

  class WindowDouble extends EventEmitter {
    readonly options: BrowserWindowConstructorOptions;
    readonly page = new PageDouble();
    readonly webContents = this.page.contents as unknown as WebContents;
    title: string;
    visible = false;
    focused = false;
    minimized = false;
    maximized = false;
    representedFilename = '';
    #bounds: Rectangle;
    #destroyed = false;

    constructor(options: BrowserWindowConstructorOptions = {}) {
      super();
      if (!app.app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
      this.options = options;
      this.title = options.title ?? '';
      this.visible = options.show ?? true;
      const { x = 0, y = 0, width = 800, height = 600 } = options;
      this.#bounds = { x, y, width, height };
      all.push(this);
      app.addWindow(this);
      app.emit('web-contents-created', {}, this.webContents);
      this.page.driver = openPage(this.page, options);
    }

    static getAllWindows(): WindowDouble[] {
      return all.filter((window) => !window.isDestroyed());
    }

    async loadURL(url: string): Promise<void> {
      await this.page.driver?.load(url);
      if (!this.#destroyed) this.emit('ready-to-show');
    }
    isDestroyed = (): boolean => this.#destroyed;
    isVisible = (): boolean => this.visible;
    isFocused = (): boolean => this.focused;
    isMinimized = (): boolean => this.minimized;
    isMaximized = (): boolean => this.maximized;
    maximize = (): void => {
      this.maximized = true;
    };
    minimize = (): void => {
      this.minimized = true;
    };
    restore = (): void => {
      this.minimized = false;
    };
    show = (): void => {
      this.visible = true;
    };
    focus = (): void => {
      this.focused = true;
    };
    blur = (): void => {
      this.focused = false;
    };
    getTitle = (): string => this.title;
    setTitle = (title: string): void => {
      this.title = title;
    };
    setRepresentedFilename = (path: string): void => {
      this.representedFilename = path;
    };
    getBounds = (): Rectangle => this.#bounds;
    setBounds = (bounds: Partial<Rectangle>): void => {
      this.#bounds = { ...this.#bounds, ...bounds };
    };
    getNormalBounds = (): Rectangle => this.#bounds;

    close(): boolean {
      if (this.#destroyed) return true;
      let prevented = false;
      this.emit('close', {
        preventDefault: () => {
          prevented = true;
        },
      });
      if (prevented) return false;
      this.#destroyed = true;
      this.page.destroy();
      this.page.driver?.close();
      this.emit('closed');
      app.removeWindow(this);
      return true;
    }
  }

  /** Breaks the build when Electron's own window no longer looks like this. */
  type Doubled = Pick<
    BrowserWindow,
    | 'loadURL'
    | 'isDestroyed'
    | 'isVisible'
    | 'isFocused'
    | 'isMinimized'
    | 'isMaximized'
    | 'maximize'
    | 'minimize'
    | 'restore'
    | 'show'
    | 'focus'
    | 'blur'
    | 'getTitle'
    | 'setTitle'
    | 'setRepresentedFilename'
    | 'getBounds'
    | 'getNormalBounds'
    | 'webContents'
  >;
  return WindowDouble satisfies new (
    options: BrowserWindowConstructorOptions,
  ) => Doubled;
}

export type WindowDoubleClass = ReturnType<typeof createWindowClass>;
export type WindowDouble = InstanceType<WindowDoubleClass>;
