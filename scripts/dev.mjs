import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { createServer as createServerOfNet } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureBuilt } from './lib/build.mjs';
import { findElectronRuntime, whyNoWindow } from './lib/electron-runtime.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { runInForeground } from './lib/run.mjs';
import { fail, say } from './lib/say.mjs';
import { root } from './lib/tree.mjs';

const cwd = process.env.INIT_CWD ?? process.cwd();
const named = process.argv[2];
const workspace = named === undefined ? undefined : resolve(cwd, named);

try {
  await ensureInstalled(say);
  const obstacle =
    whyNoWindow() ?? (findElectronRuntime() ? undefined : "Electron's runtime is not installed");
  if (obstacle === undefined) await developDesktop();
  else {
    say(`no desktop window: ${obstacle}; developing in the browser`);
    await developInBrowser();
  }
} catch (error) {
  fail(error);
}

async function developDesktop() {
  const tool = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const { code } = await runInForeground(process.execPath, [
    tool,
    'dev',
    '--watch',
    ...(workspace ? ['--', workspace] : []),
  ]);
  process.exit(code ?? 1);
}

/**
 * The interface with hot reload from Vite, and behind it the command line, rebuilt and restarted when main/ changes. Vite passes
 * the control socket on as if the page came from the control endpoint itself, which admits nobody else.
 */
async function developInBrowser() {
  await ensureBuilt(say);
  const controlPort = await freePort();
  const target = `http://127.0.0.1:${controlPort}`;
  const { createServer } = await import('vite');
  const { default: react } = await import('@vitejs/plugin-react');
  const vite = await createServer({
    configFile: false,
    root: join(root, 'renderer'),
    resolve: { alias: { '@shared': join(root, 'main', 'shared') } },
    plugins: [react()],
    server: {
      host: '127.0.0.1',
      proxy: { '/control': { target, ws: true, changeOrigin: true, rewriteWsOrigin: true } },
    },
  });
  await vite.listen();
  const page = vite.resolvedUrls?.local[0] ?? '';

  let backend = await startBackend(controlPort);
  say(`open ${page}${backend.fragment}`);
  const stop = async () => {
    await Promise.all([backend.stop(), vite.close()]);
    process.exit(0);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop).once('SIGHUP', stop);

  let timer = setTimeout(() => {}, 0);
  watch(join(root, 'main'), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(restart, 300);
  });
  let restarting = false;
  async function restart() {
    if (restarting) return;
    restarting = true;
    try {
      await ensureBuilt(say);
      await backend.stop();
      backend = await startBackend(controlPort);
      say(`restarted; open ${page}${backend.fragment}`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    } finally {
      restarting = false;
    }
  }
}

/**
 * @param {number} controlPort
 * @returns {Promise<{ fragment: string, stop: () => Promise<void> }>} `fragment`: the token, as the page wants it after its URL
 */
async function startBackend(controlPort) {
  const child = spawn(
    process.execPath,
    [
      join(root, 'out', 'main', 'cli.js'),
      ...(workspace ? ['up', workspace] : ['demo']),
      ...['--json', '--no-open', '--control-port', String(controlPort)],
    ],
    { cwd, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    if (!line.startsWith('{"event":"ready"')) continue;
    const { control } = JSON.parse(line);
    child.stdout.resume();
    return {
      fragment: new URL(control).hash,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
  throw new Error('the command line ended before it was ready; its words stand above');
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServerOfNet();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}
