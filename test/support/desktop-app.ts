import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Electron from 'electron';
import { _electron, type Browser, chromium, type Page } from 'playwright-core';
import { findElectronRuntime, whyNoWindow } from '../../scripts/lib/electron-runtime.mjs';
import { browserFlags, browserPath } from './browser.ts';
import { until } from './until.ts';

export const root = join(import.meta.dirname, '..', '..');

export interface DesktopLaunch {
  /** The app's own data folder; a fresh one when left out. Two launches with the same one are two instances of one app. */
  readonly userData?: string;
  /** Words after the app's own: a workspace file, say. */
  readonly args?: readonly string[];
  readonly cwd?: string;
}

/** The running desktop app, driven as a person and as a test may, in the test host and in a real Electron alike. */
export interface DesktopApp {
  readonly pid: number;
  /** The window's page. Waits for it. */
  page(): Promise<Page>;
  /** Runs a function in the main process. It may use nothing from outside itself. */
  evaluate<A, T>(run: (electron: typeof Electron, arg: A) => T | Promise<T>, arg: A): Promise<T>;
  /** Resolves with the exit code once the process has ended. */
  readonly exited: Promise<number | null>;
  /** What it wrote to its standard streams, for a test that failed. */
  output(): string;
  /** Asks the app to quit and waits for its end; ends it by force if it does not. */
  close(): Promise<void>;
}

export interface DesktopRuntime {
  readonly name: string;
  /** Why it cannot run here; undefined where it can. */
  readonly missing: string | undefined;
  launch(options?: DesktopLaunch): Promise<DesktopApp>;
}

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ballast-desktop-'));
}

/** The built app in Node, with the electron module replaced by the test host, whose windows are Chromium. */
export const testHost: DesktopRuntime = {
  name: 'the test host',
  missing: undefined,
  async launch({ userData = freshFolder(), args = [], cwd = userData } = {}) {
    const host = join(root, 'test', 'support', 'desktop-host');
    rmSync(portFile(userData), { force: true }); // an earlier run's
    // As with a real Electron in development: the app's folder stands first, then what the person wrote.
    const words = [root, ...args, `--user-data-dir=${userData}`];
    const child = fork(join(host, 'run.ts'), words, {
      cwd,
      execArgv: ['--import', join(host, 'register.mjs')],
      env: {
        ...process.env,
        BALLAST_HOST_ENTRY: join(root, 'out', 'main', 'index.js'),
        BALLAST_HOST_BROWSER: JSON.stringify({ executablePath: browserPath(), flags: browserFlags }),
      },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return hostApp(child, userData);
  },
};

/** Where Chromium writes its debugging port once it listens. */
function portFile(userData: string): string {
  return join(userData, 'chromium', 'DevToolsActivePort');
}

function hostApp(child: ChildProcess, userData: string): DesktopApp {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  let lastId = 0;
  let browser: Browser | undefined;

  const app: DesktopApp = {
    pid: child.pid ?? 0,
    exited,
    output: () => output,
    async page() {
      const file = portFile(userData);
      const port = await until(
        `a window opens; the app said:\n${output}`,
        () => {
          if (ended) throw new Error(`the app ended:\n${output}`);
          // Two lines when it is whole.
          return existsSync(file) && /^(\d+)\n\//.exec(readFileSync(file, 'utf8'))?.[1];
        },
        60_000,
      );
      browser ??= await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
      const context = browser.contexts()[0];
      return until('the window shows the interface', () =>
        context?.pages().find((page) => page.url().includes('ballast')),
      );
    },
    evaluate(run, arg) {
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        const answer = (message: { id: number; value?: never; error?: string }): void => {
          if (message.id !== id) return;
          child.off('message', answer);
          if (message.error === undefined) resolve(message.value as never);
          else reject(new Error(message.error));
        };
        child.on('message', answer);
        void exited.then(() => reject(new Error(`the app ended before it answered:\n${output}`)));
        child.send({ id, source: run.toString(), arg });
      });
    },
    async close() {
      await browser?.close().catch(() => {});
      if (!ended) child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await exited;
      clearTimeout(force);
      rmSync(userData, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  return app;
}

/** The built app in Electron itself, where its runtime is installed and can open a window. */
export const realElectron: DesktopRuntime = {
  name: 'Electron',
  missing: findElectronRuntime() === undefined ? 'Electron runtime not installed' : whyNoWindow(),
  async launch({ userData = freshFolder(), args = [], cwd = userData } = {}) {
    const executablePath = findElectronRuntime();
    if (!executablePath) throw new Error('Electron runtime not installed');
    const electron = await _electron.launch({
      executablePath,
      args: [root, ...args, `--user-data-dir=${userData}`],
      cwd,
    });
    const child = electron.process();
    const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
    return {
      pid: child.pid ?? 0,
      exited,
      output: () => '',
      page: () => electron.firstWindow(),
      evaluate: (run, arg) => electron.evaluate(run as never, arg as never) as never,
      async close() {
        await electron.close().catch(() => {});
        await exited;
        rmSync(userData, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  },
};
