// What Ballast is to reach, and whether a run reached it. Pure.
import { costOf, hasErrors, ratioTo } from './summary.mjs';

/**
 * @typedef {import('./measure.mjs').WorkloadResult} WorkloadResult
 * @typedef {import('./statistics.mjs').Spread} Spread
 *
 * @typedef {object} Target
 * @property {string} workload
 * @property {string} what
 * @property {number} limit the figure may be at most this
 * @property {boolean} [below] it must be less than the limit
 * @property {string} [peer] ballast when left out
 * @property {string[]} to the other proxies of the ratio; of several the one that comes out better counts. None: the figure itself
 * @property {(round: any) => number} figure
 * @property {string} [unit]
 *
 * @typedef {{ workload: string, what: string, limit: string, value?: number, low?: number, high?: number, against?: string, status: 'met' | 'missed' | 'no verdict', text: string }} Verdict
 */

const best = ['nginx', 'haproxy'];

/** @type {Target[]} */
export const targets = [
  cpu('get-64', best, 1.0),
  // Both ways that http-proxy is used in: the target was set from one of them without saying which.
  cpu('get-64', ['http-proxy'], 1 / 6),
  cpu('get-64', ['http-proxy-no-agent'], 1 / 6),
  cpu('get-512', best, 1.05),
  cpu('fields', best, 1.05),
  cpu('post-64k', best, 1.05),
  cpu('response-1m', ['nginx'], 0.5),
  { ...cpu('response-1m', ['haproxy'], 1), below: true },
  cpu('new-connection', ['nginx'], 1.3),
  cpu('get-1', best, 1.15),
  { workload: 'get-64', what: 'p99', limit: 1.2, to: ['nginx'], figure: ({ p99Ms }) => p99Ms },
  {
    workload: 'idle',
    what: 'resident memory per connection',
    limit: 6,
    to: [],
    figure: (round) => costOf(round) / 1024,
    unit: 'KiB',
  },
  ...['ballast-batching', 'ballast-adaptive'].flatMap((peer) => [
    { ...cpu('get-64', best, 0.82), peer },
    ...['mean', 'p50', 'p99'].map((which) => ({
      workload: 'slow-answers',
      what: `${which} latency`,
      limit: 1.05,
      peer,
      to: ['ballast'],
      figure: (/** @type {any} */ round) => round[`${which}Ms`],
    })),
  ]),
];

/**
 * @param {string} workload
 * @param {string[]} to
 * @param {number} limit
 * @returns {Target}
 */
function cpu(workload, to, limit) {
  return { workload, what: 'CPU per request', limit, to, figure: costOf };
}

/**
 * The verdict on one target, from the rounds of this run alone.
 * @param {Target} target
 * @param {readonly WorkloadResult[]} results
 * @returns {Verdict}
 */
export function judge(target, results) {
  const peerName = target.peer ?? 'ballast';
  const result = results.find(({ name }) => name === target.workload);
  const peer = result?.peers.find(({ name }) => name === peerName);
  const others = target.to.length > 1 ? `the better of ${target.to.join(' and ')}` : target.to[0];
  const limitText = `${target.below ? '<' : '<='} ${figureText(target.limit)}${others ? ` x ${others}` : ` ${target.unit}`}`;
  const what = `${target.what}${target.peer ? ` of ${target.peer}` : ''}`;
  const verdict = { workload: result?.title ?? target.workload, what, limit: limitText };
  const skipped = result?.skipped.find(({ name }) => name === peerName || name === target.workload)?.reason;
  if (!result || !peer || hasErrors(peer)) {
    const text = skipped ?? (peer ? 'the row is invalid' : 'not measured');
    return { ...verdict, status: 'no verdict', text };
  }
  const measured = target.to.length > 0 ? worst(result, peer, target) : ownFigure(peer, target);
  if (typeof measured === 'string') return { ...verdict, status: 'no verdict', text: measured };
  const { value, low, high, against } = measured;
  const isMet = target.below ? value < target.limit : value <= target.limit;
  const range = Number.isFinite(low) ? ` (95 % ${figureText(low)} to ${figureText(high)})` : '';
  // Where the interval holds the limit, another run may say otherwise.
  const unsure = low <= target.limit && high > target.limit ? ', within noise' : '';
  const by = isMet ? '' : ` by ${Math.max(1, Math.round((value / target.limit - 1) * 100))} %`;
  return {
    ...verdict,
    value,
    low,
    high,
    ...(against && { against }),
    status: isMet ? 'met' : 'missed',
    text: `${figureText(value)}${against ? ` x ${against}` : ` ${target.unit}`}${range}: ${isMet ? 'met' : 'missed'}${by}${unsure}`,
  };
}

/**
 * The ratio to the peer that does better, which is the largest; what is absent counts as no verdict, since it might have won.
 * @param {WorkloadResult} result
 * @param {import('./measure.mjs').PeerResult} peer
 * @param {Target} target
 */
function worst(result, peer, target) {
  /** @type {{ value: number, low: number, high: number, against: string } | undefined} */
  let found;
  for (const name of target.to) {
    const ratio = ratioTo(result, peer, name, target.figure);
    if (!ratio) return `no valid row of ${name} in this run`;
    if (!found || ratio.median > found.value)
      found = { value: ratio.median, low: ratio.low, high: ratio.high, against: name };
  }
  return found ?? 'nothing to compare with';
}

/**
 * @param {import('./measure.mjs').PeerResult} peer
 * @param {Target} target
 */
function ownFigure(peer, target) {
  const figures = peer.rounds.map(target.figure).sort((a, b) => a - b);
  return {
    value: figures[Math.floor((figures.length - 1) / 2)] ?? Number.NaN,
    low: figures[0] ?? Number.NaN,
    high: figures.at(-1) ?? Number.NaN,
    against: undefined,
  };
}

/** @param {number} value */
const figureText = (value) => (value === 1 / 6 ? '1/6' : value.toFixed(value < 0.2 ? 3 : 2));

/** @param {readonly WorkloadResult[]} results */
export const judgeAll = (results) => targets.map((target) => judge(target, results));
