import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import { create } from 'zustand';
import { applyChange, type RecordChange } from './records.ts';

interface ReplicasState {
  readonly replicas: Readonly<Record<string, ReplicaStatus>>;
  /** The process that listens on an address: how a server finds the process behind it. */
  readonly byAddress: Readonly<Record<string, ReplicaStatus>>;
}

export const useReplicas = create<ReplicasState>(() => ({ replicas: {}, byAddress: {} }));

export function changeReplicas(change: RecordChange<ReplicaStatus>): void {
  useReplicas.setState((state) => {
    const replicas = applyChange(state.replicas, change);
    return {
      replicas,
      byAddress: Object.fromEntries(Object.values(replicas).map((replica) => [replica.address, replica])),
    };
  });
}

export function useReplicaAt(address: string | undefined): ReplicaStatus | undefined {
  return useReplicas(({ byAddress }) => (address === undefined ? undefined : byAddress[address]));
}
