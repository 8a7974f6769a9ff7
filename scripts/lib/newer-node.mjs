import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { say } from './say.mjs';

/** Several threads share a port from this one on. */
const needed = { major: 23, minor: 1 };
const downloaded = 'node@24';
/** It is one package of some 50 MB, kept by npm afterwards. */
const downloadMs = 120_000;

/**
 * A Node that several threads of the data plane can run on: this one, or else one that npm fetches and keeps in its cache.
 * @param {(line: string) => void} say
 * @returns {{ path: string } | { reason: string }}
 */
export function findNewerNode(say) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > needed.major || (major === needed.major && minor >= needed.minor))
    return { path: process.execPath };
  say(`looking for ${downloaded}, which several threads need ...`);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const asked = ['exec', '--yes', '--prefer-offline', `--package=${downloaded}`, '--'];
  const { status, stdout, stderr, error } = spawnSync(npm, [...asked, 'node', '-p', 'process.execPath'], {
    encoding: 'utf8',
    timeout: downloadMs,
    shell: process.platform === 'win32',
  });
  const path = stdout?.trim().split('\n').at(-1) ?? '';
  if (status === 0 && existsSync(path)) return { path };
  const why = error?.message ?? stderr?.trim().split('\n').at(-1) ?? '';
  return { reason: `${downloaded} could not be had (${why || `npm ended with ${status}`})` };
}

/**
 * The Node to run that many threads on; throws where there is none.
 * @param {string} threads
 */
export function nodeFor(threads) {
  if (Number(threads) <= 1) return process.execPath;
  const found = findNewerNode(say);
  if ('path' in found) return found.path;
  throw new Error(`${threads} threads: ${found.reason}`);
}
