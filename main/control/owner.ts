import type { Channel } from '@shared/contract/channel.ts';
import type { CommandName, Handlers } from '@shared/contract/commands.ts';
import type { Capability } from '@shared/contract/frames.ts';
import type { ServedChannel, ServeOptions } from '@shared/contract/server.ts';
import type { ListenerStatus } from '@shared/contract/values.ts';

export interface OwnerOptions {
  /** Path of ballast.yaml. */
  readonly path: string;
  /** The demo's own temporary workspace. */
  readonly demo: boolean;
  /** Whether the gentle traffic runs from the start. */
  readonly generate: boolean;
  /** The built engine worker: out/main/engine-worker.js. */
  readonly workerPath: string;
  /** Of Ballast. */
  readonly version: string;
  /** Lines for a person who looks for a fault. */
  readonly log: (text: string) => void;
}

export interface Owner {
  /**
   * Reads the file, starts engine and replicas, and resolves once traffic is accepted. Rejects with a `ContractError` that says
   * what to do (`invalid-config` with problems, `unavailable` for a port in use, `io-failed`); nothing runs then.
   */
  start(): Promise<readonly ListenerStatus[]>;
  /** @param handlers commands that the caller's shell answers itself (dialogs, say). */
  serve(
    channel: Channel,
    grant: ServeOptions['grant'],
    handlers?: Partial<Handlers<CommandName>>,
  ): ServedChannel;
  /** Running requests finish first, within the grace; then engine, traffic and replicas end. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/** What a person at this machine may do; `--read-only` leaves `read`. */
export const fullGrant: readonly Capability[] = ['read', 'operate', 'edit'];
export const readOnlyGrant: readonly Capability[] = ['read'];

/** The running Ballast behind both faces: workspace, engine, replicas and traffic together. */
export function createOwner(_options: OwnerOptions): Owner {
  throw new Error('not built yet');
}
