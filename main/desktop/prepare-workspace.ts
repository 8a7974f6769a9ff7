import type { createOwner } from '../control/owner.ts';
import type { createDemoWorkspace } from '../workspace/demo.ts';
import type { WorkspaceChoice } from './launch-choice.ts';
import type { WorkspaceRun } from './workspace-runner.ts';

/** The demo's listener, unless somebody else has that port. */
const demoPort = 8080;

export interface PrepareOptions {
  readonly createOwner: typeof createOwner;
  readonly createDemoWorkspace: typeof createDemoWorkspace;
  /** The built engine worker. */
  readonly workerPath: string;
  /** Of Ballast. */
  readonly version: string;
  readonly log: (text: string) => void;
}

/** The same owner as the command line's, for a file or for a fresh demo. */
export function prepareWorkspace(
  options: PrepareOptions,
): (choice: WorkspaceChoice) => Promise<WorkspaceRun> {
  const { workerPath, version, log } = options;
  const ownerOf = (path: string, demo: boolean) =>
    options.createOwner({ path, demo, generate: demo, workerPath, version, log });
  return async (choice) => {
    if (choice.kind === 'file') {
      return { path: choice.path, owner: ownerOf(choice.path, false), cleanup: async () => {} };
    }
    const demo = await options.createDemoWorkspace({ preferredPort: demoPort });
    if (demo.portNote) log(demo.portNote);
    return { path: demo.path, owner: ownerOf(demo.path, true), cleanup: () => demo.cleanup() };
  };
}
