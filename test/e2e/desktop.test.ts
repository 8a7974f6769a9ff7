import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type DesktopApp,
  type DesktopLaunch,
  type DesktopRuntime,
  freshFolder,
  realElectron,
  testHost,
} from '../support/desktop-app.ts';
import { isAlive } from '../support/is-alive.ts';
import { until } from '../support/until.ts';

/** A workspace of its own: one listener on a port the system chooses, one server that nobody asks. */
function workspaceText(pool: string): string {
  return [
    'listeners:',
    `  - { name: web, bind: 127.0.0.1:0, pool: ${pool} }`,
    'pools:',
    `  - name: ${pool}`,
    '    servers:',
    '      - { name: only, address: 127.0.0.1:9 }',
    '    healthCheck: { type: none }',
    '',
  ].join('\n');
}

/** Address of the page's listener, as the interface shows it. */
async function listenerUrl(page: Page): Promise<string> {
  const address = page.locator('[data-listener="web"] > code');
  return `http://${await until('the listener has its port', async () => {
    const text = await address.textContent();
    return text !== null && /:[1-9]\d*$/.test(text) && text;
  })}/`;
}

/** Processes that answer behind a listener, by server. */
async function replicaPids(url: string, count: number): Promise<Map<string, number>> {
  const pids = new Map<string, number>();
  await until(`${count} replicas answer`, async () => {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    const { server, pid } = (await response.json()) as { server: string; pid: number };
    pids.set(server, pid);
    return pids.size === count;
  });
  return pids;
}

