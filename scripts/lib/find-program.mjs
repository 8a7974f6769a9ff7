import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Full path of a program on PATH, as a shell would find it.
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  // Where root's programs live on Debian; an ordinary user's PATH leaves it out.
  const extra = process.platform === 'win32' ? [] : ['/usr/sbin', '/usr/local/sbin'];
  for (const folder of [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...extra]) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (canRun(path)) return path;
    }
  }
  return undefined;
}

/** @param {string} path */
export function canRun(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
