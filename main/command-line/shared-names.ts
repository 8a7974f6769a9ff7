import type { Config } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { ContractClient } from '@shared/contract/client.ts';
import { sharedServerNames } from '@shared/lib/event-text.ts';
import { Failure } from './failure.ts';

/** Names that servers of several pools have, as the configuration stands when they are asked for; followed until the client hangs up. */
export function followSharedNames(client: ContractClient): Promise<() => ReadonlySet<string>> {
  let shared: ReadonlySet<string> = new Set();
  const look = (entries: readonly (readonly [string, unknown])[]): void => {
    for (const [key, value] of entries) if (key === 'current') shared = namesOf(value as { config: Config });
  };
  return new Promise((resolve, reject) => {
    const hangUp = client.onClose((reason) => reject(new Failure(`the connection closed: ${reason}`)));
    client.state('config', {
      onSnapshot(entries) {
        hangUp();
        look(entries);
        resolve(() => shared);
      },
      onChange: look,
    });
  });
}

function namesOf({ config: { pools } }: { config: Config }): ReadonlySet<string> {
  const ids = pools.flatMap(({ name, servers }) => servers.map((server) => serverId(name, server.name)));
  return sharedServerNames(ids);
}
