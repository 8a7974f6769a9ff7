// Before the first slice.
import { cpuMicros } from './accounting.mjs';
import { load } from './load.mjs';

/**
 * Loads a proxy until it runs as it will. Compiling while running takes CPU time, of which a busy machine gives less in
 * the same seconds; so that is what is waited for, five times as long at most. The others have nothing to compile.
 * @param {import('./processes.mjs').Processes} processes
 * @param {import('./measure.mjs').Running} running
 * @param {{ workload: import('./workloads.mjs').Workload, cores: string | undefined, node: string }} loading
 * @param {number} seconds
 */
export async function warmUp(processes, { port, child, peer }, loading, seconds) {
  const pid = /** @type {number} */ (child.pid);
  const startedMicros = cpuMicros(pid);
  const deadline = performance.now() + seconds * 5_000;
  const isCold = () => (cpuMicros(pid) - startedMicros) / 1e6 < seconds;
  do await load(processes, { ...loading, port, seconds: Math.min(1, peer.compiles ? seconds / 2 : 0.3) });
  while (peer.compiles && isCold() && performance.now() < deadline);
}
