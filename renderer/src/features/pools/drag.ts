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
