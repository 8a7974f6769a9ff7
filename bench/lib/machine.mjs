// On what it was measured.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { nodeVersion, peers } from './peers.mjs';
import { fileLimit } from './processes.mjs';

/** @param {string} node */
export function describeMachine(node) {
  const cpu = os.cpus();
  const isVirtual = /^flags\s*:.*\bhypervisor\b/m.test(readOr('/proc/cpuinfo'));
  return {
    cpu: `${cpu[0]?.model.trim() ?? 'unknown'}${isVirtual ? ' (virtual machine)' : ''}`,
    cores: cpu.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    openFiles: fileLimit(),
    node: nodeVersion(node) ?? 'unknown',
    versions: Object.fromEntries(
      peers.flatMap(({ name, lacks, version }) =>
        version && lacks(node) === undefined ? [[name, version(node) ?? 'unknown']] : [],
      ),
    ),
  };
}

/** @param {string} path */
function readOr(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * The proxy alone on the last core, load and servers on the others; one core or no taskset: nothing is pinned.
 * @param {boolean} canPin
 * @returns {import('./measure.mjs').Pinning}
 */
export function pinning(canPin) {
  const coreCount = os.cpus().length;
  if (!canPin || coreCount < 2) return { proxyCores: undefined, loadCores: undefined, coreCount };
  const last = coreCount - 1;
  return { proxyCores: String(last), loadCores: last === 1 ? '0' : `0-${last - 1}`, coreCount };
}
