import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureElectronRuntime, whyNoWindow } from './lib/electron-runtime.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { runInForeground } from './lib/run.mjs';
import { fail, say } from './lib/say.mjs';
import { root } from './lib/tree.mjs';

/** An app that ends this soon and unasked has not opened. */
const openedMs = 8_000;

// npm runs scripts in the package's folder; INIT_CWD is where the command was typed, so a relative file means what it says.
const cwd = process.env.INIT_CWD ?? process.cwd();
const words = process.argv.slice(2);
const named = words[0]?.startsWith('-') ? undefined : words[0];
const flags = named === undefined ? words : words.slice(1);

try {
  const workspace = chooseWorkspace();
  await ensureInstalled(say);
  await ensureBuilt(say);
  await openDesktop(workspace);
  await openInBrowser(workspace);
} catch (error) {
  fail(error);
}

/** The file after `--`, else ./ballast.yaml, else undefined: the demo. */
function chooseWorkspace() {
  if (named !== undefined) {
    const file = resolve(cwd, named);
    if (!existsSync(file))
      throw new Error(`there is no ${file}; name a workspace file, or none for the demo`);
    return file;
  }
  return [cwd, root].map((folder) => join(folder, 'ballast.yaml')).find((file) => existsSync(file));
}

/**
 * Returns only when the desktop app cannot open here, having said why.
 * @param {string | undefined} workspace
 */
async function openDesktop(workspace) {
  // Flags are the command line's: whoever gives one wants that face.
  if (flags.length > 0) return;
  const obstacle = whyNoWindow();
  if (obstacle) return say(`no desktop window: ${obstacle}; opening the same interface for the browser`);
  const runtime = await ensureElectronRuntime(say);
  if ('missing' in runtime) {
    return say(
      `no desktop window: Electron's runtime ${runtime.missing}; opening the same interface for the browser`,
    );
  }
  const started = Date.now();
  let asked = false;
  const note = () => {
    asked = true;
  };
  process.once('SIGINT', note).once('SIGTERM', note).once('SIGHUP', note);
  const { code, signal } = await runInForeground(runtime.path, [root, ...(workspace ? [workspace] : [])]);
  if (code === 0 || asked) process.exit(code ?? 0);
  if (Date.now() - started > openedMs) process.exit(code ?? 1);
  say(`no desktop window: Electron ended with ${signal ?? code}; opening the same interface for the browser`);
}

/** @param {string | undefined} workspace */
async function openInBrowser(workspace) {
  const cli = join(root, 'out', 'main', 'cli.js');
  const { code, signal } = await runInForeground(
    process.execPath,
    [cli, ...(workspace ? ['up', workspace] : ['demo']), ...flags],
    { cwd },
  );
  process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
}
