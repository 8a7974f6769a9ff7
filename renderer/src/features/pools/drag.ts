import { run } from '../../connection/run.ts';
import { useConfig } from '../../store/config.ts';

/** What travels with a dragged server. */
export const serverDragType = 'application/x-ballast-server';

/** @param index its place among the servers there, itself left out; the end when left out */
export async function moveServer(id: string, toPool: string, index?: number): Promise<void> {
  const server = useConfig.getState().servers[id];
  if (!server) return;
  const stays = server.pool === toPool;
  await run(
    'server.move',
    { pool: server.pool, server: server.name, toPool, ...(index !== undefined && { index }) },
    `${server.name} not moved`,
    {
      ...(!stays && { done: `Moved ${server.name} from ${server.pool} to ${toPool}` }),
      canUndo: true,
    },
  );
}

/**
 * The index for `server.move` when something is dropped before or after another server of a pool. The dragged one is
 * counted out, where it is a member already.
 */
export function dropIndex(
  members: readonly string[],
  dragged: string,
  target: { readonly key: string; readonly position: 'before' | 'after' },
): number {
  const others = members.filter((id) => id !== dragged);
  const at = others.indexOf(target.key);
  if (at === -1) {
    // Dropped beside itself: it stays where it is.
    return Math.max(0, members.indexOf(dragged));
  }
  return target.position === 'before' ? at : at + 1;
}
