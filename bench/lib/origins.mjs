// The three servers behind every proxy.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../scripts/lib/find-program.mjs';
import { root } from '../../scripts/lib/tree.mjs';
import { nginxServersConfig } from './nginx-config.mjs';
import { freePort, listening, nextLine } from './processes.mjs';

/** @typedef {{ ports: number[], child: ReturnType<import('./processes.mjs').Processes['start']> }} Origin */

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ kind: 'nginx' | 'raw', cores: string | undefined, node: string }} options
 * @returns {Promise<Origin>}
 */
export async function startOrigin(processes, { kind, cores, node }) {
  const pin = cores !== undefined ? { cores } : {};
  const nginx = findProgram('nginx');
  // Without nginx the servers of Node stand in: slower, and the row "direct" shows it.
  if (kind === 'raw' || nginx === undefined) {
    const script = join(root, 'bench', 'origins', 'raw-servers.mjs');
    const child = processes.start(node, [script], { ...pin, stdout: 'pipe' });
    return { ports: await nextLine(child), child };
  }
  const ports = [await freePort(), await freePort(), await freePort()];
  const largeFile = join(processes.folder, '1m.txt');
  writeFileSync(largeFile, Buffer.alloc(1_048_576, 'x'));
  const config = join(processes.folder, 'servers.conf');
  const basics = { folder: processes.folder, name: 'servers', connections: 1_024 };
  writeFileSync(config, nginxServersConfig(basics, ports, largeFile));
  const child = processes.start(nginx, ['-p', processes.folder, '-c', config], pin);
  for (const port of ports) await listening(port, child);
  return { ports, child };
}
