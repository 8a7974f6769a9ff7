// What may be asked for on the command line.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { peers } from './peers.mjs';
import { workloads } from './workloads.mjs';

/** Enough to see where one stands. */
const quickWorkloads = ['get-1', 'get-64', 'fields', 'post-64k', 'response-1m', 'new-connection', 'idle'];

export const usage = `npm run bench -- [options]

Ballast beside nginx, HAProxy, Caddy, node:http and http-proxy: CPU time per request, requests per second, latency, memory.

  --quick            a rough picture in two minutes: ${quickWorkloads.join(', ')}
  --only NAMES       ${workloads.map(({ name }) => name).join(',')}
  --peers NAMES      ${peers.map(({ name }) => name).join(',')}
  --rounds N         slices of each proxy (8; 2 with --quick)
  --seconds S        length of a slice (1; 0.5 with --quick)
  --warm-up S        CPU time of the proxies of Node before the first slice (2; 0.5 with --quick)
  --idle N           idle connections (10000; 2000 with --quick)
  --seed N           of the random order
  --node PATH        Node that runs Ballast, the peers of npm, and the generators
  --beside FOLDER    a built Ballast of another tree takes part too, as ballast-beside
  --json FILE        write everything that was measured
  --append           keep what FILE holds of other workloads
  --from FILE        measure nothing: show such a result again
  --write            put the tables into bench/README.md`;

/**
 * @param {string[]} args
 * @throws with what is wrong
 */
export function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      idle: { type: 'string' },
      seed: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      beside: { type: 'string' },
      json: { type: 'string' },
      append: { type: 'boolean', default: false },
      from: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  if (values.append && !values.json) throw new Error('--append goes with --json FILE');
  return {
    quick,
    help: values.help,
    write: values.write,
    append: values.append,
    node: values.node,
    ...(values.beside !== undefined && { beside: resolve(values.beside) }),
    ...(values.json !== undefined && { json: values.json }),
    ...(values.from !== undefined && { from: values.from }),
    workloads: chosen(values.only ?? (quick ? quickWorkloads.join() : undefined), workloads, '--only'),
    peers: chosen(values.peers, peers, '--peers').map(({ name }) => name),
    rounds: number(values.rounds, quick ? 2 : 8, '--rounds'),
    seconds: number(values.seconds, quick ? 0.5 : 1, '--seconds'),
    warmUpSeconds: number(values['warm-up'], quick ? 0.5 : 2, '--warm-up'),
    idleConnections: number(values.idle, quick ? 2_000 : 10_000, '--idle'),
    seed: values.seed === undefined ? undefined : number(values.seed, 1, '--seed'),
  };
}

/**
 * @param {string | undefined} text
 * @param {number} fallback
 * @param {string} option
 */
function number(text, fallback, option) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${option} is a number above 0, not "${text}"`);
  return value;
}

/**
 * @template {{ name: string }} T
 * @param {string | undefined} text
 * @param {readonly T[]} all
 * @param {string} option
 * @returns {T[]}
 */
function chosen(text, all, option) {
  if (text === undefined) return [...all];
  const names = text.split(',').filter(Boolean);
  for (const name of names)
    if (!all.some((each) => each.name === name))
      throw new Error(`${option}: "${name}" is none of ${all.map((each) => each.name).join(', ')}`);
  return all.filter(({ name }) => names.includes(name));
}
