import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** How a command line finds the Ballast that runs, and the token it must show. */
const runSchema = z.object({
  pid: z.int().positive(),
  /** WebSocket address of the control endpoint. */
  socket: z.string(),
  port: z.int(),
  token: z.string(),
  /** For a person who must choose between several. */
  title: z.string(),
});
export type Run = z.infer<typeof runSchema>;

/** Of this user alone. `BALLAST_STATE_DIR` puts it elsewhere. */
export function stateDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.BALLAST_STATE_DIR) return env.BALLAST_STATE_DIR;
  const { uid, username } = userInfo();
  return join(tmpdir(), `ballast-${uid >= 0 ? uid : username.replace(/[^\w.-]/g, '_')}`);
}

/** The folder, made where it is missing. Throws where it is not safe: what is written there holds a token. */
export function ownStateDir(dir = stateDir()): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  insistOwn(dir);
  return dir;
}

/** Throws where the folder is not safe: the file holds a token. */
export function writeRun(run: Run, dir = stateDir()): { remove(): void } {
  ownStateDir(dir);
  removeDead(dir);
  const path = join(dir, `${run.port}.json`);
  rmSync(path, { force: true }); // one that a crashed Ballast left behind
  writeFileSync(path, JSON.stringify(run), { mode: 0o600, flag: 'wx' });
  return { remove: () => rmSync(path, { force: true }) };
}

/** Those that still run, in order of their ports. Files of others, of the dead and of no sense are passed over. */
export function readRuns(dir = stateDir()): Run[] {
  try {
    insistOwn(dir);
  } catch {
    return [];
  }
  return readdirSync(dir)
    .filter((name) => /^\d+\.json$/.test(name))
    .flatMap((name) => readRun(join(dir, name)) ?? [])
    .filter(({ pid }) => isAlive(pid))
    .sort((a, b) => a.port - b.port);
}

/** A Ballast that was killed leaves its file behind. */
function removeDead(dir: string): void {
  for (const name of readdirSync(dir)) {
    const run = /^\d+\.json$/.test(name) ? readRun(join(dir, name)) : undefined;
    if (run && !isAlive(run.pid)) rmSync(join(dir, name), { force: true });
  }
}

function readRun(path: string): Run | undefined {
  try {
    if (!lstatSync(path).isFile()) return undefined;
    return runSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** In a shared temporary folder somebody else might have made ours first. */
function insistOwn(dir: string): void {
  const { uid, mode } = lstatSync(dir);
  const me = process.getuid?.();
  if (!lstatSync(dir).isDirectory() || (me !== undefined && uid !== me)) {
    throw new Error(
      `${dir} does not belong to you: remove it, or set BALLAST_STATE_DIR to a folder of your own`,
    );
  }
  if (me !== undefined && (mode & 0o077) !== 0) chmodSync(dir, 0o700);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
