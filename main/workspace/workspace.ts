import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { Log } from '@shared/lib/log.ts';
import type { WorkspaceDocument } from './document.ts';

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

/** Throws `ContractError`: `not-found` for a missing file, `io-failed` for one that cannot be read. */
export async function openWorkspace(_path: string, _options: { log: Log }): Promise<Workspace> {
  throw new Error('not written yet');
}
