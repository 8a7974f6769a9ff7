import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type SavedSessions, savedSessionsSchema } from '@shared/contract/saved-sessions.ts';
import { z } from 'zod';
import { ownStateDir, stateDir } from './run-file.ts';

const fileSchema = z.object({
  version: z.literal(1),
  /** Signs session cookies. */
  cookieKey: z.base64().length(44),
  sessions: savedSessionsSchema,
});

/** What the last run left behind. */
export interface KeptSessions {
  readonly cookieKey: Uint8Array;
  readonly sessions: SavedSessions;
}

/** The sessions of a workspace between two runs (`persistSessions`), in a file that this user alone may read. */
export interface SessionFile {
  readonly path: string;
  /**
   * Null where there is none. One that cannot be read is set aside, so that nothing is lost: then the reason in words. It lies beside the file
   * of the running Ballast, in a folder that others cannot write to.
   */
  read(): KeptSessions | string | null;
  /** Replaces the file at once: a reader, or a crash, meets the old or the new one. */
  write(kept: KeptSessions): Promise<void>;
  remove(): void;
}

/** @param workspace path of ballast.yaml, with links followed */
export function sessionFile(workspace: string, dir = stateDir()): SessionFile {
  const name = createHash('sha256').update(workspace).digest('hex').slice(0, 16);
  const path = join(dir, `sessions-${name}.json`);
  let writes = 0;
  return {
    path,
    read() {
      let text: string;
      try {
        ownStateDir(dir);
        text = readFileSync(path, 'utf8');
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return code === 'ENOENT' ? null : `${path} cannot be read: ${message}`;
      }
      try {
        const { cookieKey, sessions } = fileSchema.parse(JSON.parse(text));
        return { cookieKey: Buffer.from(cookieKey, 'base64'), sessions };
      } catch {
        renameSync(path, `${path}.damaged`);
        return `${path} is damaged, it was set aside as ${path}.damaged`;
      }
    },
    async write({ cookieKey, sessions }) {
      ownStateDir(dir);
      const text = JSON.stringify({
        version: 1,
        cookieKey: Buffer.from(cookieKey).toString('base64'),
        sessions,
      });
      writes += 1;
      const temporary = `${path}.${process.pid}-${writes}-${randomBytes(4).toString('hex')}.tmp`;
      try {
        const handle = await open(temporary, 'wx', 0o600);
        try {
          await handle.writeFile(text);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw error;
      }
    },
    remove: () => rmSync(path, { force: true }),
  };
}
