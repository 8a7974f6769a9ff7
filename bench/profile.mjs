// Where the time of a request goes, workload by workload: kernel, JavaScript, garbage, Node's C++, and which system calls,
// beside nginx and HAProxy. Linux as root; needs perf (Debian: linux-perf), wrk and a built tree. Options: --help
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { findProgram } from '../scripts/lib/find-program.mjs';
import { say } from '../scripts/lib/say.mjs';
import { root } from '../scripts/lib/tree.mjs';
import { describeMachine, pinning } from './lib/machine.mjs';
import { startOrigin } from './lib/origins.mjs';
import { peersFor } from './lib/peers.mjs';
import { Processes } from './lib/processes.mjs';
import { profilePeer } from './lib/profile-peer.mjs';
import { profileMarkdown, profileText } from './lib/profile-report.mjs';
import { replaceBetweenMarkers } from './lib/report.mjs';
import { workloads } from './lib/workloads.mjs';

const usage = `node bench/profile.mjs [options]

  --only NAMES    workloads (those that load a proxy on one core)
  --peers NAMES   ballast,nginx,haproxy with Ballast's variants
  --seconds S     length of each of the two looks (3)
  --write         put the tables into bench/README.md`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string', default: 'ballast,nginx,haproxy' },
    seconds: { type: 'string', default: '3' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function profileAll() {
  if (!findProgram('perf')) throw new Error('perf is not installed (Debian: apt-get install linux-perf)');
  await ensureBuilt(say);
  const processes = new Processes();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.once(signal, () => processes.endAll().then(() => process.exit(1)));
  const pins = pinning(processes.canPin);
  const plan = {
    rounds: 1,
    seconds: Number(values.seconds),
    warmUpSeconds: 2,
    node: process.execPath,
    pinning: pins,
    random: Math.random,
    say,
    idleConnections: 0,
  };
  const wanted = values.only?.split(',');
  const profiled = [];
  try {
    for (const workload of workloads) {
      if (workload.load === 'idle' || workload.unpinned || (wanted && !wanted.includes(workload.name)))
        continue;
      const origin = await startOrigin(processes, {
        kind: workload.origin,
        cores: pins.loadCores,
        node: plan.node,
      });
      const profiles = [];
      for (const peer of peersFor(workload, values.peers.split(',')))
        if (peer.lacks(plan.node) === undefined)
          profiles.push(await profilePeer(processes, peer, workload, origin.ports, plan));
      await processes.end(origin.child);
      profiled.push({ workload, profiles });
      console.log(profileText({ workload, profiles }));
    }
  } finally {
    await processes.endAll();
  }
  return profiled;
}

try {
  if (values.help) console.log(usage);
  else {
    const profiled = await profileAll();
    if (values.write) {
      const readme = join(root, 'bench', 'README.md');
      const text = profileMarkdown(profiled, describeMachine(process.execPath));
      writeFileSync(readme, replaceBetweenMarkers(readFileSync(readme, 'utf8'), text, 'profile'));
    }
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
