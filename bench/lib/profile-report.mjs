// The tables of bench/profile.mjs, for a terminal and for bench/README.md. Pure.
import { asMarkdown, asText } from './report.mjs';

/** @typedef {{ workload: import('./workloads.mjs').Workload, profiles: import('./profile-peer.mjs').Profile[] }} Profiled */

/** Below it a figure says nothing but that it is there. */
const leastShown = 0.005;

/**
 * @param {Profiled} profiled
 * @returns {string[][]}
 */
export function profileCells({ workload, profiles }) {
  return [
    [
      'proxy',
      `µs/${workload.unit}`,
      'kernel',
      'JavaScript',
      'garbage',
      'own C, C++',
      'libc',
      'system calls',
      'of them',
    ],
    ...profiles.map(({ name, microsPerRequest, shares, callsPerRequest, calls }) => {
      const micros = (/** @type {number} */ share) => (share * microsPerRequest).toFixed(1);
      return [
        name,
        microsPerRequest.toFixed(1),
        micros(shares.kernel),
        micros(shares.javascript),
        micros(shares.collection),
        micros(shares.native),
        micros(shares.library),
        callsPerRequest.toFixed(2),
        calls
          .filter(([, times]) => times >= leastShown)
          .map(([call, times]) => `${call} ${times.toFixed(2)}`)
          .join(', '),
      ];
    }),
  ];
}

/**
 * What the program itself does most: all but the kernel, in nanoseconds of each request.
 * @param {import('./profile-peer.mjs').Profile} profile
 * @param {number} count
 */
export const ownSymbols = ({ symbols, microsPerRequest }, count) =>
  symbols
    .filter(({ where }) => !where.startsWith('[kernel'))
    .slice(0, count)
    .map(({ share, symbol }) => `${short(symbol)} ${Math.round(share * microsPerRequest * 1_000)}`);

/**
 * `JS:*choose file:///…/chooser.js:10:3` and `node::StreamBase::WriteString<…>(…)` without what nobody reads.
 * @param {string} symbol
 */
export const short = (symbol) =>
  symbol
    .replace(/^JS:[*^~+']?/, '')
    .replace(/ file:\/\/\S*| \/\S+:\d+:\d+| node:\S+/, '')
    .replace(/<.*|\(.*/, '')
    .slice(0, 60);

/** @param {Profiled} profiled */
export const profileText = (profiled) =>
  [
    `\n${profiled.workload.title}`,
    asText(profileCells(profiled)),
    ...profiled.profiles
      .filter(({ name }) => name.startsWith('ballast'))
      .map(
        (profile) => `${profile.name}, ns/${profiled.workload.unit}: ${ownSymbols(profile, 14).join(', ')}`,
      ),
  ].join('\n');

/**
 * @param {readonly Profiled[]} all
 * @param {ReturnType<typeof import('./machine.mjs').describeMachine>} machine
 */
export const profileMarkdown = (all, machine) =>
  [
    `Node ${machine.node}, nginx and HAProxy as above, on the same machine. CPU time in µs, sampled by \`perf record\`; system calls counted by \`perf stat\`.`,
    ...all.flatMap((profiled) => [
      '',
      `**${profiled.workload.title[0]?.toUpperCase()}${profiled.workload.title.slice(1)}**`,
      '',
      asMarkdown(profileCells(profiled)),
    ]),
  ].join('\n');
