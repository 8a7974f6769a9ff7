import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContractError } from '@shared/contract/errors.ts';
import { joinCommand } from '@shared/lib/command-line.ts';
import { freePorts, nextFreePort } from './free-ports.ts';
import { flowText } from './splice.ts';

export interface DemoWorkspace {
  /** Full path of its ballast.yaml. */
  readonly path: string;
  readonly listenerPort: number;
  /** Said where the preferred port was taken; null where it was free. */
  readonly portNote: string | null;
  /** Removes the temporary folder. */
  cleanup(): Promise<void>;
  /** The same, for a process that ends this instant. */
  cleanupNow(): void;
}

/** Writes a commented ballast.yaml for three demo replicas into a fresh private folder. */
export async function createDemoWorkspace({
  preferredPort,
}: {
  readonly preferredPort: number;
}): Promise<DemoWorkspace> {
  const service = findService();
  const listenerPort = await nextFreePort(preferredPort);
  const ports = await freePorts(3);
  const folder = await mkdtemp(join(tmpdir(), 'ballast-demo-')); // mkdtemp makes it 0700
  const path = join(folder, 'ballast.yaml');
  const command = joinCommand([process.execPath, service]);
  await writeFile(path, demoText({ listenerPort, ports, command }), { mode: 0o600 });
  return {
    path,
    listenerPort,
    portNote:
      listenerPort === preferredPort
        ? null
        : `port ${preferredPort} is taken; the demo listens on ${listenerPort} instead`,
    cleanup: () => rm(folder, { recursive: true, force: true }),
    cleanupNow: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function demoText(demo: { listenerPort: number; ports: readonly number[]; command: string }): string {
  // Inside Electron the same program has to be told to be Node.
  const env = process.versions.electron === undefined ? '' : '\n    env: { ELECTRON_RUN_AS_NODE: "1" }';
  const servers = demo.ports.map(
    (port, index) => `      - { name: api-${index + 1}, address: 127.0.0.1:${port} }`,
  );
  return `# The demo: three small replicas, one port in front of them.
# Change what you like and save; Ballast applies it while it runs. The folder is removed when the demo ends.
version: 1

listeners:
  # Where clients connect. Try: curl http://127.0.0.1:${demo.listenerPort}/
  - { name: web, bind: 127.0.0.1:${demo.listenerPort}, pool: api }

pools:
  - name: api
    # Each in turn. Others: weighted-round-robin, least-connections, ip-hash.
    strategy: round-robin
    servers:
${servers.join('\n')}
    # Asked often, so that a killed replica is noticed and a started one is back at once.
    healthCheck: { type: http, path: /health, interval: 500ms, timeout: 400ms, rise: 2, fall: 2 }
    # Sticky sessions: take the # away and watch the sessions appear.
    # affinity: { type: cookie, ttl: 10m }

# The processes behind the servers. Ballast starts them, and ends them when it ends.
replicas:
  - name: api
    command: ${flowText(demo.command)}
    ports: [${demo.ports.join(', ')}]${env}
`;
}

/** The demo service lies beside the program: in the source tree, in the built one, and in the packaged app. */
function findService(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'resources', 'demo-service', 'server.mjs');
    // A packaged app holds it twice: Node itself can only run the one outside the archive.
    const unpacked = file.replace(/([\\/]app\.asar)([\\/])/, '$1.unpacked$2');
    if (existsSync(unpacked)) return unpacked;
    if (existsSync(file)) return file;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  throw new ContractError(
    'io-failed',
    'resources/demo-service/server.mjs is missing from this installation; install Ballast anew, or run your own replicas with `ballast up ballast.yaml`',
  );
}
