// What the journal costs a request: one engine under one load, whose journal is switched on and off every tenth of a second, in
// random order within each pair. Off, neither decisions nor requests are written down, as with `journalRequests: 0`; on, the
// journal has been full for long. Neighbouring slices differ in nothing else, so what the machine does besides falls out. Linux, wrk.
// Usage: node bench/journal-cost.mjs [--seconds 20] [--engines 3] [--slice 100] [--seed N]
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleEngine } from './lib/bundle-engine.mjs';
import { load } from './lib/load.mjs';
import { pinning } from './lib/machine.mjs';
import { startOrigin } from './lib/origins.mjs';
import { nextLine, Processes } from './lib/processes.mjs';
import { median, seededRandom, shuffled, spread } from './lib/statistics.mjs';
import { workloads } from './lib/workloads.mjs';

/** Of the target: what the journal may cost. */
const mostShare = 0.03;
const warmUpSeconds = 4;

/** @typedef {{ on: number, off: number }} Pair µs of CPU for a request */

/**
 * The engine alone in a process: says where it listens, measures for as many seconds as a line says, and tells the pairs.
 * @param {string} bundle
 * @param {number[]} serverPorts
 * @param {{ sliceMs: number, seed: number }} how
 */
async function runEngine(bundle, serverPorts, { sliceMs, seed }) {
  const { createEngine, systemClock, parseConfig } = await import(pathToFileURL(bundle).href);
  const { config } = parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
    pools: [{ name: 'api', servers: serverPorts.map((each) => ({ address: `127.0.0.1:${each}` })) }],
  });
  const engine = createEngine({ clock: systemClock, random: Math.random, log: console.error });
  const [listener] = await engine.start(config);
  // Instead of resizing it, which would make the journal fill up anew within every slice.
  const { journal } = engine;
  Object.defineProperty(journal, 'isOn', { value: true, writable: true });
  const random = seededRandom(seed);
  const requests = () => engine.metrics().total.requests;

  const slice = async (/** @type {boolean} */ isOn) => {
    journal.isOn = isOn;
    const before = { cpu: process.cpuUsage(), requests: requests() };
    await sleep(sliceMs);
    const { user, system } = process.cpuUsage(before.cpu);
    return (user + system) / (requests() - before.requests);
  };
  const measureFor = async (/** @type {number} */ seconds) => {
    /** @type {Pair[]} */
    const pairs = [];
    const until = performance.now() + seconds * 1_000;
    while (performance.now() < until) {
      const pair = { on: 0, off: 0 };
      for (const mode of shuffled(/** @type {const} */ (['on', 'off']), random))
        pair[mode] = await slice(mode === 'on');
      pairs.push(pair);
    }
    return pairs;
  };
  const say = (/** @type {unknown} */ value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  process.stdin.setEncoding('utf8').on('data', async (text) => say(await measureFor(Number(text))));
  process.stdin.on('end', () => process.exit());
  say(Number(new URL(listener.url).port));
}

/**
 * @param {Processes} processes
 * @param {{ bundle: string, ports: number[], seconds: number, sliceMs: number, seed: number }} plan
 * @returns {Promise<Pair[]>}
 */
async function measureOne(processes, { bundle, ports, seconds, ...how }) {
  const pins = pinning(processes.canPin);
  const workload = workloads.find(({ name }) => name === 'get-64');
  if (!workload) throw new Error('the workload get-64 is gone');
  const args = [fileURLToPath(import.meta.url), 'engine', bundle, JSON.stringify(ports), JSON.stringify(how)];
  const child = processes.start(process.execPath, args, {
    ...(pins.proxyCores !== undefined && { cores: pins.proxyCores }),
    stdout: 'pipe',
  });
  const loading = {
    workload,
    cores: pins.loadCores,
    node: process.execPath,
    port: await nextLine(child),
  };
  const loaded = load(processes, { ...loading, seconds: warmUpSeconds + seconds + 1 });
  const ask = (/** @type {number} */ forSeconds) => {
    const answer = nextLine(child);
    child.stdin?.write(`${forSeconds}\n`);
    return answer;
  };
  // Both ways are compiled, and the journal is full.
  await ask(warmUpSeconds);
  const pairs = await ask(seconds);
  const { errors } = await loaded;
  await processes.end(child);
  if (errors > 0) throw new Error(`${errors} requests failed`);
  return pairs;
}

async function measure() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      engines: { type: 'string', default: '3' },
      slice: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const seed = Number(values.seed);
  const random = seededRandom(seed);
  const processes = new Processes();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => void processes.endAll().then(() => process.exit(1)));
  try {
    const bundle = await bundleEngine(processes.folder);
    const cores = pinning(processes.canPin).loadCores;
    const origin = await startOrigin(processes, { kind: 'nginx', cores, node: process.execPath });
    console.log(`seed ${seed}; small GET, 64 connections, slices of ${values.slice} ms`);
    /** @type {number[]} */
    const ratios = [];
    for (let engine = 1; engine <= Number(values.engines); engine++) {
      const how = { seconds: Number(values.seconds), sliceMs: Number(values.slice), seed: seed + engine };
      const pairs = await measureOne(processes, { bundle, ports: origin.ports, ...how });
      const own = pairs.map(({ on, off }) => on / off);
      ratios.push(...own);
      const middle = (/** @type {'on' | 'off'} */ mode) => median(pairs.map((each) => each[mode])).toFixed(2);
      console.log(
        `engine ${engine}: on ${middle('on')} µs, off ${middle('off')} µs per request; ${told(own, random)}`,
      );
    }
    const { median: all } = spread(ratios, random);
    const verdict = all - 1 <= mostShare ? 'met' : 'MISSED';
    console.log(`journal on / off: ${told(ratios, random)}: ${verdict} (at most ${1 + mostShare})`);
  } finally {
    await processes.endAll();
  }
}

/**
 * @param {number[]} ratios
 * @param {() => number} random
 */
function told(ratios, random) {
  const { median: middle, low, high, pairs } = spread(ratios, random);
  return `x ${middle.toFixed(3)} (95 % ${low.toFixed(3)} to ${high.toFixed(3)}, ${pairs} pairs)`;
}

const [, , what, bundle = '', ports = '', how = ''] = process.argv;
if (what === 'engine') await runEngine(bundle, JSON.parse(ports), JSON.parse(how));
else await measure();
