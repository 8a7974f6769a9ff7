import type { Capability } from '@shared/contract/frames.ts';
import { create } from 'zustand';

/**
 * `lost`: it will be tried again at `retryAtMs` (since the epoch). `turned-away`: Ballast answered and refused, so trying
 * again would not help: the token is wrong or missing.
 */
export type ConnectionState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'connected'; readonly version: string; readonly capabilities: readonly Capability[] }
  | { readonly phase: 'lost'; readonly reason: string; readonly retryAtMs: number }
  | { readonly phase: 'turned-away'; readonly hadToken: boolean; readonly reason: string };

export const useConnection = create<{ state: ConnectionState; capabilities: readonly Capability[] }>(() => ({
  state: { phase: 'connecting' },
  /** Of the last connection: controls do not flicker while it is made again. */
  capabilities: [],
}));

export function setConnection(state: ConnectionState): void {
  useConnection.setState(
    state.phase === 'connected' ? { state, capabilities: state.capabilities } : { state },
  );
}

/** Why an act that needs the capability cannot be done now; undefined where it can. */
export function useBlocked(needs: Capability): string | undefined {
  return useConnection(({ state, capabilities }) => blockedReason(state, capabilities, needs));
}

/** The same outside React. */
export function blocked(needs: Capability): string | undefined {
  const { state, capabilities } = useConnection.getState();
  return blockedReason(state, capabilities, needs);
}

export function blockedReason(
  state: ConnectionState,
  capabilities: readonly Capability[],
  needs: Capability,
): string | undefined {
  if (state.phase !== 'connected') return 'Not connected to Ballast';
  if (capabilities.includes(needs)) return undefined;
  if (needs === 'operate' || needs === 'edit')
    return 'Read-only: start Ballast without --read-only to change things';
  return `This window was not granted "${needs}"`;
}
