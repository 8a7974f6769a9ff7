import { connect } from '@shared/contract/client.ts';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import type { WorkspaceStatus } from '@shared/contract/system-values.ts';
import { type Owner, readOnlyGrant } from '../control/owner.ts';

/** Follows the workspace's own account of itself, as any other caller of the contract would. */
export async function followWorkspace(
  owner: Owner,
  tell: (workspace: WorkspaceStatus) => void,
): Promise<void> {
  const [near, far] = memoryChannel();
  owner.serve(far, readOnlyGrant);
  const client = await connect(near);
  const look = (entries: readonly (readonly [string, unknown])[]): void => {
    for (const [key, value] of entries) if (key === 'workspace') tell(value as WorkspaceStatus);
  };
  client.state('system', { onSnapshot: look, onChange: (set) => look(set) });
}

/** `shop / ballast.yaml — Ballast`, with a word about a file that is not what runs. */
export function titleOf(workspace: Pick<WorkspaceStatus, 'title' | 'problems'>): string {
  const note = workspace.problems.length > 0 ? ' (file has problems)' : '';
  return `${workspace.title}${note} \u2014 Ballast`;
}
