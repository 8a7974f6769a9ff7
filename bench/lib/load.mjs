// Running a load generator for a while, and what it reports.
import { join } from 'node:path';
import { findProgram } from '../../scripts/lib/find-program.mjs';
import { root } from '../../scripts/lib/tree.mjs';
import { catchesInterrupts } from './accounting.mjs';
import { nextLine } from './processes.mjs';

/**
 * @typedef {{ requests: number, seconds: number, meanMs: number, p50Ms: number, p99Ms: number, maxMs: number, bytes: number, errors: number, errorKinds: Record<string, number> }} LoadReport
 */

/**
 * Loads one port.
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ port: number, workload: import('./workloads.mjs').Workload, seconds: number, cores: string | undefined, node: string }} options
 * @returns {Promise<LoadReport>}
 */
export async function load(processes, { port, workload, seconds, cores, node }) {
  const report =
    workload.load === 'wrk'
      ? await wrk(processes, { port, workload, seconds, cores })
      : await ownGenerator(processes, { port, workload, seconds, cores, node });
  const errorKinds = Object.fromEntries(
    Object.entries(/** @type {Record<string, number>} */ (report.errors)).filter(([, count]) => count > 0),
  );
  if (workload.answerBytes && report.requests > 0 && report.bytes / report.requests < workload.answerBytes)
    errorKinds.short = Math.ceil(report.requests - report.bytes / workload.answerBytes);
  return {
    requests: report.requests,
    seconds: report.micros / 1e6,
    meanMs: report.meanMicros / 1e3,
    p50Ms: report.p50Micros / 1e3,
    p99Ms: report.p99Micros / 1e3,
    maxMs: report.maxMicros / 1e3,
    bytes: report.bytes,
    errors: Object.values(errorKinds).reduce((sum, count) => sum + count, 0),
    errorKinds,
  };
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ port: number, workload: import('./workloads.mjs').Workload, seconds: number, cores: string | undefined }} options
 */
async function wrk(processes, { port, workload, seconds, cores }) {
  const args = [
    '-t1',
    `-c${workload.connections}`,
    // Whole seconds only; for less it is interrupted, which it takes as the end of the run.
    `-d${Math.ceil(seconds)}s`,
    '--timeout',
    '10s',
    '-s',
    join(root, 'bench', 'load', 'report.lua'),
    ...(workload.requestFields ?? []).flatMap((field) => ['-H', field]),
    `http://127.0.0.1:${port}${workload.path}`,
  ];
  const child = processes.start(findProgram('wrk') ?? 'wrk', args, {
    ...(cores !== undefined && { cores }),
    env: { POST_BYTES: String(workload.postBytes ?? 0) },
    stdout: 'pipe',
  });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  let interrupt = Number.isInteger(seconds) ? undefined : setTimeout(stop, seconds * 1_000);
  function stop() {
    // Before it listens for the signal it would end without a word.
    if (catchesInterrupts(/** @type {number} */ (child.pid))) child.kill('SIGINT');
    else interrupt = setTimeout(stop, 10);
  }
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(interrupt);
  const line = /^REPORT (.*)$/m.exec(text)?.[1];
  if (line === undefined) throw new Error(`wrk gave no report: ${child.complaint()} ${text}`);
  return JSON.parse(line);
}

/**
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ port: number, workload: import('./workloads.mjs').Workload, seconds: number, cores: string | undefined, node: string }} options
 */
async function ownGenerator(processes, { port, workload, seconds, cores, node }) {
  const script = join(root, 'bench', 'load', `${workload.load}-load.mjs`);
  const paced = workload.load === 'paced' ? [workload.pauseMs, workload.postBytes] : [];
  const args = [script, ...[port, workload.connections, seconds, ...paced].map(String)];
  const child = processes.start(node, args, { ...(cores !== undefined && { cores }), stdout: 'pipe' });
  const report = await nextLine(child);
  await processes.end(child);
  return report;
}

/**
 * Opens idle connections: `count()` says how many are open and failed, `end()` closes them.
 * @param {import('./processes.mjs').Processes} processes
 * @param {{ port: number, connections: number, cores: string | undefined, node: string }} options
 */
export async function idleConnections(processes, { port, connections, cores, node }) {
  const script = join(root, 'bench', 'load', 'idle-connections.mjs');
  const child = processes.start(node, [script, String(port), String(connections)], {
    ...(cores !== undefined && { cores }),
    stdout: 'pipe',
  });
  await nextLine(child);
  return {
    /** @returns {Promise<{ open: number, failed: number }>} */
    count: () => {
      const answer = nextLine(child);
      child.stdin?.write('count\n');
      return answer;
    },
    end: () => processes.end(child),
  };
}
