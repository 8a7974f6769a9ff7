// Starting one proxy on a port of its own.
import { freePort, listening } from './processes.mjs';

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {import('./peers.mjs').Peer} peer
 * @param {import('./workloads.mjs').Workload} workload
 * @param {number[]} serverPorts
 * @param {import('./measure.mjs').Plan} plan
 * @returns {Promise<import('./measure.mjs').Running>}
 */
export async function startPeer(processes, peer, workload, serverPorts, { node, pinning }) {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const launch = peer.launch({ port, serverPorts, folder: processes.folder, node, workload });
    const child = processes.start(launch.command, launch.args, {
      ...(pinning.proxyCores !== undefined && { cores: pinning.proxyCores }),
      ...(launch.env && { env: launch.env }),
    });
    try {
      await listening(port, child);
      return { peer, port, child, result: { name: peer.name, rounds: [], peakMemoryBytes: 0 } };
    } catch (error) {
      await processes.end(child);
      // Somebody may have taken the port between asking for it and using it.
      if (tries === 2) throw new Error(`${peer.name} ${/** @type {Error} */ (error).message}`);
    }
  }
}
