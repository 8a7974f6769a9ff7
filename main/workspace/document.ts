import { isDeepStrictEqual } from 'node:util';
import { lintConfig } from '@shared/config/lint/lint.ts';
import type { ConfigNote } from '@shared/config/lint/lint-rule.ts';
import type { ConfigProblem, ParsedConfig } from '@shared/config/parse.ts';
import type { Config } from '@shared/config/schema.ts';
import type { CheckedParams } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { checkSource, dataOf, largestText } from './check.ts';
import { applyEdit } from './edit.ts';
import { expectedAfter } from './expected.ts';
import { locate } from './place.ts';
import { CannotEdit } from './splice.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

type EditCommand =
  | 'server.add'
  | 'server.remove'
  | 'server.move'
  | 'server.set-weight'
  | 'pool.add'
  | 'pool.remove'
  | 'pool.set-strategy'
  | 'pool.set-affinity'
  | 'pool.set-batching'
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
  /** Settings that can have no effect, with their places, in the order of the file; none where the file has problems. */
  notes(): readonly ConfigNote[];
  /** Adds line, column and excerpt to a problem that others found with this configuration (a port in use, say). */
  locate(problem: ConfigProblem): ConfigProblem;
  /**
   * A new document with that change, everything else as it was written: comments, order, style, anchors.
   * Throws `ContractError`: `not-found`, `conflict`, or `invalid-config` where this document or the changed one is no configuration.
   */
  edit(change: DocumentEdit): WorkspaceDocument;
}

export function parseDocument(text: string): WorkspaceDocument {
  // Reading a text of any size would let a wrong file stall everything: what is too large is not parsed at all.
  return documentOf(text.length > largestText ? { ...readYaml(''), text } : readYaml(text), null);
}

/** A document for a file whose content is no text at all, or is gone: it has this one problem. */
export function unreadableDocument(problem: ConfigProblem): WorkspaceDocument {
  const result: ParsedConfig = { ok: false, problems: [problem] };
  return {
    text: '',
    note: null,
    check: () => result,
    notes: () => [],
    locate: (other) => other,
    edit: () => {
      throw refusal(result.problems);
    },
  };
}

function documentOf(source: YamlSource, note: string | null): WorkspaceDocument {
  let checked: ParsedConfig | undefined;
  const check = (): ParsedConfig => {
    checked ??= checkSource(source);
    return checked;
  };
  return {
    text: source.text,
    note,
    check,
    notes() {
      const parsed = check();
      if (!parsed.ok) return [];
      const notes = lintConfig(parsed.config, dataOf(source)).map((note) => ({
        ...note,
        ...locate(source, note),
      }));
      return notes.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
    },
    locate: (problem) => locate(source, problem),
    edit(change) {
      const before = check();
      if (!before.ok) throw refusal(before.problems);
      const edited = tryEdit(source, before.config, change);
      const after = edited.check();
      if (!after.ok) throw broken(after.problems);
      // A value shared by an anchor, say, would change in two places: nothing may change but what was asked for.
      if (!isDeepStrictEqual(after.config, expectedAfter(before.config, change, after.config)))
        throw notByUs();
      return edited;
    },
  };
}

function tryEdit(source: YamlSource, config: Config, change: DocumentEdit): WorkspaceDocument {
  try {
    const edited = applyEdit(source, config, change);
    return documentOf(edited.source, edited.note);
  } catch (error) {
    if (error instanceof CannotEdit) throw notByUs();
    throw error;
  }
}

function notByUs(): ContractError {
  return new ContractError(
    'conflict',
    'this part of the file is written in a way that cannot be changed from here without changing more (an anchor, an alias or a merge key, say); change it in an editor',
  );
}

function broken(problems: readonly ConfigProblem[]): ContractError {
  // No YAML any more: an alias lost its anchor.
  if (problems.some(({ path }) => path.length === 0)) return notByUs();
  return new ContractError('invalid-config', problems.map(({ message }) => message).join('; '), problems);
}

function refusal(problems: readonly ConfigProblem[]): ContractError {
  const [first] = problems;
  const place = first?.line === undefined ? '' : ` (line ${first.line})`;
  return new ContractError(
    'invalid-config',
    `the file has to be repaired before it can be changed from here: ${first?.message ?? 'it cannot be read'}${place}`,
    problems,
  );
}
