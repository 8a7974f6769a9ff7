import type { Config } from '@shared/config/schema.ts';

/** One process to run. */
export interface ReplicaPlan {
  readonly group: string;
  /** `api-1`, `api-2`…: the group's name and a number. */
  readonly id: string;
  /** `127.0.0.1:41001`. */
  readonly address: string;
  readonly command: { readonly file: string; readonly args: readonly string[] };
  /** Added to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface PlanOptions {
  /** Folder of the file: a group's `cwd` is relative to it. */
  readonly baseDir: string;
  /** Processes that exist already; they keep their address when servers are dragged elsewhere. `Supervisor.statuses()` fits. */
  readonly running: readonly { readonly id: string; readonly group: string; readonly address: string }[];
}

/** Which processes the configuration asks for. */
export function planReplicas(_config: Config, _options: PlanOptions): ReplicaPlan[] {
  throw new Error('not written yet');
}
