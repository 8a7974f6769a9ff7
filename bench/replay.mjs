// How long `ballast replay` takes to compare all strategies on a recording: `node bench/replay.mjs [REQUESTS]`, 10,000 by default.
// The requests come by chance over a minute, one of five servers is twice as slow, and one is away for ten seconds.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { say } from '../scripts/lib/say.mjs';
import { root } from '../scripts/lib/tree.mjs';
import { seededRandom } from './lib/statistics.mjs';

const count = Number(process.argv[2] ?? 10_000);
const runs = 5;
const spanMs = 60_000;
const names = ['a', 'b', 'c', 'd', 'e'];

/** @param {number} seed */
function recording(seed) {
  const random = seededRandom(seed);
  const requests = Array.from({ length: count }, () => random() * spanMs).sort((one, other) => one - other);
  const lines = requests.map((arrivedMs, index) => {
    const name = names[index % names.length];
    const isAway = name === 'c' && arrivedMs > 20_000 && arrivedMs < 30_000;
    const durationMs = -Math.log(1 - random()) * (name === 'e' ? 20 : 10);
    const answer = { durationMs, outcome: 'responded', status: 200 };
    const attempts = isAway
      ? [
          { server: 'api/c', startedAfterMs: 0, durationMs: 0.5, outcome: 'connect-failed', status: 0 },
          { server: 'api/d', startedAfterMs: 0.5, ...answer },
        ]
      : [{ server: `api/${name}`, startedAfterMs: 0, ...answer }];
    return {
      id: `r-${index}`,
      arrivedMs,
      durationMs,
      listener: 'web',
      pool: 'api',
      client: `127.0.0.${1 + Math.floor(random() * 200)}`,
      method: 'GET',
      target: `/orders/${index}`,
      status: 200,
      failed: false,
      requestBytes: 0,
      queuedMs: 0,
      session: null,
      affinity: null,
      key: null,
      attempts,
    };
  });
  const servers = names.map((name, index) => ({ name, address: `127.0.0.1:${3001 + index}` }));
  const header = { ballastRecording: 1, startMs: 0, requests: count, pools: [{ name: 'api', servers }] };
  return `${[header, ...lines].map((line) => JSON.stringify(line)).join('\n')}\n`;
}

await ensureBuilt(say);
const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-replay-'));
try {
  const file = join(folder, 'run.jsonl');
  writeFileSync(file, recording(1));
  const seconds = [];
  let told = '';
  for (let run = 0; run < runs; run++) {
    const from = performance.now();
    const cli = join(root, 'out/main/cli.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'replay', file], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    seconds.push((performance.now() - from) / 1_000);
    told = stdout;
  }
  seconds.sort((one, other) => one - other);
  console.log(told);
  console.log(
    `${count} requests through all strategies, process and file included: median of ${runs} ${seconds[runs >> 1]?.toFixed(2)} s, slowest ${seconds.at(-1)?.toFixed(2)} s`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
