import { basename } from 'node:path';
import type { ConfigProblem } from '@shared/config/parse.ts';
import type { Config } from '@shared/config/schema.ts';
import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { CommandResult } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { ConfigSnapshot } from '@shared/contract/system-values.ts';
import { type DocumentEdit, parseDocument, type WorkspaceDocument } from '../workspace/document.ts';
import { createHistory } from '../workspace/history.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { describeEdit } from './describe-edit.ts';
import { createSerial } from './serial.ts';

type Edited = CommandResult<'pool.remove'>;

/** What the configuration asks of its surroundings. */
export interface ConfigurationPorts {
  /** Makes it run, whole or not at all. */
  apply(config: Config): Promise<void>;
  /** It runs, and the file says the same. `what` for a person. */
  onApplied(snapshot: ConfigSnapshot, what: string): void;
  /** What stands in the file cannot run, and why; the earlier one keeps running. Empty when that is over. */
  onProblems(problems: readonly ConfigProblem[]): void;
}

/** The running configuration and the file that holds it, changed together or not at all. */
export interface Configuration {
  readonly snapshot: ConfigSnapshot;
  edit(change: DocumentEdit, expectedRevision: number | undefined): Promise<Edited>;
  undo(expectedRevision: number | undefined): Promise<Edited>;
  redo(expectedRevision: number | undefined): Promise<Edited>;
  /** Follows the file from now on. */
  watch(): Unsubscribe;
}

/** @param config the workspace's document as it was checked, running already */
export function createConfiguration(
  workspace: Workspace,
  config: Config,
  ports: ConfigurationPorts,
): Configuration {
  const history = createHistory();
  const serially = createSerial();
  const fileName = basename(workspace.path);
  let running = config;
  let revision = 1;

  const snapshot = (): ConfigSnapshot => ({
    revision,
    config: running,
    canUndo: history.canUndo,
    canRedo: history.canRedo,
  });
  const expect = (expected: number | undefined): void => {
    if (expected === undefined || expected === revision) return;
    throw new ContractError(
      'conflict',
      `the configuration has changed since (revision ${revision}, not ${expected}); look again and repeat the change`,
    );
  };
  const checked = (document: WorkspaceDocument): Config => {
    const parsed = document.check();
    if (parsed.ok) return parsed.config;
    throw new ContractError(
      'invalid-config',
      `${fileName}: ${tellProblems(parsed.problems)}`,
      parsed.problems,
    );
  };

  /** Engine first, file second: what cannot run is not written, and what cannot be written does not run. */
  async function change(
    next: WorkspaceDocument,
    record: (before: string) => void,
    what: string,
  ): Promise<Edited> {
    const before = workspace.document.text;
    const wanted = checked(next);
    await applyLocated(next, wanted, ports.apply);
    try {
      await workspace.save(next);
    } catch (error) {
      await ports.apply(running);
      throw error;
    }
    record(before);
    accept(wanted, what);
    return { revision, note: next.note };
  }

  function accept(wanted: Config, what: string): void {
    running = wanted;
    revision += 1;
    ports.onProblems([]);
    ports.onApplied(snapshot(), what);
  }

  /** Moves along the history; where that cannot run, the history stays as it was. */
  function travel(direction: 'undo' | 'redo', expectedRevision: number | undefined): Promise<Edited> {
    return serially(async () => {
      expect(expectedRevision);
      const text = history[direction](workspace.document.text);
      if (text === undefined) throw new ContractError('conflict', `there is nothing to ${direction}`);
      try {
        return await change(
          parseDocument(text),
          () => {},
          direction === 'undo' ? 'Change undone' : 'Change redone',
        );
      } catch (error) {
        history[direction === 'undo' ? 'redo' : 'undo'](text);
        throw error;
      }
    });
  }

  /** An editor wrote the file. Its author sees what is wrong with it; what runs goes on. */
  async function follow(document: WorkspaceDocument): Promise<void> {
    try {
      const wanted = checked(document);
      await applyLocated(document, wanted, ports.apply);
      // Undoing now would take back what somebody else has written.
      history.clear();
      accept(wanted, `${fileName} was changed on disk`);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const problems = error instanceof ContractError ? error.problems : undefined;
      ports.onProblems(problems ?? [{ path: [], message }]);
    }
  }

  return {
    get snapshot() {
      return snapshot();
    },
    edit: (edit, expectedRevision) =>
      serially(() => {
        expect(expectedRevision);
        checked(workspace.document); // a file that an editor left broken is not edited on top of that
        return change(workspace.document.edit(edit), history.record, describeEdit(edit));
      }),
    undo: (expectedRevision) => travel('undo', expectedRevision),
    redo: (expectedRevision) => travel('redo', expectedRevision),
    watch: () => workspace.watch((document) => void serially(() => follow(document))),
  };
}

/** Applies, and gives what the engine has against it its place in the file. */
export async function applyLocated<T>(
  document: WorkspaceDocument,
  config: Config,
  apply: (config: Config) => Promise<T>,
): Promise<T> {
  try {
    return await apply(config);
  } catch (error) {
    if (!(error instanceof ContractError) || !error.problems) throw error;
    throw new ContractError(error.code, error.message, error.problems.map(document.locate));
  }
}

/** The first problem with its place, and how many more there are. */
export function tellProblems(problems: readonly ConfigProblem[]): string {
  const [first] = problems;
  if (!first) return 'no problems';
  const place = first.line === undefined ? '' : `line ${first.line}, column ${first.column ?? 1}: `;
  return `${place}${first.message}${problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''}`;
}
