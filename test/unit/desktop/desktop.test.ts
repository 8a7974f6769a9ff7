import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContractError } from '@shared/contract/errors.ts';
import type { IpcMainEvent, WebFrameMain } from 'electron';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ShellOptions, startShell } from '../../support/desktop-shell.ts';
import { until } from '../../support/until.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-shell-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const setUp = (options?: ShellOptions) => startShell(folder, options);

describe('the desktop shell', () => {
  it('opens one window that can do nothing but show the interface', async () => {
    const { open, double } = await setUp();
    expect(double.windows()).toHaveLength(0);
    await open();
    expect(double.windows()).toHaveLength(1);
    const [window] = double.windows();
    expect(window?.page.mainFrame.url).toBe('app://ballast/index.html');
    expect(window?.options.webPreferences).toMatchObject({
      preload: '/built/preload.cjs',
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
    });
    expect(double.schemes).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
    ]);
    await until('it is shown once painted', () => window?.visible);
  });

  it('runs the demo, or the file that was named', async () => {
    const demo = await setUp();
    await demo.open();
    await until('the demo starts', () => demo.notes.includes('start demo'));
    const named = await setUp({ argv: ['shop.yaml'] });
    await named.open();
    await until('the file starts', () => named.notes.includes(`start ${join(folder, 'shop.yaml')}`));
    expect(named.double.app.recentDocuments).toEqual([join(folder, 'shop.yaml')]);
  });

  it('titles the window as the workspace calls itself', async () => {
    const { open, double } = await setUp();
    await open();
    await until('the title is told', () => double.windows()[0]?.title === 'demo \u2014 Ballast');
  });

  it('serves a page that asks before the workspace runs, once it does', async () => {
    const { open, connectPage } = await setUp();
    await open();
    const client = await connectPage();
    expect(client.version).toBe('demo');
    expect(client.capabilities).toEqual(['read', 'operate', 'edit', 'save-file', 'open-file']);
  });

  it('hears its own page only', async () => {
    const { open, double, page, toPage } = await setUp();
    await open();
    const own = page().contents as never;
    const hello = { type: 'hello', protocol: 1 };
    const frames: (WebFrameMain | null)[] = [
      null,
      { url: 'https://example.com/', parent: null } as WebFrameMain,
      { url: 'app://ballast/index.html', parent: page().mainFrame } as WebFrameMain, // a frame within the page
      // A frame that went away: Electron throws when it is asked.
      Object.defineProperty({ parent: null }, 'url', {
        get() {
          throw new Error('Render frame was disposed before WebFrameMain could be accessed');
        },
      }) as WebFrameMain,
    ];
    for (const frame of frames) {
      double.receive(own, frame, 'ballast:open', 'x');
      double.receive(own, frame, 'ballast:frame', 'x', hello);
    }
    const other = { ...page().contents } as unknown as IpcMainEvent['sender'];
    double.receive(other, page().mainFrame, 'ballast:open', 'x');
    (page().mainFrame as { url: string }).url = 'https://example.com/';
    double.receive(own, page().mainFrame, 'ballast:open', 'x');
    double.receive(own, page().mainFrame, 'ballast:frame', 'x', hello);
    (page().mainFrame as { url: string }).url = 'app://ballast/index.html';
    double.receive(own, page().mainFrame, 'ballast:open', 'own');
    double.receive(own, page().mainFrame, 'ballast:frame', 'own', hello);
    await until('its own page is answered', () => toPage.length > 0);
    expect(toPage.map(([, connection]) => connection)).toEqual(['own']);
  });

  it('denies navigation, windows, webviews, permissions and requests to anywhere else', async () => {
    const { open, double, page } = await setUp();
    await open();
    for (const url of [
      'https://example.com/',
      'file:///etc/passwd',
      'app://other/',
      'app://ballast.example.com/',
      'javascript:alert(1)',
    ]) {
      expect(page().mayNavigate(url, true), url).toBe(false);
      expect(page().mayNavigate(url, false), url).toBe(false);
      expect(double.mayLoad(url), url).toBe(false);
    }
    expect(page().mayNavigate('app://ballast/index.html#requests', true)).toBe(true);
    expect(double.mayLoad('app://ballast/assets/main.js')).toBe(true);
    expect(page().openHandler?.({ url: 'app://ballast/index.html' })).toEqual({ action: 'deny' });

    const ask = (permission: string, url: string) => {
      let granted: boolean | undefined;
      double.permissions.request?.(
        { getURL: () => url } as never,
        permission as never,
        ((answer: boolean) => {
          granted = answer;
        }) as never,
      );
      return granted;
    };
    expect(ask('media', 'app://ballast/index.html')).toBe(false);
    expect(ask('geolocation', 'app://ballast/index.html')).toBe(false);
    expect(ask('clipboard-sanitized-write', 'app://ballast/index.html')).toBe(true);
    expect(ask('clipboard-sanitized-write', 'https://example.com/')).toBe(false);
    expect(double.permissions.device?.()).toBe(false);

    let webview: 'attached' | 'prevented' = 'attached';
    page().emit('will-attach-webview', {
      preventDefault() {
        webview = 'prevented';
      },
    });
    expect(webview).toBe('prevented');
  });

  it('gives way to the instance that runs already', async () => {
    const { double, exits, started } = await setUp({ takeLock: () => false });
    await started;
    expect(exits).toEqual([0]);
    expect(double.windows()).toHaveLength(0);
  });

  it('comes to the front when started again, and opens the file that names', async () => {
    const { open, double, notes } = await setUp();
    await open();
    const [window] = double.windows();
    window?.minimize();
    double.app.emit('second-instance', {}, ['electron', '.'], folder);
    expect(window?.minimized).toBe(false);
    expect(window?.focused).toBe(true);
    double.app.emit('second-instance', {}, ['electron', '.', 'shop.yaml'], folder);
    await until('the file runs', () => notes.includes(`start ${join(folder, 'shop.yaml')}`));
    await until('the demo has ended', () => notes.includes('clean demo'));
    expect(double.windows()).toHaveLength(1);
  });

  it('asks for a file from the menu and from the interface', async () => {
    const { open, double, notes, item, connectPage } = await setUp();
    await open();
    double.pieces.dialog.showOpenDialog = async () => ({ canceled: false, filePaths: ['/a.yaml'] });
    item('open-workspace')?.click();
    await until('the first file runs', () => notes.includes('start /a.yaml'));
    item('show-workspace-file')?.click();
    expect(double.shown).toEqual(['/a.yaml']);

    double.pieces.dialog.showOpenDialog = async () => ({ canceled: false, filePaths: ['/b.yaml'] });
    const client = await connectPage();
    const closed = new Promise<string>((resolve) => client.onClose(resolve));
    expect(await client.call('shell.open-workspace', {})).toEqual({ path: '/b.yaml' });
    expect(await closed).toBe('another workspace opens');
    await until('the second file runs', () => notes.includes('start /b.yaml'));
    expect((await connectPage()).version).toBe('/b.yaml');

    double.pieces.dialog.showOpenDialog = async () => ({ canceled: true, filePaths: [] });
    expect(await (await connectPage()).call('shell.open-workspace', {})).toEqual({ path: null });
  });

  it('saves where the dialog says, and says why it cannot', async () => {
    const { open, double, connectPage } = await setUp();
    await open();
    const client = await connectPage();
    const path = join(folder, 'nginx.conf');
    const save = () => client.call('shell.save-file', { suggestedName: 'nginx.conf', text: 'events {}\n' });

    expect(await save()).toEqual({ path: null });
    let suggested: unknown;
    double.pieces.dialog.showSaveDialog = async (...args) => {
      suggested = (args.at(-1) as { defaultPath: string }).defaultPath;
      return { canceled: false, filePath: path };
    };
    expect(await save()).toEqual({ path });
    expect(suggested).toBe(path);
    expect(readFileSync(path, 'utf8')).toBe('events {}\n');

    double.pieces.dialog.showSaveDialog = async () => ({
      canceled: false,
      filePath: join(folder, 'no', 'x'),
    });
    await expect(save()).rejects.toMatchObject({
      code: 'io-failed',
      message: expect.stringContaining('ENOENT'),
    });
    await expect(
      client.call('shell.save-file', { suggestedName: '../nginx.conf', text: '' }),
    ).rejects.toMatchObject({ code: 'invalid-params' });
  });

  it('tells what is wrong with a workspace and offers what to do instead', async () => {
    const asked: { message: string; detail: string; buttons: string[] }[] = [];
    const problem = new ContractError('invalid-config', '/bad.yaml has 1 problem', [
      { path: ['pools'], message: 'unknown key "server"; did you mean "servers"?', line: 3, column: 5 },
    ]);
    const { open, double, notes } = await setUp({
      argv: ['/bad.yaml'],
      refuse: (choice) => (choice.kind === 'file' ? problem : undefined),
    });
    double.pieces.dialog.showMessageBox = async (...args) => {
      const ask = args.at(-1) as (typeof asked)[number];
      asked.push(ask);
      return { response: ask.buttons.indexOf('Open the Demo'), checkboxChecked: false };
    };
    await open();
    await until('the demo runs instead', () => notes.includes('start demo'));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.message).toBe('/bad.yaml cannot be run');
    expect(asked[0]?.detail).toContain('line 3:5');
    expect(asked[0]?.detail).toContain('did you mean "servers"?');
  });

  it('ends the workspace before the app, whichever way it is asked to quit', async () => {
    const closed = await setUp();
    await closed.open();
    await until('the demo runs', () => closed.notes.includes('start demo'));
    closed.double.windows()[0]?.close();
    await until('the app has ended', () => closed.exits.length > 0);
    expect(closed.exits).toEqual([0]);
    expect(closed.notes.slice(-2)).toEqual(['stop demo', 'clean demo']);
    expect(existsSync(join(folder, 'window.json'))).toBe(true);

    const quit = await setUp();
    await quit.open();
    await until('the demo runs', () => quit.notes.includes('start demo'));
    quit.double.electron.app.quit();
    quit.double.electron.app.quit();
    await until('the app has ended', () => quit.exits.length > 0);
    expect(quit.notes.filter((note) => note === 'stop demo')).toHaveLength(1);
  });

  it('stays without a window on macOS, and opens one again from the dock', async () => {
    const { open, double, exits } = await setUp({ platform: 'darwin' });
    await open();
    double.windows()[0]?.close();
    expect(double.windows()).toHaveLength(0);
    expect(exits).toEqual([]);
    double.app.emit('activate');
    expect(double.windows()).toHaveLength(1);
  });

  it('opens the file macOS hands over before it is ready', async () => {
    const { double, open, notes } = await setUp({ platform: 'darwin' });
    const { event, prevented } = double.app.preventable();
    double.app.emit('open-file', event, '/dropped.yaml');
    expect(prevented()).toBe(true);
    await open();
    await until('the file runs', () => notes.includes('start /dropped.yaml'));
    expect(notes).not.toContain('start demo');
  });

  it('serves the interface under app://', async () => {
    const { open, double } = await setUp();
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    await open();
    expect(await (await double.fetch('app://ballast/index.html')).text()).toBe('<!doctype html>');
  });
});
