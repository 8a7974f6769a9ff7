import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tree.mjs';

/** @typedef {Record<string, { version?: string, optional?: boolean, link?: boolean }>} LockedPackages */

/**
 * @param {string} path
 * @returns {LockedPackages}
 */
function lockedPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages;
}

/** True when `node_modules/` is missing, or holds other versions than the lockfile says. */
export function isInstallStale() {
  // npm's own record of what it installed, written last: an interrupted install leaves none.
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return true;
  const installed = lockedPackages(record);
  return Object.entries(lockedPackages(join(root, 'package-lock.json'))).some(([path, locked]) => {
    if (path === '' || locked.link) return false;
    const found = installed[path];
    // Builds for other platforms are locked too, and rightly missing here.
    return found ? found.version !== locked.version : !locked.optional;
  });
}

/**
 * Runs `npm ci` unless the dependencies stand as the lockfile says.
 * @param {(line: string) => void} say
 */
export async function ensureInstalled(say) {
  checkNodeVersion();
  if (!isInstallStale()) return;
  const started = Date.now();
  say('installing dependencies (npm ci) ...');
  await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
  say(`installed in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(
    `Node ${process.versions.node} is too old; install Node 20.19 or newer (https://nodejs.org)`,
  );
}

/**
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function runNpm(args) {
  // Started by npm itself: the same npm. Otherwise the one on PATH, which is a shell script on Windows.
  const own = process.env.npm_execpath;
  const child = own
    ? spawn(process.execPath, [own, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
    : spawn('npm', args, {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        shell: process.platform === 'win32',
      });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args[0]} failed with ${code}; its words stand above`));
    });
  });
}
