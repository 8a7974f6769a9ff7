// What the journal costs a request: one engine, whose journal is switched on and off (`journalRequests: 2000` and `0`) slice by
// slice, in random order, under the same load. Off, neither decisions nor requests are written down. Linux, wrk.
// Usage: node bench/journal-cost.mjs [--rounds 20] [--seconds 0.4] [--engines 3] [--seed N]
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuMicros } from './lib/accounting.mjs';
import { bundleEngine } from './lib/bundle-engine.mjs';
import { load } from './lib/load.mjs';
import { pinning } from './lib/machine.mjs';
import { startOrigin } from './lib/origins.mjs';
import { nextLine, Processes } from './lib/processes.mjs';
import { median, seededRandom, shuffled, spread } from './lib/statistics.mjs';
import { workloads } from './lib/workloads.mjs';

const modes = /** @type {const} */ (['on', 'off']);
/** Of the target: what the journal may cost. */
const mostShare = 0.03;

/**
 * The engine alone in a process: says where it listens, then switches its journal with every line it reads.
 * @param {string} bundle
 * @param {number[]} serverPorts
 */
async function runEngine(bundle, serverPorts) {
  const { createEngine, systemClock, parseConfig } = await import(pathToFileURL(bundle).href);
  const config = (/** @type {number} */ journalRequests, /** @type {number} */ port) =>
    parseConfig({
      listeners: [{ name: 'web', bind: `127.0.0.1:${port}`, pool: 'api' }],
      pools: [{ name: 'api', servers: serverPorts.map((each) => ({ address: `127.0.0.1:${each}` })) }],
      journalRequests,
    }).config;
  const engine = createEngine({ clock: systemClock, random: Math.random, log: console.error });
  const [listener] = await engine.start(config(2_000, 0));
  const port = Number(new URL(listener.url).port);
  setInterval(() => engine.metrics(), 250);
  const say = (/** @type {unknown} */ value) => process.stdout.write(`${JSON.stringify(value)}\n`);
  process.stdin.setEncoding('utf8').on('data', async (text) => {
    await engine.apply(config(String(text).trim() === 'on' ? 2_000 : 0, port));
    say(engine.journal.isOn ? 'on' : 'off');
  });
  process.stdin.on('end', () => process.exit());
  say(port);
}

/**
 * @param {Processes} processes
 * @param {{ bundle: string, ports: number[], rounds: number, seconds: number, random: () => number }} plan
 * @returns {Promise<{ on: number, off: number }[]>} µs of CPU per request, round by round
 */
async function measureOne(processes, { bundle, ports, rounds, seconds, random }) {
  const pins = pinning(processes.canPin);
  const workload = workloads.find(({ name }) => name === 'get-64');
  if (!workload) throw new Error('the workload get-64 is gone');
  const pin = (/** @type {string | undefined} */ cores) => (cores === undefined ? {} : { cores });
  const self = fileURLToPath(import.meta.url);
  const child = processes.start(process.execPath, [self, 'engine', bundle, JSON.stringify(ports)], {
    ...pin(pins.proxyCores),
    stdout: 'pipe',
  });
  const port = await nextLine(child);
  const pid = /** @type {number} */ (child.pid);
  const loading = { workload, cores: pins.loadCores, node: process.execPath, port };
  const switchTo = async (/** @type {string} */ mode) => {
    const answer = nextLine(child);
    child.stdin?.write(`${mode}\n`);
    const isNow = await answer;
    if (isNow !== mode) throw new Error(`the journal is ${isNow}, not ${mode}`);
  };
  for (const mode of ['on', 'off', 'on', 'off']) {
    await switchTo(mode);
    await load(processes, { ...loading, seconds: 1 });
  }
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const result = { on: 0, off: 0 };
    for (const mode of shuffled(modes, random)) {
      await switchTo(mode);
      const before = cpuMicros(pid);
      const { requests, errors } = await load(processes, { ...loading, seconds });
      if (errors > 0) throw new Error(`${errors} requests failed`);
      await sleep(30); // closing the connections is part of what they cost
      result[mode] = (cpuMicros(pid) - before) / requests;
    }
    results.push(result);
  }
  await processes.end(child);
  return results;
}

async function measure() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '0.4' },
      engines: { type: 'string', default: '3' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const random = seededRandom(Number(values.seed));
  const processes = new Processes();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.once(signal, () => void processes.endAll().then(() => process.exit(1)));
  try {
    const bundle = await bundleEngine(processes.folder);
    const cores = pinning(processes.canPin).loadCores;
    const origin = await startOrigin(processes, {
      kind: 'nginx',
      cores,
      node: process.execPath,
    });
    /** @type {number[]} */
    const ratios = [];
    console.log(`seed ${values.seed}; ${join('bench', 'journal-cost.mjs')}: small GET, 64 connections`);
    for (let engine = 1; engine <= Number(values.engines); engine++) {
      const plan = { rounds: Number(values.rounds), seconds: Number(values.seconds), random };
      const rounds = await measureOne(processes, { ...plan, bundle, ports: origin.ports });
      const own = rounds.map(({ on, off }) => on / off);
      ratios.push(...own);
      const middle = (/** @type {'on' | 'off'} */ mode) =>
        median(rounds.map((each) => each[mode])).toFixed(2);
      console.log(
        `engine ${engine}: on ${middle('on')} µs, off ${middle('off')} µs per request; ${told(own, random)}`,
      );
    }
    const { median: all } = spread(ratios, random);
    console.log(
      `journal on / off: ${told(ratios, random)}: ${all - 1 <= mostShare ? 'met' : 'MISSED'} (at most ${1 + mostShare})`,
    );
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

if (process.argv[2] === 'engine')
  await runEngine(
    /** @type {string} */ (process.argv[3]),
    JSON.parse(/** @type {string} */ (process.argv[4])),
  );
else await measure();
