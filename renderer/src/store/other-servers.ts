import { useConfig } from './config.ts';

/** Names of a pool's servers but one: where a session of it may go. @param except id */
export function otherServers(pool: string, except: string): readonly string[] {
  const { pools, servers } = useConfig.getState();
  return (pools[pool]?.serverIds ?? []).filter((id) => id !== except).map((id) => servers[id]?.name ?? id);
}
