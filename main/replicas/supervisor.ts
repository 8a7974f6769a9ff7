import { isDeepStrictEqual } from 'node:util';
import type { Unsubscribe } from '@shared/contract/channel.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import type { Log } from '@shared/lib/log.ts';
import type { Clock } from '../engine/clock.ts';
import type { ReplicaPlan } from './plan.ts';
import { Replica } from './replica.ts';

/** Runs replica processes. Never restarts one by itself: failover must be seen. */
export interface Supervisor {
  /** Starts what is missing, stops what is gone, leaves alone what stays (an exited one too); another command means a restart. */
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

/** How long a replica that left the configuration may take to end. */
const leaveGraceMs = 3_000;

interface Entry {
  replica: Replica;
  /** Starts and ends of one replica happen one after the other. */
  last: Promise<unknown>;
}

export function createSupervisor({ clock, log }: { clock: Clock; log: Log }): Supervisor {
  const entries = new Map<string, Entry>();
  /** Replicas on their way out, by address: whoever takes over the port waits for them. */
  const leaving = new Map<string, Promise<unknown>>();
  const listeners = new Set<(status: ReplicaStatus) => void>();
  let isStopping = false;

  const tell = (status: ReplicaStatus): void => {
    const why = status.problem ?? '';
    if (status.state === 'failed') log('warn', `replica ${status.id}: ${why}`);
    for (const listener of [...listeners]) listener(status);
  };

  const create = (plan: ReplicaPlan): Entry => {
    const entry = {
      replica: new Replica(plan, clock, tell),
      last: leaving.get(plan.address) ?? Promise.resolve(),
    };
    entries.set(plan.address, entry);
    return entry;
  };

  const queue = <T>(entry: Entry, run: () => Promise<T>): Promise<T> => {
    const result = entry.last.then(run);
    entry.last = result.catch((error: unknown) =>
      log('error', `replica ${entry.replica.plan.id}: ${String(error)}`),
    );
    return result;
  };

  const end = async (replica: Replica, graceMs: number): Promise<void> => {
    const cancel = clock.after(graceMs, () => replica.signal('SIGKILL'));
    await replica.end('SIGTERM');
    cancel();
  };

  const startSoon = (entry: Entry): void => {
    void queue(entry, async () => {
      if (!isStopping && entries.get(entry.replica.plan.address) === entry) await entry.replica.start();
    });
  };

  const leave = (address: string, entry: Entry): void => {
    entries.delete(address);
    // A start that is under way need not be waited for: the end of the process ends it.
    const gone = Promise.all([end(entry.replica, leaveGraceMs), entry.last])
      .then(() => end(entry.replica, leaveGraceMs))
      .finally(() => leaving.get(address) === gone && leaving.delete(address));
    leaving.set(address, gone);
  };

  const need = (address: string): Entry => {
    const entry = entries.get(address);
    if (entry) return entry;
    throw new ContractError(
      'not-found',
      `Ballast started no process for ${address}; name it under replicas in the file, or act where you started it`,
    );
  };

  // Should this process end without `stop`, its replicas must not outlive it.
  const endAll = (): void => {
    for (const { replica } of entries.values()) replica.signal('SIGKILL');
  };
  process.once('exit', endAll);

  return {
    apply(plans) {
      const wanted = new Map(plans.map((plan) => [plan.address, plan]));
      for (const [address, entry] of [...entries]) {
        const plan = wanted.get(address);
        if (plan && isDeepStrictEqual(plan, entry.replica.plan)) continue;
        leave(address, entry);
      }
      for (const plan of plans) if (!entries.has(plan.address)) startSoon(create(plan));
    },
    async kill(address) {
      const entry = need(address);
      const { replica } = entry;
      const kill = async (): Promise<{ pid: number }> => {
        const { pid } = replica.status;
        if (!replica.isAlive || pid === null)
          throw new ContractError('conflict', `${replica.plan.id} does not run; start it first`);
        await replica.end('SIGKILL');
        return { pid };
      };
      if (!replica.isAlive) return queue(entry, kill);
      // One that is still starting is not waited for; what comes next waits for both.
      const killed = kill();
      entry.last = Promise.allSettled([entry.last, killed]);
      return killed;
    },
    async start(address) {
      const entry = need(address);
      return queue(entry, async () => {
        if (isStopping) throw new ContractError('unavailable', 'Ballast is stopping');
        await entry.replica.start();
        return entry.replica.status;
      });
    },
    find: (address) => entries.get(address)?.replica.status,
    statuses: () => [...entries.values()].map(({ replica }) => replica.status),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop(graceMs) {
      isStopping = true;
      await Promise.all([
        ...[...entries.values()].map(({ replica }) => end(replica, graceMs)),
        ...leaving.values(),
      ]);
      // One that was about to start when we began has come up meanwhile.
      await Promise.all([...entries.values()].map(({ last }) => last));
      await Promise.all([...entries.values()].map(({ replica }) => end(replica, graceMs)));
      process.removeListener('exit', endAll);
    },
  };
}
