import { watch as watchFolder } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Unsubscribe } from '@shared/contract/channel.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { Log } from '@shared/lib/log.ts';
import { decodeDocument } from './decode-document.ts';
import { unreadableDocument, type WorkspaceDocument } from './document.ts';
import { reasonOf, writeAtomically } from './write-atomically.ts';

/** A ballast.yaml on disk. */
export interface Workspace {
  /** Full path, as opened (a symbolic link is kept). */
  readonly path: string;
  /** What was last read or saved. */
  readonly document: WorkspaceDocument;
  /** Atomic. Throws `ContractError`: `io-failed` names path and reason, `conflict` where the file changed on disk since it was read. */
  save(document: WorkspaceDocument): Promise<void>;
  /** Told after somebody else changed the file, never after `save`. The document may have problems: `check()` it. */
  watch(onChange: (document: WorkspaceDocument) => void): Unsubscribe;
  close(): void;
}

/** Editors write in several steps; only when it has been still for this long is the file read. */
const settleMs = 60;
/** Where the system tells nothing (network drives, containers), looking does. */
const lookEveryMs = 1_000;

/**
 * Throws `ContractError`: `not-found` for a missing file, `io-failed` for one that cannot be read. One that is no
 * configuration is opened: its document has problems.
 */
export async function openWorkspace(file: string, { log }: { log: Log }): Promise<Workspace> {
  const path = resolve(file);
  /** Bytes on disk as last read or written; undefined where the file is gone. */
  let known: Buffer | undefined = await readOrExplain(path);
  let document = decodeDocument(known);
  const listeners = new Set<(document: WorkspaceDocument) => void>();
  let stopWatching: (() => void) | undefined;
  /** Reading and saving take turns, so that a save is never taken for somebody else's change. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const result = last.then(run);
    last = result.catch(() => {});
    return result;
  };

  const look = (): Promise<void> =>
    inTurn(async () => {
      const now = await readFile(path).catch(() => undefined);
      if (now === undefined ? known === undefined : known?.equals(now)) return;
      known = now;
      document = now
        ? decodeDocument(now)
        : unreadableDocument({
            path: [],
            message: `${basename(path)} is gone or cannot be read; save it again`,
            line: 1,
            column: 1,
            excerpt: '',
          });
      for (const listener of [...listeners]) listener(document);
    });

  return {
    path,
    get document() {
      return document;
    },
    save: (next) =>
      inTurn(async () => {
        const onDisk = await readFile(path).catch(() => undefined);
        const isAsKnown = onDisk === undefined ? known === undefined : known?.equals(onDisk);
        if (!isAsKnown || onDisk === undefined) {
          throw new ContractError(
            'conflict',
            `${path} ${onDisk === undefined ? 'is gone from the disk' : 'was changed on disk'} meanwhile; your change was not saved: make it again once the file is read anew`,
          );
        }
        const bytes = Buffer.from(next.text, 'utf8');
        await writeAtomically(path, bytes);
        known = bytes;
        document = next;
      }),
    watch(onChange) {
      listeners.add(onChange);
      stopWatching ??= startWatching(path, () => void look(), log);
      return () => {
        listeners.delete(onChange);
      };
    },
    close() {
      listeners.clear();
      stopWatching?.();
      stopWatching = undefined;
    },
  };
}

async function readOrExplain(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new ContractError(
        'not-found',
        `there is no file ${path}; write one, or look at the demo with: ballast demo`,
      );
    }
    if (code === 'EISDIR')
      throw new ContractError(
        'io-failed',
        `${path} is a folder; name the file in it, e.g. ${path}/ballast.yaml`,
      );
    throw new ContractError('io-failed', `${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** Watches the folder, since editors replace the file rather than write into it; and the folder a link leads to. */
function startWatching(path: string, look: () => void, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, settleMs);
    timer.unref();
  };
  const watchers: { close(): void }[] = [];
  let isClosed = false;
  const add = (file: string): void => {
    try {
      const watcher = watchFolder(dirname(file), { persistent: false }, (_, name) => {
        if (name === null || name === basename(file)) soon();
      });
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    } catch (error) {
      log('info', `changes of ${file} are looked for every ${lookEveryMs} ms: ${reasonOf(error)}`);
    }
  };
  add(path);
  // What changed between reading and watching would not be told by anybody.
  soon();
  void realpath(path).then(
    (real) => {
      if (real === path || isClosed) return;
      add(real);
      soon();
    },
    () => {},
  );
  let seen = '';
  const poll = setInterval(() => {
    void stat(path).then(
      ({ mtimeMs, size, ino }) => {
        const now = `${mtimeMs} ${size} ${ino}`;
        if (seen !== '' && now !== seen) soon();
        seen = now;
      },
      () => {
        if (seen !== 'gone') soon();
        seen = 'gone';
      },
    );
  }, lookEveryMs);
  poll.unref();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    clearInterval(poll);
    for (const watcher of watchers) watcher.close();
  };
}
