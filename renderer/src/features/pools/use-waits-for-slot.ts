import { selectServerIds, useConfig } from '../../store/config.ts';
import { useServers } from '../../store/servers.ts';

/** Whether requests of a pool may wait because a server is only full: then nobody is turned away for want of one that is available. */
export function useWaitsForSlot(pool: string): boolean {
  const ids = useConfig(selectServerIds(pool));
  const mayWait = useConfig(({ pools }) => (pools[pool]?.queue.length ?? 0) > 0);
  return useServers(({ servers }) => mayWait && ids.some((id) => servers[id]?.reason === 'full'));
}
