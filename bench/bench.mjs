// `npm run bench`: Ballast beside the proxies people use, in one run. How to read it: bench/README.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { findProgram } from '../scripts/lib/find-program.mjs';
import { say } from '../scripts/lib/say.mjs';
import { root } from '../scripts/lib/tree.mjs';
import { describeMachine, pinning } from './lib/machine.mjs';
import { measureWorkload } from './lib/measure.mjs';
import { parseOptions, usage } from './lib/options.mjs';
import { besidePeer, peersFor } from './lib/peers.mjs';
import { Processes } from './lib/processes.mjs';
import { replaceBetweenMarkers, runMarkdown, verdictText, workloadText } from './lib/report.mjs';
import { seededRandom } from './lib/statistics.mjs';
import { rowsOf } from './lib/summary.mjs';
import { judgeAll } from './lib/targets.mjs';
import { workloads as allWorkloads } from './lib/workloads.mjs';

/** @typedef {ReturnType<typeof parseOptions>} Options */
/** @typedef {import('./lib/report.mjs').Run} Run */

/** Interrupted: what fails from then on fails because of that. */
let isStopped = false;

/** @param {Options} options @returns {Promise<Run>} */
async function measure(options) {
  if (process.platform !== 'linux') throw new Error('the accounting of CPU time is that of Linux');
  if (options.workloads.some(({ load }) => load === 'wrk' || load === 'idle') && !findProgram('wrk'))
    throw new Error('wrk is not installed (Debian: apt-get install wrk)');
  await ensureBuilt(say);
  const processes = new Processes();
  const stop = async (/** @type {NodeJS.Signals} */ signal) => {
    isStopped = true;
    await processes.endAll();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(signal, stop);
  const seed = options.seed ?? Date.now() % 1_000_000;
  const pins = pinning(processes.canPin);
  const machine = describeMachine(options.node);
  /** @type {Run} */
  const run = {
    startedAt: new Date().toISOString(),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(
      ' ',
    ),
    seed,
    rounds: options.rounds,
    seconds: options.seconds,
    machine,
    pinning: pins,
    workloads: [],
    runs: 1,
  };
  console.log(`seed ${seed}; ${machine.cpu}, ${machine.cores} cores, ${machine.kernel}`);
  console.log(
    pins.proxyCores
      ? `proxy on core ${pins.proxyCores}, load and servers on ${pins.loadCores}`
      : 'nothing is pinned: that takes two cores and taskset (Debian: apt-get install util-linux)',
  );
  const random = seededRandom(seed);
  try {
    for (const workload of options.workloads) {
      const idle = idleConnectionsFor(options.idleConnections, machine.openFiles);
      const plan = { ...options, idleConnections: idle, pinning: pins, random, say };
      const takingPart = peersFor(workload, options.peers);
      if (options.beside) takingPart.push(besidePeer(options.beside));
      const result = await measureWorkload(processes, workload, takingPart, plan);
      result.nodeVersion = machine.node;
      run.workloads.push(result);
      console.log(workloadText(result));
    }
  } finally {
    await processes.endAll();
  }
  return run;
}

/**
 * Every connection is one file here, and one in the proxy.
 * @param {number} wanted
 * @param {number} openFiles
 */
function idleConnectionsFor(wanted, openFiles) {
  const possible = openFiles - 2_000;
  if (wanted <= possible) return wanted;
  say(
    `only ${possible} idle connections: the limit of open files is ${openFiles} (raise it: ulimit -n 32768)`,
  );
  return possible;
}

/**
 * What an earlier run measured of other workloads stays; the order is that of the list.
 * @param {Run} run
 * @param {string} file
 */
function appendTo(run, file) {
  if (!existsSync(file)) return;
  /** @type {Run} */
  const earlier = JSON.parse(readFileSync(file, 'utf8'));
  const kept = earlier.workloads.filter(({ name }) => !run.workloads.some((each) => each.name === name));
  const place = (/** @type {{ name: string }} */ { name }) =>
    allWorkloads.findIndex((each) => each.name === name);
  if (kept.length > 0) {
    run.runs = (earlier.runs ?? 1) + 1;
    // What stays was measured with what was installed then.
    const { versions } = run.machine;
    for (const [name, version] of Object.entries(earlier.machine.versions))
      versions[name] = [...new Set(`${version} and ${versions[name] ?? version}`.split(' and '))].join(
        ' and ',
      );
  }
  run.workloads = [...kept, ...run.workloads].sort((a, b) => place(a) - place(b));
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(usage);
  else {
    /** @type {Run} */
    const run = options.from ? JSON.parse(readFileSync(options.from, 'utf8')) : await measure(options);
    if (options.json && options.append) appendTo(run, options.json);
    const verdicts = judgeAll(run.workloads);
    if (options.from) for (const workload of run.workloads) console.log(workloadText(workload));
    console.log(`\n${verdictText(verdicts)}`);
    if (options.json) {
      const rows = run.workloads.map((workload) => ({ name: workload.name, rows: rowsOf(workload) }));
      writeFileSync(options.json, `${JSON.stringify({ ...run, rows, verdicts }, null, 1)}\n`);
    }
    if (options.write) {
      const readme = join(root, 'bench', 'README.md');
      writeFileSync(readme, replaceBetweenMarkers(readFileSync(readme, 'utf8'), runMarkdown(run, verdicts)));
    }
    const isInvalid = run.workloads.some((workload) => rowsOf(workload).some(({ invalid }) => invalid));
    if (isInvalid) {
      say('some rows are INVALID: see above');
      process.exitCode = 1;
    }
  }
} catch (error) {
  if (!isStopped) say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
