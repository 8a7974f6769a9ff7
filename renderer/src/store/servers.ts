import type { ServerStatus } from '@shared/contract/server-values.ts';
import { create } from 'zustand';
import { applyChange, type RecordChange } from './records.ts';

/** What the engine says of each server, by id. */
export const useServers = create<{ servers: Readonly<Record<string, ServerStatus>> }>(() => ({
  servers: {},
}));

export function changeServers(change: RecordChange<ServerStatus>): void {
  useServers.setState(({ servers }) => ({ servers: applyChange(servers, change) }));
}

export function useServerStatus(id: string): ServerStatus | undefined {
  return useServers(({ servers }) => servers[id]);
}
