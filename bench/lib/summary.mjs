// From the rounds of a workload to one row per proxy. Pure.
import { median, pairedRatios, seededRandom, spread } from './statistics.mjs';

/**
 * @typedef {import('./statistics.mjs').Spread} Spread
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} rounds
 * @property {number} cost CPU µs per request; bytes per connection where connections are idle
 * @property {Spread} [toNginx] paired ratios of the cost
 * @property {Spread} [toHaproxy]
 * @property {number} perSecond
 * @property {number} meanMs
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} busyPercent of one core: what the proxy used of it; near 100 it was the bottleneck
 * @property {number} peakMemoryBytes
 * @property {number} [idleCpuPercent]
 * @property {number} [serverConnections]
 * @property {number} othersPercent
 * @property {number} errors
 * @property {string} [invalid] why this row does not count
 */

/** @param {any} round */
export const costOf = (round) => round.cpuMicrosPerRequest ?? round.bytesPerConnection;

/**
 * @param {import('./measure.mjs').WorkloadResult} workload
 * @returns {Row[]}
 */
export function rowsOf(workload) {
  return workload.peers.map((peer) => {
    const rounds = /** @type {any[]} */ (peer.rounds);
    const middle = (/** @type {string} */ key) => median(rounds.map((round) => round[key] ?? Number.NaN));
    const errors = rounds.reduce((sum, { errors }) => sum + errors, 0);
    const invalid = peer.failed ?? (errors > 0 ? `${errors} errors: ${kindsOf(rounds)}` : undefined);
    const toNginx = ratioTo(workload, peer, 'nginx', costOf);
    const toHaproxy = ratioTo(workload, peer, 'haproxy', costOf);
    return {
      name: peer.name,
      rounds: rounds.length,
      cost: median(rounds.map(costOf)),
      ...(toNginx && { toNginx }),
      ...(toHaproxy && { toHaproxy }),
      perSecond: middle('perSecond'),
      meanMs: middle('meanMs'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      busyPercent: median(
        rounds.map(({ cpuMicrosPerRequest, perSecond }) => (cpuMicrosPerRequest * perSecond) / 1e4),
      ),
      peakMemoryBytes: peer.peakMemoryBytes,
      ...(workload.load === 'paced' && { serverConnections: middle('serverConnections') }),
      ...(workload.load === 'idle' && { idleCpuPercent: middle('idleCpuPercent') }),
      othersPercent: middle('othersPercent'),
      errors,
      ...(invalid && { invalid }),
    };
  });
}

/** @param {any[]} rounds */
function kindsOf(rounds) {
  /** @type {Record<string, number>} */
  const sums = {};
  for (const { errorKinds = {} } of rounds)
    for (const [kind, count] of Object.entries(errorKinds)) sums[kind] = (sums[kind] ?? 0) + Number(count);
  const kinds = Object.entries(sums).map(([kind, count]) => `${kind} ${count}`);
  return kinds.length > 0 ? kinds.join(', ') : 'connections that could not be kept';
}

/**
 * Paired ratios of a figure to that of another peer; nothing when one of the two has no valid rounds.
 * @param {import('./measure.mjs').WorkloadResult} workload
 * @param {import('./measure.mjs').PeerResult} peer
 * @param {string} otherName
 * @param {(round: any) => number} figure
 * @returns {Spread | undefined}
 */
export function ratioTo(workload, peer, otherName, figure) {
  const other = workload.peers.find(({ name }) => name === otherName);
  if (!other || hasErrors(other) || hasErrors(peer)) return undefined;
  const ratios = pairedRatios(peer.rounds, other.rounds, figure);
  // The same draws for the same figures, whenever they are rendered.
  return ratios.length > 0 ? spread(ratios, seededRandom(ratios.length)) : undefined;
}

/** @param {import('./measure.mjs').PeerResult} peer */
export const hasErrors = (peer) =>
  peer.failed !== undefined || peer.rounds.some(({ errors }) => errors > 0) || peer.rounds.length === 0;
