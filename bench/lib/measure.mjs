// One workload: start servers and proxies, check them, warm them up, load them in turn in random order, end them.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicros, machineSeconds, memoryOf } from './accounting.mjs';
import { load } from './load.mjs';
import { measureIdle } from './measure-idle.mjs';
import { startOrigin } from './origins.mjs';
import { checkPeer } from './peer-check.mjs';
import { nextLine } from './processes.mjs';
import { startPeer } from './start-peer.mjs';
import { shuffled } from './statistics.mjs';
import { warmUp } from './warm-up.mjs';

/**
 * @typedef {import('./workloads.mjs').Workload} Workload
 * @typedef {import('./peers.mjs').Peer} Peer
 * @typedef {{ proxyCores: string | undefined, loadCores: string | undefined, coreCount: number }} Pinning
 * @typedef {{ rounds: number, seconds: number, warmUpSeconds: number, node: string, pinning: Pinning, random: () => number, say: (line: string) => void, idleConnections: number }} Plan
 *
 * @typedef {object} Round one slice of one proxy
 * @property {number} round
 * @property {number} requests
 * @property {number} seconds
 * @property {number} cpuMicrosPerRequest of the whole proxy
 * @property {number} perSecond
 * @property {number} meanMs
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} maxMs
 * @property {number} [serverConnections] to the servers, that carried these requests
 * @property {number} errors
 * @property {Record<string, number>} errorKinds
 * @property {number} othersPercent share of the machine that processes took which are no part of this
 *
 * @typedef {{ name: string, hits?: number[], rounds: (Round | import('./measure-idle.mjs').IdleRound)[], peakMemoryBytes: number, failed?: string }} PeerResult
 * @typedef {{ name: string, title: string, unit: string, note?: string | undefined, load: string, connections: number, startedAt: string, nodeVersion?: string, direct?: import('./load.mjs').LoadReport, peers: PeerResult[], skipped: { name: string, reason: string }[] }} WorkloadResult
 * @typedef {{ peer: Peer, port: number, child: ReturnType<import('./processes.mjs').Processes['start']>, result: PeerResult }} Running
 */

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {Workload} workload
 * @param {Peer[]} takingPart
 * @param {Plan} plan
 * @returns {Promise<WorkloadResult>}
 */
