import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ContractError } from '@shared/contract/errors.ts';

/**
 * Replaces a file's content so that a reader, or a crash, meets the old or the new one and nothing between. A link is
 * followed, permissions are kept. Throws `ContractError` `io-failed` that names path and reason.
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const target = await realpath(path);
    // A file that may not be written must not be replaced only because its folder may be.
    await access(target, constants.W_OK);
    const { mode, uid, gid } = await stat(target);
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      const handle = await open(temporary, 'wx', mode & 0o777);
      try {
        await handle.writeFile(bytes);
        await handle.chmod(mode & 0o7777);
        await handle.chown(uid, gid).catch(() => {}); // only root may, and only root has to
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(target));
  } catch (error) {
    throw new ContractError(
      'io-failed',
      `${path} cannot be written: ${reasonOf(error)}; the change was not saved`,
    );
  }
}

/** Makes the rename itself durable, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows cannot open a folder; the content is safe all the same.
  }
}

/** A system's error in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `no permission for this user (${code}); change the permissions of the file and its folder, or copy it to a folder of your own`;
    case 'EROFS':
      return 'the file system is read-only (EROFS); copy the file to another place';
    case 'ENOSPC':
      return 'the disk is full (ENOSPC); make room';
    case 'ENOENT':
      return 'the file or its folder is gone (ENOENT)';
    default:
      return message ?? String(error);
  }
}
