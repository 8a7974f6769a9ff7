import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './tree.mjs';

const sources = [
  'main',
  'preload',
  'renderer',
  'electron.vite.config.ts',
  'tsconfig.base.json',
  'package.json',
  'package-lock.json',
];
const out = join(root, 'out');
const stamp = join(out, '.built-from');
const lock = join(root, 'node_modules', '.ballast-build-lock');

/** Content, not times: a checkout or a copy touches every file and changes none. */
export function hashSources() {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    if (existsSync(path)) addToHash(hash, source, path);
  }
  return hash.digest('hex');
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} name
 * @param {string} path
 */
function addToHash(hash, name, path) {
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort()) addToHash(hash, `${name}/${entry}`, join(path, entry));
    return;
  }
  hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
}

function builtFrom() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}

/** True when `out/` is missing or was made from other sources than those that stand here. */
export function isBuildStale() {
  return builtFrom() !== hashSources();
}

/**
 * Builds unless `out/` is up to date. Two commands that start at once build once: the second waits for the first.
 * @param {(line: string) => void} say
 * @throws when the build fails; `out/` then stays as it was
 */
export async function ensureBuilt(say) {
  if (!isBuildStale()) return;
  const release = await takeLock(say);
  try {
    if (isBuildStale()) await build(say);
  } finally {
    release();
  }
}

/**
 * Builds beside `out/` and swaps at the end, so that a failing build leaves the last good one.
 * @param {(line: string) => void} say
 */
async function build(say) {
  const started = Date.now();
  say('building out/ ...');
  const from = hashSources();
  const next = join(root, 'out.next');
  const former = join(root, 'out.former');
  rmSync(next, { recursive: true, force: true });
  try {
    await runBuilder(next);
    writeFileSync(join(next, '.built-from'), from);
    rmSync(former, { recursive: true, force: true });
    if (existsSync(out)) renameSync(out, former);
    renameSync(next, out);
  } finally {
    rmSync(next, { recursive: true, force: true });
    rmSync(former, { recursive: true, force: true });
  }
  say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * @param {string} outDir
 * @returns {Promise<void>}
 */
function runBuilder(outDir) {
  const builder = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const child = spawn(process.execPath, [builder, 'build', '--outDir', outDir, '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(!process.stderr.isTTY && { NO_COLOR: '1', FORCE_COLOR: '0' }) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the build failed (electron-vite ended with ${code}):\n${output.trim()}`));
    });
  });
}

/**
 * @param {(line: string) => void} say
 * @returns {Promise<() => void>}
 */
async function takeLock(say) {
  const deadline = Date.now() + 180_000;
  for (let told = false; ; told = true) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return () => rmSync(lock, { recursive: true, force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (isAbandoned() || Date.now() > deadline) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!told) say('waiting for another build of this tree ...');
    await sleep(100);
  }
}

/** The process that took the lock is gone. */
function isAbandoned() {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
    if (!pid) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}
