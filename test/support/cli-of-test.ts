import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterThisTest } from './after-this-test.ts';
import { type CliKit, createCliKit } from './cli-kit.ts';
import { type NamedServer, startNamedServer } from './named-server.ts';

/**
 * A folder with a `ballast.yaml` of one listener before one server, for the command line; all is ended after the test.
 *
 * @param interval between two probes, which are TCP connections
 */
export async function cliBeforeOneServer(interval: string): Promise<{ kit: CliKit; server: NamedServer }> {
  const server = await startNamedServer('a');
  afterThisTest(() => server.close());
  const kit = createCliKit();
  afterThisTest(() => kit.dispose());
  writeFileSync(
    join(kit.folder, 'ballast.yaml'),
    `listeners: [{ name: web, bind: '127.0.0.1:0', pool: api }]
pools:
  - { name: api, servers: [{ name: a, address: '${server.address}' }], healthCheck: { type: tcp, interval: ${interval} } }
`,
  );
  return { kit, server };
}