/** What the desktop app must do, whatever runs it. */
function describeDesktop(runtime: DesktopRuntime): void {
  const title = `the desktop app in ${runtime.name}${runtime.missing ? ` (${runtime.missing})` : ''}`;
  describe.skipIf(runtime.missing)(title, () => {
    const apps: DesktopApp[] = [];
    const launch = async (options: DesktopLaunch = {}): Promise<DesktopApp> => {
      const app = await runtime.launch(options);
      apps.push(app);
      return app;
    };
    const server = (page: Page, name: string) =>
      page.locator('[data-pool="api"]').getByText(name, { exact: true });

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail')
        for (const app of apps) console.error(`the app said:\n${app.output()}`);
      await Promise.all(apps.splice(0).map((app) => app.close()));
    });

    it('opens on the demo, shows its three servers, and ends with nothing left behind', async () => {
      const app = await launch();
      const page = await app.page();
      for (const name of ['api-1', 'api-2', 'api-3']) await server(page, name).first().waitFor();
      await until('the title is the workspace’s', () =>
        app.evaluate(
          ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle().endsWith('\u2014 Ballast'),
          0,
        ),
      );
      const pids = await replicaPids(await listenerUrl(page), 3);
      for (const pid of pids.values()) expect(isAlive(pid)).toBe(true);

      await app.evaluate(({ app: electronApp }) => electronApp.quit(), 0).catch(() => {});
      expect(await app.exited).toBe(0);
      await until('the replicas have ended', () => ![...pids.values()].some(isAlive));
    });

    it('kills a replica from the interface while clients lose nothing', async () => {
      const app = await launch();
      const page = await app.page();
      const url = await listenerUrl(page);
      const pids = await replicaPids(url, 3);
      await page.getByRole('button', { name: 'Kill api-2', exact: true }).first().click();
      await until('the process has ended', () => !isAlive(pids.get('api-2') ?? 0));
      for (let request = 0; request < 30; request++) {
        const response = await fetch(url, { headers: { accept: 'application/json' } });
        expect(response.status).toBe(200);
        expect(((await response.json()) as { server: string }).server).not.toBe('api-2');
      }
      await page.getByRole('button', { name: 'Start api-2', exact: true }).first().waitFor();
    });

    it('opens the workspace that a person chooses from the menu', async () => {
      const app = await launch();
      const page = await app.page();
      await server(page, 'api-1').first().waitFor();
      const folder = freshFolder();
      const path = join(folder, 'shop.yaml');
      writeFileSync(path, workspaceText('shop'));
      await app.evaluate(({ dialog, Menu }, chosen) => {
        dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] });
        Menu.getApplicationMenu()?.getMenuItemById('open-workspace')?.click();
      }, path);
      await page.locator('[data-pool="shop"]').waitFor();
      expect(await page.locator('[data-pool="api"]').count()).toBe(0);
      await until('the title is the file’s', () =>
        app.evaluate(
          ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getTitle().includes('shop.yaml'),
          0,
        ),
      );
      rmSync(folder, { recursive: true });
    });

    it('ignores messages that do not come from its own page', async () => {
      const app = await launch();
      const page = await app.page();
      const pids = await replicaPids(await listenerUrl(page), 3);
      await app.evaluate(({ BrowserWindow, ipcMain }) => {
        const own = BrowserWindow.getAllWindows()[0]?.webContents;
        const kill = {
          type: 'command',
          id: 1,
          name: 'server.kill',
          params: { pool: 'api', server: 'api-1' },
        };
        const strangers = [
          { sender: { id: 99 }, senderFrame: own?.mainFrame },
          { sender: own, senderFrame: { url: 'https://example.com/', parent: null } },
          { sender: own, senderFrame: { url: 'app://ballast/index.html', parent: own?.mainFrame } },
          { sender: own, senderFrame: null },
        ];
        for (const event of strangers) {
          ipcMain.emit('ballast:open', event, 'x');
          ipcMain.emit('ballast:frame', event, 'x', { type: 'hello', protocol: 1 });
          ipcMain.emit('ballast:frame', event, 'x', kill);
        }
      }, 0);
      // A command of the real page goes through after those of the strangers would have: they were first.
      await page.getByRole('button', { name: 'Kill api-2', exact: true }).first().click();
      await until('api-2 has ended', () => !isAlive(pids.get('api-2') ?? 0));
      expect(isAlive(pids.get('api-1') ?? 0)).toBe(true);
    });

    it('runs once: a second start brings the first to the front and opens its file there', async () => {
      const userData = freshFolder();
      const first = await launch({ userData });
      const page = await first.page();
      await server(page, 'api-1').first().waitFor();
      await first.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize(), 0);
      const folder = freshFolder();
      writeFileSync(join(folder, 'shop.yaml'), workspaceText('shop'));
      const second = await runtime.launch({ userData, cwd: folder, args: ['shop.yaml'] });
      expect(await second.exited).toBe(0);
      await page.locator('[data-pool="shop"]').waitFor();
      const isMinimized = await first.evaluate(
        ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isMinimized(),
        0,
      );
      expect(isMinimized).toBe(false);
      rmSync(folder, { recursive: true });
    });

    it('opens where it was last time', async () => {
      const userData = freshFolder();
      const bounds = { x: 40, y: 30, width: 1010, height: 640 };
      const first = await runtime.launch({ userData });
      await first.page();
      await first.evaluate(({ BrowserWindow }, wanted) => {
        BrowserWindow.getAllWindows()[0]?.setBounds(wanted);
      }, bounds);
      await first.evaluate(({ app }) => app.quit(), 0).catch(() => {});
      await first.exited;
      const second = await launch({ userData });
      await second.page();
      const placed = await second.evaluate(
        ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds(),
        0,
      );
      expect(placed).toEqual(bounds);
    });

    describe('once it runs', () => {
      let shared: { readonly app: DesktopApp; readonly page: Page };
      beforeAll(async () => {
        const app = await runtime.launch();
        shared = { app, page: await app.page() };
      });
      afterEach(async ({ task }) => {
        if (task.result?.state !== 'fail') return;
        console.error(`the app said:\n${shared.app.output()}\nits page: ${await shared.page.content()}`);
      });
      afterAll(() => shared?.app.close());

      it('says what is wrong with a workspace, and keeps the one that runs', async () => {
        const { app, page } = shared;
        const url = await listenerUrl(page);
        const folder = freshFolder();
        const path = join(folder, 'broken.yaml');
        writeFileSync(
          path,
          'listeners:\n  - { name: web, bind: nowhere, pool: shop }\npools:\n  - name: shop\n',
        );
        const told = await app.evaluate(
          ({ dialog, Menu }, chosen) =>
            new Promise<string>((resolve) => {
              dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] });
              dialog.showMessageBox = (async (...args: unknown[]) => {
                const { message, detail } = args.at(-1) as { message: string; detail: string };
                resolve(`${message}\n${detail}`);
                return { response: 0, checkboxChecked: false };
              }) as typeof dialog.showMessageBox;
              Menu.getApplicationMenu()?.getMenuItemById('open-workspace')?.click();
            }),
          path,
        );
        expect(told).toContain('broken.yaml');
        expect(told).toMatch(/2:\d+/);
        expect((await fetch(url)).status).toBe(200);
        await server(page, 'api-1').first().waitFor();
        rmSync(folder, { recursive: true });
      });

      it('lets a page go nowhere else, open nothing and embed nothing', async () => {
        const { app, page } = shared;
        await server(page, 'api-1').first().waitFor();
        const before = page.url();
        await page.evaluate(() => {
          location.href = 'https://example.com/';
        });
        const opened = await page.evaluate(() => window.open('https://example.com/') === null);
        expect(opened).toBe(true);
        const loaded = await page.evaluate(async () => {
          const frame = document.createElement('iframe');
          frame.src = 'https://example.com/';
          document.body.append(frame);
          const fetched = await fetch('https://example.com/').then(
            () => true,
            () => false,
          );
          return fetched;
        });
        expect(loaded).toBe(false);
        expect(page.url()).toBe(before);
        await server(page, 'api-1').first().waitFor();
        const windows = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length, 0);
        expect(windows).toBe(1);
        const exposed = await page.evaluate(() => [
          typeof (globalThis as { require?: unknown }).require,
          typeof process,
        ]);
        expect(exposed).toEqual(['undefined', 'undefined']);
      });

      it('connects again after the page was loaded anew', async () => {
        const { page } = shared;
        await server(page, 'api-1').first().waitFor();
        await page.reload();
        await server(page, 'api-1').first().waitFor();
      });

      // The last: it leaves another screen behind.
      it('saves an export where the dialog says', async () => {
        const { app, page } = shared;
        await server(page, 'api-1').first().waitFor();
        const folder = freshFolder();
        const path = join(folder, 'nginx.conf');
        await app.evaluate(({ dialog }, chosen) => {
          dialog.showSaveDialog = async () => ({ canceled: false, filePath: chosen });
        }, path);
        await page.getByRole('navigation').getByText('Export').click();
        await page.getByRole('button', { name: /^Save/ }).click();
        await until(
          'the file is written',
          () => existsSync(path) && readFileSync(path, 'utf8').includes('upstream'),
        );
        rmSync(folder, { recursive: true });
      });
    });
  });
}

// The built main process, preload and interface together; in the host only Electron itself is a stand-in. In Electron where its runtime
// is installed and a window can open: skipped by name elsewhere.
for (const runtime of [testHost, realElectron]) describeDesktop(runtime);
