import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { ReplicaStatus } from '@shared/contract/values.ts';
import type { Log } from '@shared/lib/log.ts';
import type { Clock } from '../engine/clock.ts';
import type { ReplicaPlan } from './plan.ts';

/** Runs replica processes. Never restarts one by itself: failover must be seen. */
export interface Supervisor {
  /** Starts what is missing, stops what is gone, leaves alone what stays (an exited one too). */
  apply(plans: readonly ReplicaPlan[]): void;
  /** SIGKILL; resolves once it is gone. `ContractError`: `not-found`, or `conflict` where it does not run. */
  kill(address: string): Promise<{ pid: number }>;
  /** Starts it again on the same port; resolves when it runs, failed or exited. `ContractError` `not-found`. */
  start(address: string): Promise<ReplicaStatus>;
  find(address: string): ReplicaStatus | undefined;
  statuses(): ReplicaStatus[];
  /** Told of every change, a removed replica (`exited`) included. */
  onChange(listener: (status: ReplicaStatus) => void): Unsubscribe;
  /** SIGTERM to all, SIGKILL to those still there after `graceMs`. Resolves when none is left. */
  stop(graceMs: number): Promise<void>;
}

export function createSupervisor(_options: { clock: Clock; log: Log }): Supervisor {
  throw new Error('not written yet');
}
