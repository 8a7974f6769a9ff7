import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './tree.mjs';

const electronFolder = join(root, 'node_modules', 'electron');
const attempted = join(root, 'node_modules', '.ballast-electron-attempt');
/** A download that stands still this long is given up. */
const stallMs = 30_000;
/** And one that is under way, after this. */
const longestMs = 600_000;

/**
 * Path of Electron's executable; undefined while its runtime is not installed (the npm package comes without).
 * @returns {string | undefined}
 */
export function findElectronRuntime() {
  try {
    const name = readFileSync(join(electronFolder, 'path.txt'), 'utf8').trim();
    const path = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(electronFolder, 'dist'), name);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Why a window cannot open on this machine whatever is installed; undefined where one can.
 * @returns {string | undefined}
 */
export function whyNoWindow() {
  if (process.platform !== 'linux') return undefined;
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return 'there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)';
  if (process.getuid?.() === 0) return 'Electron does not run as root';
  return undefined;
}

/**
 * The runtime, downloaded if need be. Tried once a day at most: where the download is blocked it is blocked tomorrow too, and
 * nobody wants to wait for that at each start.
 * @param {(line: string) => void} say
 * @param {{ insist?: boolean }} [options] `insist`: try even if it failed lately, for somebody who asked for just that
 * @returns {Promise<{ path: string } | { missing: string }>}
 */
export async function ensureElectronRuntime(say, { insist = false } = {}) {
  const found = findElectronRuntime();
  if (found) return { path: found };
  if (!insist && attemptedLately()) {
    return { missing: 'could not be downloaded earlier; try again with: npx install-electron' };
  }
  say("downloading Electron's runtime (about 110 MB, once) ...");
  const failure = await download();
  const path = findElectronRuntime();
  if (path) return { path };
  writeFileSync(attempted, electronVersion());
  return { missing: `cannot be downloaded (${failure ?? 'the installer left nothing'})` };
}

function attemptedLately() {
  try {
    const fresh = Date.now() - statSync(attempted).mtimeMs < 86_400_000;
    return fresh && readFileSync(attempted, 'utf8') === electronVersion();
  } catch {
    return false;
  }
}

function electronVersion() {
  return String(JSON.parse(readFileSync(join(electronFolder, 'package.json'), 'utf8')).version);
}

/**
 * Runs Electron's own installer and watches that its download grows.
 * @returns {Promise<string | undefined>} what went wrong
 */
async function download() {
  const scratch = mkdtempSync(join(tmpdir(), 'ballast-electron-'));
  const child = spawn(process.execPath, [join(electronFolder, 'install.js')], {
    cwd: root,
    env: { ...process.env, TMPDIR: scratch, TMP: scratch, TEMP: scratch },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    errors = (errors + text).slice(-4_000);
  });
  /** @type {string | undefined} */
  let givenUp;
  const started = Date.now();
  let [size, grewAt] = [0, started];
  const watch = setInterval(() => {
    const now = Date.now();
    const grown = sizeOf(scratch) + sizeOf(join(electronFolder, 'dist'));
    if (grown > size) [size, grewAt] = [grown, now];
    if (now - grewAt > stallMs) givenUp = `the download stood still for ${stallMs / 1000} s`;
    else if (now - started > longestMs) givenUp = `the download took more than ${longestMs / 60_000} minutes`;
    if (givenUp) child.kill('SIGKILL');
  }, 500);
  try {
    const code = await new Promise((resolve) => {
      child.on('error', () => resolve(-1));
      child.on('close', resolve);
    });
    return givenUp ?? (code === 0 ? undefined : firstReason(errors));
  } finally {
    clearInterval(watch);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function sizeOf(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  } catch {
    // A file that vanished while we looked: the next look counts again.
  }
  return bytes;
}

/** The line of a stack that a person can use. @param {string} errors */
function firstReason(errors) {
  const cause = /(?:cause: |code: ')([^\n',]+)/.exec(errors)?.[1];
  const told = errors.split('\n').find((each) => /error/i.test(each)) ?? 'the installer failed';
  const line = told.trim().replace(/^\w*Error: /, '');
  return cause && !line.includes(cause) ? `${line}: ${cause}` : line;
}
