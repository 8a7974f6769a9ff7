// Memory of idle kept-alive connections: a fresh proxy each time, warmed up, then read before and after they are opened.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros, memoryOf } from './accounting.mjs';
import { idleConnections } from './load.mjs';
import { checkPeer } from './peer-check.mjs';
import { startPeer } from './start-peer.mjs';
import { shuffled } from './statistics.mjs';
import { warmUp } from './warm-up.mjs';

/**
 * @typedef {object} IdleRound
 * @property {number} round
 * @property {number} connections
 * @property {number} bytesPerConnection resident memory, after less before
 * @property {number} residentBefore
 * @property {number} residentAfter
 * @property {number} residentHalf with half of the connections open
 * @property {number} idleCpuPercent of one core, while nothing happens
 * @property {number} errors connections that could not be kept
 */

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {import('./workloads.mjs').Workload} workload
 * @param {import('./peers.mjs').Peer[]} takingPart
 * @param {import('./measure.mjs').Plan} plan
 * @param {import('./origins.mjs').Origin} origin
 * @param {import('./measure.mjs').WorkloadResult} result
 */
export async function measureIdle(processes, workload, takingPart, plan, origin, result) {
  const all = takingPart.map((peer) => {
    /** @type {import('./measure.mjs').PeerResult} */
    const each = { name: peer.name, rounds: [], peakMemoryBytes: 0 };
    result.peers.push(each);
    return { peer, result: each };
  });
  const rounds = Math.max(1, Math.floor(plan.rounds / 3));
  for (let round = 0; round < rounds; round++) {
    for (const { peer, result: each } of shuffled(all, plan.random)) {
      if (each.failed || (peer.slow && round % 2 === 1)) continue;
      let running;
      try {
        running = await startPeer(processes, peer, workload, origin.ports, plan);
        each.hits = await checkPeer(running.port, workload);
        each.rounds.push(await one(processes, running, round, workload, plan));
        const { peak } = memoryOf(/** @type {number} */ (running.child.pid));
        each.peakMemoryBytes = Math.max(each.peakMemoryBytes, peak);
      } catch (error) {
        each.failed = /** @type {Error} */ (error).message;
      }
      if (running) await processes.end(running.child);
    }
  }
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {import('./measure.mjs').Running} running
 * @param {number} round
 * @param {import('./workloads.mjs').Workload} workload
 * @param {import('./measure.mjs').Plan} plan
 * @returns {Promise<IdleRound>}
 */
async function one(processes, running, round, workload, { pinning, node, ...plan }) {
  const { port, child } = running;
  const pid = /** @type {number} */ (child.pid);
  const cores = pinning.loadCores;
  const warming = { ...workload, load: /** @type {const} */ ('wrk'), connections: 64 };
  await warmUp(processes, running, { workload: warming, cores, node }, plan.warmUpSeconds);
  const residentBefore = await settled(pid);
  const half = Math.floor(plan.idleConnections / 2);
  const options = { port, cores, node };
  const first = await idleConnections(processes, { ...options, connections: half });
  const residentHalf = await settled(pid);
  const second = await idleConnections(processes, { ...options, connections: plan.idleConnections - half });
  const residentAfter = await settled(pid);
  const cpuBefore = cpuMicros(pid);
  const at = performance.now();
  await sleep(500);
  const idleCpuPercent = (cpuMicros(pid) - cpuBefore) / ((performance.now() - at) * 10);
  const counts = [await first.count(), await second.count()];
  await Promise.all([first.end(), second.end()]);
  const open = counts.reduce((sum, count) => sum + count.open, 0);
  return {
    round,
    connections: open,
    bytesPerConnection: (residentAfter - residentBefore) / plan.idleConnections,
    residentBefore,
    residentHalf,
    residentAfter,
    idleCpuPercent,
    errors: plan.idleConnections - open,
  };
}

/**
 * Resident memory once it no longer moves: two readings a quarter of a second apart that differ by less than 0.5 %.
 * @param {number} pid
 */
async function settled(pid) {
  let last = memoryOf(pid).resident;
  for (let readings = 0; readings < 20; readings++) {
    await sleep(250);
    const now = memoryOf(pid).resident;
    if (Math.abs(now - last) < last * 0.005) return now;
    last = now;
  }
  return last;
}
