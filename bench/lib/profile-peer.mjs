// One proxy under one workload, watched by `perf`: first what its time is spent on, then which system calls it makes.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../scripts/lib/find-program.mjs';
import { cpuMicros, processGroup } from './accounting.mjs';
import { load } from './load.mjs';
import { countedCalls, parseCalls, parseReport, sharesOf } from './perf.mjs';
import { startPeer } from './start-peer.mjs';
import { warmUp } from './warm-up.mjs';

/**
 * @typedef {object} Profile
 * @property {string} name of the proxy
 * @property {number} microsPerRequest CPU time while sampled, which costs about a percent
 * @property {import('./perf.mjs').Share} shares
 * @property {number} callsPerRequest
 * @property {[string, number][]} calls for each request, the most frequent first
 * @property {import('./perf.mjs').Symbol[]} symbols
 */

/** Samples a second: not a divisor of anything that ticks. */
const samplesPerSecond = 1_999;

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {import('./peers.mjs').Peer} peer
 * @param {import('./workloads.mjs').Workload} workload
 * @param {number[]} serverPorts
 * @param {import('./measure.mjs').Plan} plan
 * @returns {Promise<Profile>}
 */
export async function profilePeer(processes, peer, workload, serverPorts, plan) {
  // V8 writes the names of what it compiles to where perf looks for them.
  const named = { NODE_OPTIONS: '--perf-basic-prof' };
  const launch = (/** @type {import('./peers.mjs').Setting} */ setting) => {
    const plain = peer.launch(setting);
    return { ...plain, env: { ...plain.env, ...(peer.compiles && named) } };
  };
  const running = await startPeer(processes, { ...peer, launch }, workload, serverPorts, plan);
  const pids = processGroup(/** @type {number} */ (running.child.pid));
  const loading = { workload, cores: plan.pinning.loadCores, node: plan.node };
  const underLoad = () => load(processes, { ...loading, port: running.port, seconds: plan.seconds });
  try {
    await warmUp(processes, running, loading, plan.warmUpSeconds);
    const samples = join(processes.folder, `${peer.name}.samples`);
    const before = cpuMicros(/** @type {number} */ (running.child.pid));
    const sampled = await watched(
      processes,
      ['record', '-q', '-e', 'cpu-clock', '-F', String(samplesPerSecond), '-o', samples, '-p', pids.join()],
      underLoad,
    );
    const microsPerRequest =
      (cpuMicros(/** @type {number} */ (running.child.pid)) - before) / sampled.report.requests;
    const report = ['report', '-i', samples, '--stdio', '-F', 'overhead,dso,sym', '-t', '|'];
    const symbols = parseReport(await output(processes, report));
    const events = ['raw_syscalls:sys_enter', ...countedCalls.map((call) => `syscalls:sys_enter_${call}`)];
    const counted = await watched(
      processes,
      ['stat', '-x', ';', '-e', events.join(), '-p', pids.join()],
      underLoad,
    );
    const { all, calls } = parseCalls(counted.said);
    const { requests } = counted.report;
    return {
      name: peer.name,
      microsPerRequest,
      shares: sharesOf(symbols),
      callsPerRequest: all / requests,
      calls: [...calls].map(([call, times]) => [call, times / requests]),
      symbols,
    };
  } finally {
    await processes.end(running.child);
    for (const pid of pids) rmSync(`/tmp/perf-${pid}.map`, { force: true });
  }
}

/**
 * @template T
 * @param {import('./processes.mjs').Processes} processes
 * @param {string[]} args of perf, which watches until it is interrupted
 * @param {() => Promise<T>} work
 */
async function watched(processes, args, work) {
  const child = processes.start(findProgram('perf') ?? 'perf', args);
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const report = await work();
  child.kill('SIGINT');
  await ended;
  return { report, said };
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {string[]} args of perf
 */
async function output(processes, args) {
  const child = processes.start(findProgram('perf') ?? 'perf', args, { stdout: 'pipe' });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  await new Promise((resolve) => child.on('close', resolve));
  if (text === '') throw new Error(`perf gave no report: ${child.complaint()}`);
  return text;
}
