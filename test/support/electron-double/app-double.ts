import { EventEmitter } from 'node:events';
import type { App, Event } from 'electron';

export interface AppDoubleOptions {
  readonly paths: Readonly<Record<string, string>>;
  readonly isPackaged?: boolean;
  /** False in a second instance. */
  readonly takeLock?: () => boolean;
  /** Ends the process, or notes that it would have ended. */
  readonly exit: (code: number) => void;
}

/** What an application's windows must let the app do. */
export interface ClosableWindow {
  /** True when it closed: a page or a listener may refuse. */
  close(): boolean;
}

/** Electron's `app` as far as the shell uses it, with the order of events that Electron keeps. */
export function createAppDouble(options: AppDoubleOptions) {
  const emitter = new EventEmitter();
  const windows = new Set<ClosableWindow>();
  const recentDocuments: string[] = [];
  let ready = false;
  let quitting = false;

  const preventable = (): { event: Event; prevented: () => boolean } => {
    let prevented = false;
    const event = {
      defaultPrevented: false,
      preventDefault: () => {
        prevented = true;
      },
    };
    return { event: event as Event, prevented: () => prevented };
  };

  const finish = (code: number): void => {
    emitter.emit('will-quit', preventable().event);
    emitter.emit('quit', preventable().event, code);
    options.exit(code);
  };

  const app = {
    isPackaged: options.isPackaged ?? false,
    on: (name: string, listener: (...args: never[]) => void) =>
      emitter.on(name, listener as (...args: unknown[]) => void) as never,
    isReady: () => ready,
    whenReady: () =>
      ready ? Promise.resolve() : new Promise<void>((resolve) => emitter.once('ready', () => resolve())),
    getPath: (name: string) => {
      const path = options.paths[name];
      if (path === undefined) throw new Error(`Failed to get '${name}' path`);
      return path;
    },
    getVersion: () => '0.0.0-double',
    requestSingleInstanceLock: () => options.takeLock?.() ?? true,
    addRecentDocument: (path: string) => void recentDocuments.push(path),
    quit: () => {
      const { event, prevented } = preventable();
      emitter.emit('before-quit', event);
      if (prevented()) return;
      quitting = true;
      for (const window of [...windows]) {
        if (!window.close()) {
          quitting = false;
          return;
        }
      }
      finish(0);
    },
    exit: (code = 0) => options.exit(code),
  } satisfies Pick<
    App,
    | 'isPackaged'
    | 'on'
    | 'isReady'
    | 'whenReady'
    | 'getPath'
    | 'getVersion'
    | 'requestSingleInstanceLock'
    | 'addRecentDocument'
    | 'quit'
    | 'exit'
  >;

  return {
    app,
    recentDocuments,
    emit: (name: string, ...args: unknown[]) => void emitter.emit(name, ...args),
    preventable,
    /** Electron is ready only after its entry module has been evaluated: a module that awaits it hangs. */
    becomeReady() {
      ready = true;
      emitter.emit('ready');
    },
    addWindow: (window: ClosableWindow) => void windows.add(window),
    removeWindow(window: ClosableWindow) {
      windows.delete(window);
      if (windows.size > 0 || quitting) return;
      if (emitter.listenerCount('window-all-closed') === 0) app.quit();
      else emitter.emit('window-all-closed');
    },
  };
}

export type AppDouble = ReturnType<typeof createAppDouble>;
