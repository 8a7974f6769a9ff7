// How long `ballast demo` takes until it is ready, three replicas included, beside a Node process that does nothing: `node bench/ready.mjs`.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { say } from '../scripts/lib/say.mjs';
import { root } from '../scripts/lib/tree.mjs';

const runs = 5;
const demo = [join(root, 'out/main/cli.js'), 'demo', '--json', '--no-open', '--control-port', '0'];

await ensureBuilt(say);
const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-ready-'));
const env = { ...process.env, BALLAST_STATE_DIR: folder };
try {
  const rounds = [];
  for (let run = 0; run < runs; run++) {
    let from = performance.now();
    spawnSync(process.execPath, ['-e', '']);
    const emptyMs = performance.now() - from;
    from = performance.now();
    const child = spawn(process.execPath, demo, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
    const readyMs = performance.now() - from;
    child.stdout.resume();
    child.kill('SIGTERM');
    await ended;
    if (!line.includes('"ready"')) throw new Error(`not ready: ${line}`);
    rounds.push({ readyMs, ratio: readyMs / emptyMs });
  }
  const median = (/** @type {'readyMs' | 'ratio'} */ of) =>
    rounds.map((round) => round[of]).sort((one, other) => one - other)[runs >> 1] ?? 0;
  console.log(
    `ballast demo ready: median of ${runs} ${(median('readyMs') / 1_000).toFixed(2)} s, ${median('ratio').toFixed(1)} x an empty Node process`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
