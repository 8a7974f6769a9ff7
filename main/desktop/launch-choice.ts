import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** What to run: a workspace file, or the demo. */
export type WorkspaceChoice = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'demo' };

/**
 * The workspace file a command line names; undefined where it names none. Switches belong to Chromium.
 * @param isPackaged when not, the first word is the app's own folder: `electron . FILE`
 */
export function fileArgument(argv: readonly string[], cwd: string, isPackaged: boolean): string | undefined {
  const words = argv.slice(1).filter((word) => !word.startsWith('-'));
  const file = words[isPackaged ? 0 : 1];
  return file === undefined ? undefined : resolve(cwd, file);
}

/** The file that was named, else `ballast.yaml` of the current folder, else the demo. */
export function chooseWorkspace(argv: readonly string[], cwd: string, isPackaged: boolean): WorkspaceChoice {
  const named = fileArgument(argv, cwd, isPackaged);
  if (named !== undefined) return { kind: 'file', path: named };
  const here = resolve(cwd, 'ballast.yaml');
  // A packaged app is started from anywhere, so what lies in the current folder is chance.
  return !isPackaged && existsSync(here) ? { kind: 'file', path: here } : { kind: 'demo' };
}
