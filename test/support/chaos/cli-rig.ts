import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { Resources } from '@shared/contract/system-values.ts';
import { createCliKit } from '../cli-kit.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** A real Ballast, as people start it, in front of real servers. */
export interface CliRig {
  readonly port: number;
  readonly pid: number;
  readonly servers: readonly ServerProcess[];
  status(): Promise<{ metrics: Metrics; resources: Resources }>;
  /** Resident memory of the whole process, MiB. */
  memoryMb(): number;
  stderr(): string;
  dispose(): Promise<void>;
}

/** @param pool further lines of the pool in YAML, flow style, e.g. `strategy: random` */
export async function startCliRig(count: number, pool: readonly string[], threads = 1): Promise<CliRig> {
  const cli = createCliKit();
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startServerProcess(String.fromCharCode(97 + index), cli.folder, { quiet: true }),
    ),
  );
  const dispose = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
    await cli.dispose();
  };
  try {
    const members = servers.map(({ name, address }) => `{ name: ${name}, address: "${address}" }`);
    writeFileSync(
      join(cli.folder, 'ballast.yaml'),
      `version: 1
listeners: [{ name: web, bind: 127.0.0.1:0, pool: api }]
pools:
  - name: api
    ${pool.join('\n    ')}
    servers: [${members.join(', ')}]
dataPlane: { threads: ${threads} }
`,
    );
    const running = await cli.start('up', '--control-port', '0');
    return {
      port: Number(new URL(running.ready.listeners[0]!.url).port),
      pid: running.pid,
      servers,
      async status() {
        const { objects, stderr } = await cli.run('status', '--json');
        if (!objects[0]) throw new Error(stderr);
        return objects[0];
      },
      memoryMb: () =>
        Number(execFileSync('ps', ['-o', 'rss=', '-p', String(running.pid)], { encoding: 'utf8' })) / 1_024,
      stderr: running.stderr,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
