import { type Address, formatAddress } from '@shared/config/address.ts';
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

/**
 * Where clients reach a listener, with the port that was really bound and IPv6 in brackets. Before the engine has said so, from the
 * file: `…` stands for a port that nobody knows yet.
 */
export function listenerUrl(bind: Address, status: Pick<ListenerStatus, 'url'> | undefined): string {
  return status?.url ?? `http://${formatAddress(bind).replace(/:0$/, ':…')}`;
}

/** A line for the shell. An address with anything that some shell takes for more than a letter stands in quotes. */
export function curlLine(url: string, ...options: readonly string[]): string {
  const isPlain = /^[\w:/.%…-]+$/.test(url);
  return ['curl', ...options, isPlain ? url : `'${url.replaceAll("'", "'\\''")}'`].join(' ');
}
