import type { CommandName, CommandParams, CommandResult } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { toast } from '../ui/toasts.tsx';
import { call } from './control.ts';

export interface RunOptions<R> {
  /** What to tell when it is done; nothing where the screen shows it anyway. */
  readonly done?: string | ((result: R) => string | undefined);
  /** The edit can be undone: the message offers it. */
  readonly canUndo?: boolean;
}

/** What could not be done, for the message: `Weight not changed`. */
type Failing = string;

/**
 * Sends a command for a person: a refusal becomes a message that says what to do. Resolves with undefined when refused.
 * An edit's note (what was done beyond what was asked) is always told.
 */
export async function run<N extends CommandName>(
  name: N,
  params: CommandParams<N>,
  failing: Failing,
  { done, canUndo = false }: RunOptions<CommandResult<N>> = {},
): Promise<CommandResult<N> | undefined> {
  try {
    const result = await call(name, params);
    const text = typeof done === 'function' ? done(result) : done;
    const edit = asEdit(result);
    const note = edit?.note ?? undefined;
    if (text !== undefined || note !== undefined) {
      toast({
        tone: 'neutral',
        text: text ?? note!,
        detail: text === undefined ? undefined : note,
        action:
          canUndo && edit
            ? { label: 'Undo', shortcut: 'Mod+Z', run: () => void undo(edit.revision) }
            : undefined,
      });
    }
    return result;
  } catch (error) {
    refused(failing, error);
    return undefined;
  }
}

/** A command that changes the file. */
export type EditCommand = {
  [N in CommandName]: CommandResult<N> extends { revision: number; note: string | null } ? N : never;
}[CommandName];

/**
 * Sends an edit for a form, which tells a refusal in its own place: resolves with its text, or with undefined when it is done.
 */
export async function submit<N extends EditCommand>(
  name: N,
  params: CommandParams<N>,
  done: string,
): Promise<string | undefined> {
  try {
    const { revision, note } = await call(name, params);
    toast({
      tone: 'good',
      text: done,
      detail: note ?? undefined,
      action: { label: 'Undo', shortcut: 'Mod+Z', run: () => void undo(revision) },
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return [error.message, ...(error.problems ?? []).map(({ message }) => message)].join(' ');
  }
}

/** Tells a refusal. */
export function refused(failing: Failing, error: unknown): void {
  if (!(error instanceof ContractError)) throw error;
  const places = (error.problems ?? []).map(({ line, column, message }) =>
    line === undefined ? message : `line ${line}${column === undefined ? '' : `:${column}`}: ${message}`,
  );
  toast({ tone: 'bad', text: failing, detail: [error.message, ...places].join('\n') });
}

/** Takes back the latest edit; only that of `revision`, where it is given. */
export async function undo(revision?: number): Promise<void> {
  const params = revision === undefined ? {} : { expectedRevision: revision };
  await run('config.undo', params, 'Not undone', { done: 'Undone' });
}

export async function redo(): Promise<void> {
  await run('config.redo', {}, 'Not redone', { done: 'Done again' });
}

function asEdit(value: unknown): { revision: number; note: string | null } | undefined {
  const edit = value as { revision?: unknown; note?: unknown } | null;
  return typeof edit === 'object' && edit !== null && typeof edit.revision === 'number'
    ? (edit as { revision: number; note: string | null })
    : undefined;
}
