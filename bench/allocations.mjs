// Bytes that Ballast allocates on its JavaScript heap for each small GET, from V8's own trace of its collections: what the heap
// grew by from each one to the next, divided by the requests that were answered meanwhile. Linux; needs wrk and a built tree.
// Usage: node bench/allocations.mjs [--connections 64] [--seconds 4]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { connections: { type: 'string', default: '64' }, seconds: { type: 'string', default: '4' } },
});
const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ballast-allocations-'));
const children = [];

const freePort = () =>
  new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

function start(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout }) };
}

const firstLine = (lines, wanted) =>
  new Promise((resolve) => {
    lines.on('line', (line) => {
      if (wanted(line)) resolve(line);
    });
  });

function load(port, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', [
      '-t1',
      `-c${values.connections}`,
      `-d${seconds}s`,
      `http://127.0.0.1:${port}/`,
    ]);
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
    });
    child.on('error', reject);
    child.on('close', () => resolve(Number(/(\d+) requests in/.exec(text)?.[1])));
  });
}

/** Of each thread's heap, how much it held after its last collection, and what it has grown by since the first, in MB. */
const heaps = new Map();
function noteCollection(line) {
  const found =
    /^\[\d+:(0x[0-9a-f]+)\].*?(Scavenge|Mark-Compact)[^0-9]*([\d.]+) \([\d.]+\) -> ([\d.]+) /.exec(line);
  if (!found) return;
  const [, heap, , before, after] = found;
  const known = heaps.get(heap);
  const grown = known === undefined ? 0 : Math.max(0, Number(before) - known.after);
  heaps.set(heap, {
    after: Number(after),
    grown: (known?.grown ?? 0) + grown,
    times: (known?.times ?? 0) + 1,
  });
}

try {
  const servers = start(['bench/peers/quick-servers.mjs', '3']);
  const ports = JSON.parse(await firstLine(servers.lines, () => true));
  const port = await freePort();
  const file = join(folder, 'ballast.yaml');
  writeFileSync(
    file,
    `version: 1\nlisteners:\n  - { name: web, bind: 127.0.0.1:${port}, pool: api }\npools:\n  - name: api\n    servers:\n` +
      ports.map((each) => `      - { address: 127.0.0.1:${each} }\n`).join(''),
  );
  const ballast = start([
    '--trace-gc',
    'out/main/cli.js',
    'up',
    file,
    '--no-open',
    '--control-port',
    '0',
    '--json',
  ]);
  ballast.lines.on('line', noteCollection);
  await firstLine(ballast.lines, (line) => line.includes('"ready"'));
  await load(port, 2);
  // Counted from the last collection before: what is missing at the end was there at the beginning.
  for (const heap of heaps.values()) Object.assign(heap, { grown: 0, times: 0 });
  const requests = await load(port, Number(values.seconds));
  const busiest = [...heaps.values()].toSorted((a, b) => b.grown - a.grown)[0];
  if (!busiest || !requests) throw new Error('nothing was collected: is the load there?');
  const bytes = Math.round((busiest.grown * 1_048_576) / requests);
  console.log(`${bytes} bytes per request (${requests} requests, ${busiest.times} collections)`);
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
