// What a pick costs, strategy by strategy, at 3, 30 and 1,000 servers: the strategy alone, and the whole choice in a pool
// (who is available, the pick, the decision written down).
// Usage: node bench/pick.mjs [--ms 60] [--json]     npm run bench:pick
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { ms: { type: 'string', default: '60' }, json: { type: 'boolean' } },
});
const sliceMs = Number(values.ms);
const sizes = [3, 30, 1_000];

/** The engine's own modules as one file, as the product is built. */
async function load(folder) {
  await build({
    root,
    logLevel: 'error',
    configFile: false,
    resolve: { alias: { '@shared': join(root, 'main/shared') } },
    build: {
      ssr: join(root, 'bench/pick-entry.mjs'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'pick.mjs' } },
    },
    ssr: { noExternal: true },
  });
  return import(pathToFileURL(join(folder, 'pick.mjs')).href);
}

/** Nanoseconds of CPU per call: the best of seven slices, since whatever disturbs only adds. */
function measure(run) {
  run(2_000);
  let calls = 1_000;
  for (let ms = cpuMs(run, calls); ms < sliceMs / 2; ms = cpuMs(run, calls)) calls *= 4;
  let best = Number.POSITIVE_INFINITY;
  for (let slice = 0; slice < 7; slice++) best = Math.min(best, (cpuMs(run, calls) * 1e6) / calls);
  return best;
}

function cpuMs(run, calls) {
  const before = process.cpuUsage();
  run(calls);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const folder = mkdtempSync(join(tmpdir(), 'ballast-pick-'));
try {
  const { cases, picker, chooser } = await load(folder);
  const rows = cases.map(([title, strategy, isWeighted]) => ({
    title,
    pick: sizes.map((size) => measure(picker(strategy, size, isWeighted))),
    choose: sizes.map((size) => measure(chooser(strategy, size, isWeighted))),
  }));
  if (values.json) console.log(JSON.stringify({ node: process.version, sizes, rows }));
  else {
    const ns = (value) => (value < 100 ? value.toFixed(0) : Math.round(value).toLocaleString('en'));
    console.log(`ns per pick of the strategy alone, and per choice in a pool (Node ${process.version})\n`);
    console.log(
      `| strategy | ${sizes.map((size) => `pick, ${size}`).join(' | ')} | 1,000 against 3 | ${sizes.map((size) => `choice, ${size}`).join(' | ')} |`,
    );
    console.log(`|---|${'---:|'.repeat(sizes.length * 2 + 1)}`);
    for (const { title, pick, choose } of rows)
      console.log(
        `| ${title} | ${pick.map(ns).join(' | ')} | x ${(pick[2] / pick[0]).toFixed(1)} | ${choose.map(ns).join(' | ')} |`,
      );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
