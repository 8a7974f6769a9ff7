import type { ListenerStatus } from '@shared/contract/system-values.ts';
import { create } from 'zustand';
import { applyChange, type RecordChange } from './records.ts';

/** What the engine says of each listener, by name. */
export const useListeners = create<{ listeners: Readonly<Record<string, ListenerStatus>> }>(() => ({
  listeners: {},
}));

export function changeListeners(change: RecordChange<ListenerStatus>): void {
  useListeners.setState(({ listeners }) => ({ listeners: applyChange(listeners, change) }));
}
