import type { ParsedConfig } from '@shared/config/parse.ts';
import type { CheckedParams } from '@shared/contract/commands.ts';

type EditCommand =
  | 'server.add'
  | 'server.remove'
  | 'server.move'
  | 'server.set-weight'
  | 'pool.add'
  | 'pool.remove'
  | 'pool.set-strategy'
  | 'listener.set-pool';

/** A change to the file, with the parameters of the command of that name. */
export type DocumentEdit = {
  [K in EditCommand]: { readonly kind: K } & Omit<CheckedParams<K>, 'expectedRevision'>;
}[EditCommand];

/** The text of a ballast.yaml, and what can be asked of it and changed in it. Never changes itself. */
export interface WorkspaceDocument {
  readonly text: string;
  /** What the edit that made this document did beyond what was asked, for a person; null where nothing was. */
  readonly note: string | null;
  /** Every problem has line, column and excerpt. */
  check(): ParsedConfig;
  /**
   * A new document with that change, everything else as it was written: comments, order, style, anchors.
   * Throws `ContractError`: `not-found`, `conflict`, or `invalid-config` where this document or the changed one is no configuration.
   */
  edit(change: DocumentEdit): WorkspaceDocument;
}

export function parseDocument(_text: string): WorkspaceDocument {
  throw new Error('not written yet');
}
