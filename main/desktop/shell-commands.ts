import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Handlers, ShellCommandName } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { BrowserWindow } from 'electron';
import type { ElectronPieces } from './electron-pieces.ts';

export interface ShellCommandOptions {
  readonly electron: Pick<ElectronPieces, 'app' | 'dialog'>;
  readonly window: () => BrowserWindow | undefined;
  /** The workspace file that runs, whose folder is where an export most likely belongs; undefined for the demo. */
  readonly workspacePath: () => string | undefined;
  /** Asks for a workspace file and runs it. Resolves with its path, or null when the person changed their mind. */
  readonly openWorkspace: () => Promise<string | null>;
}

/** The commands that only a shell with dialogs can answer. */
export function createShellHandlers(options: ShellCommandOptions): Handlers<ShellCommandName> {
  const { app, dialog } = options.electron;
  return {
    async 'shell.save-file'({ suggestedName, text }) {
      const workspace = options.workspacePath();
      const folder = workspace ? dirname(workspace) : app.getPath('documents');
      const ask = {
        title: 'Save',
        defaultPath: join(folder, suggestedName),
        properties: ['createDirectory' as const, 'showOverwriteConfirmation' as const],
      };
      const window = options.window();
      const answer = await (window ? dialog.showSaveDialog(window, ask) : dialog.showSaveDialog(ask));
      if (answer.canceled || !answer.filePath) return { path: null };
      try {
        await writeFile(answer.filePath, text);
      } catch (error) {
        throw new ContractError(
          'io-failed',
          `${answer.filePath} could not be written (${reasonOf(error)}); choose another place`,
        );
      }
      return { path: answer.filePath };
    },

    async 'shell.open-workspace'() {
      return { path: await options.openWorkspace() };
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}
