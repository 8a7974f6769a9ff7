import type { CommandResult } from '@shared/contract/commands.ts';
import { useEffect, useState } from 'react';
import { call } from '../../connection/control.ts';

export type Probes = CommandResult<'server.probes'>;

/**
 * The last probes of a server; undefined until they are known.
 *
 * @param run how many there were, as its status says: a new one is a reason to ask again
 */
export function useProbes(pool: string, server: string, run: number): Probes | undefined {
  const [known, setKnown] = useState<{ id: string; probes: Probes }>();
  const id = `${pool}/${server}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each further probe is asked for
  useEffect(() => {
    let isOver = false;
    call('server.probes', { pool, server }).then(
      (probes) => isOver || setKnown({ id: `${pool}/${server}`, probes }),
      // The connection was lost, or the server is gone: both are told elsewhere.
      () => {},
    );
    return () => {
      isOver = true;
    };
  }, [pool, server, run]);
  return known?.id === id ? known.probes : undefined;
}
