import { afterThisTest } from './after-this-test.ts';
import { fetchText } from './http-client.ts';
import { type NamedServer, startNamedServer } from './named-server.ts';
import { type ReplicaProcess, startReplicaProcess } from './replica-process.ts';

/** Servers in this process that answer with their names; closed after the test. */
export function named(...names: string[]): Promise<NamedServer[]> {
  return Promise.all(
    names.map(async (name) => {
      const server = await startNamedServer(name);
      afterThisTest(() => server.close());
      return server;
    }),
  );
}

/** The same in processes of their own; killed after the test. */
export function replicas(...names: string[]): Promise<ReplicaProcess[]> {
  return Promise.all(
    names.map(async (name) => {
      const replica = await startReplicaProcess(name);
      afterThisTest(() => replica.kill());
      return replica;
    }),
  );
}

/** As a pool lists them. */
export function members(
  servers: readonly { readonly name: string; readonly address: string }[],
): { name: string; address: string }[] {
  return servers.map(({ name, address }) => ({ name, address }));
}

/** What so many requests, one after the other, were answered: the servers' names. */
export async function sequence(
  url: string,
  requests: number,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const bodies: string[] = [];
  for (let request = 0; request < requests; request++) bodies.push((await fetchText(url, { headers })).body);
  return bodies;
}

export function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
