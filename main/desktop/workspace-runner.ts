import { ContractError } from '@shared/contract/errors.ts';
import type { Owner } from '../control/owner.ts';
import type { WorkspaceChoice } from './launch-choice.ts';

/** A workspace on its way through life: an owner, and what to tidy up after it. */
export interface WorkspaceRun {
  readonly owner: Owner;
  /** Its file. */
  readonly path: string;
  /** Removes what was made for it; called once its owner has stopped. */
  cleanup(): Promise<void>;
}

export interface WorkspaceRunnerOptions {
  readonly prepare: (choice: WorkspaceChoice) => Promise<WorkspaceRun>;
  /** Running requests finish within this when a workspace is left. */
  readonly graceMs: number;
  /** A workspace runs, and accepts traffic. */
  readonly onRunning: (run: WorkspaceRun, choice: WorkspaceChoice) => void;
  /** The workspace that ran is about to stop. */
  readonly onLeaving: () => void;
}

export interface WorkspaceRunner {
  readonly current: { readonly run: WorkspaceRun; readonly choice: WorkspaceChoice } | undefined;
  /**
   * Runs that workspace in place of the present one. What ran keeps running when the new one cannot: a wrong file is told before
   * anything stops. Rejects with the reason.
   */
  switchTo(choice: WorkspaceChoice): Promise<void>;
  /** Resolves with the owner as soon as one runs. */
  whenRunning(): Promise<Owner>;
  /** Stops for good, after what is under way. */
  stop(): Promise<void>;
}

/** Keeps one workspace running at a time. Switches happen one after the other, in the order they were asked for. */
export function createWorkspaceRunner(options: WorkspaceRunnerOptions): WorkspaceRunner {
  type Current = NonNullable<WorkspaceRunner['current']>;
  let current: Current | undefined;
  let stopped = false;
  let last: Promise<unknown> = Promise.resolve();
  let waiting: ((owner: Owner) => void)[] = [];

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work);
    last = next;
    return next;
  };

  const start = async (choice: WorkspaceChoice): Promise<WorkspaceRun> => {
    const run = await options.prepare(choice);
    try {
      await run.owner.start();
      return run;
    } catch (error) {
      await end(run);
      throw error;
    }
  };
  const end = async (run: WorkspaceRun): Promise<void> => {
    await run.owner.stop(options.graceMs);
    await run.cleanup();
  };
  const settle = (run: WorkspaceRun, choice: WorkspaceChoice): void => {
    current = { run, choice };
    options.onRunning(run, choice);
    for (const resolve of waiting) resolve(run.owner);
    waiting = [];
  };
  const leave = async (): Promise<void> => {
    const left = current;
    if (!left) return;
    current = undefined;
    options.onLeaving();
    await end(left.run);
  };

  const replace = async (choice: WorkspaceChoice): Promise<void> => {
    if (stopped) return;
    const before = current;
    if (!before) return settle(await start(choice), choice);
    if (choice.kind === 'file' && before.choice.kind === 'file' && choice.path === before.choice.path) return;
    let run: WorkspaceRun | undefined;
    try {
      run = await start(choice);
    } catch (error) {
      // It may want a port that the present one holds: the one reason to stop that first and try again.
      if (!(error instanceof ContractError) || error.code !== 'unavailable') throw error;
    }
    await leave();
    if (run) return settle(run, choice);
    try {
      settle(await start(choice), choice);
    } catch (error) {
      settle(await start(before.choice), before.choice);
      throw error;
    }
  };

  return {
    get current() {
      return current;
    },
    switchTo: (choice) => inTurn(() => replace(choice)),
    whenRunning: () =>
      current ? Promise.resolve(current.run.owner) : new Promise((resolve) => waiting.push(resolve)),
    stop() {
      stopped = true;
      return inTurn(leave);
    },
  };
}