export async function measureWorkload(processes, workload, takingPart, plan) {
  /** @type {WorkloadResult} */
  const result = {
    name: workload.name,
    title:
      workload.load === 'idle'
        ? `${plan.idleConnections.toLocaleString('en-US')} ${workload.title}`
        : workload.title,
    unit: workload.unit,
    note: workload.note,
    load: workload.load,
    connections: workload.load === 'idle' ? plan.idleConnections : workload.connections,
    startedAt: new Date().toISOString(),
    peers: [],
    skipped: [],
  };
  const able = takingPart.filter((peer) => {
    const reason = peer.lacks(plan.node);
    if (reason) result.skipped.push({ name: peer.name, reason });
    return reason === undefined;
  });
  if (workload.peers && !able.some(({ follows }) => follows) && takingPart.some(({ follows }) => follows)) {
    result.skipped.push({ name: workload.name, reason: 'nothing of what it compares can run here' });
    return result;
  }
  const pinning = pinningFor(workload, plan.pinning);
  const origin = await startOrigin(processes, {
    kind: workload.origin,
    cores: pinning.loadCores,
    node: plan.node,
  });
  try {
    if (workload.load === 'idle') {
      await measureIdle(processes, workload, able, { ...plan, pinning }, origin, result);
      return result;
    }
    const loading = { workload, cores: pinning.loadCores, node: plan.node };
    result.direct = await load(processes, {
      ...loading,
      port: /** @type {number} */ (origin.ports[0]),
      seconds: plan.seconds,
    });
    /** @type {Running[]} */
    const running = [];
    for (const peer of able) {
      try {
        running.push(await startPeer(processes, peer, workload, origin.ports, { ...plan, pinning }));
        result.peers.push(/** @type {Running} */ (running.at(-1)).result);
      } catch (error) {
        const failed = /** @type {Error} */ (error).message;
        result.peers.push({ name: peer.name, rounds: [], peakMemoryBytes: 0, failed });
      }
    }
    const ready = await usable(running, workload);
    for (const each of ready) await warmUp(processes, each, loading, plan.warmUpSeconds);
    for (let round = 0; round < plan.rounds; round++)
      for (const each of shuffled(ready, plan.random)) {
        if (each.peer.slow && round % 2 === 1) continue;
        each.result.rounds.push(await slice(processes, each, round, loading, plan, origin));
      }
    for (const { child, result: each } of ready)
      each.peakMemoryBytes = memoryOf(/** @type {number} */ (child.pid)).peak;
    await Promise.all(running.map(({ child }) => processes.end(child)));
    return result;
  } finally {
    await processes.end(origin.child);
  }
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {Running} running
 * @param {number} round
 * @param {{ workload: Workload, cores: string | undefined, node: string }} loading
 * @param {Plan} plan
 * @param {import('./origins.mjs').Origin} origin
 * @returns {Promise<Round>}
 */
async function slice(processes, { port, child }, round, loading, plan, origin) {
  const pid = /** @type {number} */ (child.pid);
  const originPid = /** @type {number} */ (origin.child.pid);
  if (loading.workload.load === 'paced') await postingConnections(origin);
  const before = {
    proxy: cpuMicros(pid),
    origin: cpuMicros(originPid),
    machine: machineSeconds(),
    at: performance.now(),
  };
  const report = await load(processes, { ...loading, port, seconds: plan.seconds });
  await sleep(30); // closing the connections is part of what they cost
  const machine = machineSeconds();
  const proxyMicros = cpuMicros(pid) - before.proxy;
  const ours =
    (proxyMicros + cpuMicros(originPid) - before.origin) / 1e6 + machine.here - before.machine.here;
  const others = Math.max(0, machine.busy - before.machine.busy - ours);
  const elapsed = (performance.now() - before.at) / 1_000;
  const { bytes: _bytes, ...figures } = report;
  const serverConnections = loading.workload.load === 'paced' ? await postingConnections(origin) : undefined;
  return {
    round,
    ...figures,
    cpuMicrosPerRequest: proxyMicros / report.requests,
    perSecond: report.requests / report.seconds,
    ...(serverConnections !== undefined && { serverConnections }),
    othersPercent: (100 * others) / (elapsed * plan.pinning.coreCount),
  };
}

/**
 * How many connections have brought the servers a POST since this was last asked.
 * @param {import('./origins.mjs').Origin} origin
 * @returns {Promise<number>}
 */
function postingConnections({ child }) {
  const answer = nextLine(child);
  child.stdin?.write('count\n');
  return /** @type {Promise<any>} */ (answer);
}

/**
 * Those that passed the check; the others' rows say why not.
 * @param {Running[]} running
 * @param {Workload} workload
 */
async function usable(running, workload) {
  const passed = [];
  for (const each of running) {
    try {
      each.result.hits = await checkPeer(each.port, workload);
      passed.push(each);
    } catch (error) {
      each.result.failed = /** @type {Error} */ (error).message;
    }
  }
  return passed;
}

/**
 * What is about several cores gets two for the proxy where there are four; else nothing is pinned.
 * @param {Workload} workload
 * @param {Pinning} pinning
 * @returns {Pinning}
 */
function pinningFor(workload, pinning) {
  if (!workload.unpinned) return pinning;
  const { coreCount } = pinning;
  if (coreCount < 4 || pinning.proxyCores === undefined)
    return { proxyCores: undefined, loadCores: undefined, coreCount };
  return { proxyCores: `${coreCount - 2}-${coreCount - 1}`, loadCores: `0-${coreCount - 3}`, coreCount };
}
