// The tables: for a terminal, and as Markdown between the markers of bench/README.md. Pure.
import { besideName, peers } from './peers.mjs';
import { median } from './statistics.mjs';
import { costOf, ratioTo, rowsOf } from './summary.mjs';

/**
 * @typedef {import('./measure.mjs').WorkloadResult} WorkloadResult
 * @typedef {import('./targets.mjs').Verdict} Verdict
 * @typedef {object} Run
 * @property {string} startedAt
 * @property {string} command
 * @property {number} seed
 * @property {number} rounds
 * @property {number} seconds
 * @property {ReturnType<typeof import('./machine.mjs').describeMachine>} machine
 * @property {import('./measure.mjs').Pinning} pinning
 * @property {WorkloadResult[]} workloads
 * @property {number} [runs] how many it was put together from, with --append
 */

/** @param {number} value @param {number} digits */
const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '-');

/** @param {number} value */
const whole = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '-');

/** @param {import('./statistics.mjs').Spread | undefined} spread */
const ratio = (spread) =>
  spread ? `${fixed(spread.median, 2)} [${fixed(spread.q1, 2)}-${fixed(spread.q3, 2)}]` : '-';

/** @param {number} bytes */
const mebibytes = (bytes) => fixed(bytes / 2 ** 20, 0);

/**
 * Header and rows of one workload, as text cells.
 * @param {WorkloadResult} workload
 * @returns {string[][]}
 */
export function cells(workload) {
  const rows = rowsOf(workload);
  if (workload.load === 'idle')
    return [
      ['proxy', 'KiB per connection', 'x nginx', 'x HAProxy', 'CPU while idle', 'peak MiB', 'errors'],
      ...rows.map((row) => [
        row.name,
        fixed(row.cost / 1024, 1),
        ratio(row.toNginx),
        ratio(row.toHaproxy),
        `${fixed(row.idleCpuPercent ?? Number.NaN, 1)} %`,
        mebibytes(row.peakMemoryBytes),
        row.invalid ? `INVALID: ${row.invalid}` : '0',
      ]),
    ];
  const direct = workload.direct;
  const isPaced = workload.load === 'paced';
  return [
    [
      'proxy',
      `CPU µs/${workload.unit}`,
      'x nginx',
      'x HAProxy',
      `${workload.unit}s/s`,
      'p50 ms',
      'p99 ms',
      'core busy',
      ...(isPaced ? ['connections'] : []),
      'peak MiB',
      'errors',
    ],
    ...rows.map((row) => [
      row.name,
      fixed(row.cost, 1),
      ratio(row.toNginx),
      ratio(row.toHaproxy),
      whole(row.perSecond),
      fixed(row.p50Ms, 2),
      fixed(row.p99Ms, 2),
      `${fixed(row.busyPercent, 0)} %`,
      ...(isPaced ? [whole(row.serverConnections ?? Number.NaN)] : []),
      mebibytes(row.peakMemoryBytes),
      row.invalid ? `INVALID: ${row.invalid}` : '0',
    ]),
    ...(direct
      ? [
          [
            'direct',
            '-',
            '-',
            '-',
            whole(direct.requests / direct.seconds),
            fixed(direct.p50Ms, 2),
            fixed(direct.p99Ms, 2),
            '-',
            ...(isPaced ? ['-'] : []),
            '-',
            String(direct.errors),
          ],
        ]
      : []),
  ];
}

/**
 * Columns under one another: what is a figure in its first row to the right, all else to the left.
 * @param {string[][]} table
 */
export function asText(table) {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const last = widths.length - 1;
  const isFigure = (/** @type {number} */ column) =>
    column < last && /^([\d-]|$)/.test(table[1]?.[column] ?? '') && column > 0;
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, column) => {
        if (column === last) return cell;
        const width = widths[column] ?? 0;
        return isFigure(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return table.map(line).join('\n');
}

/** @param {string[][]} table */
export function asMarkdown([header = [], ...rows]) {
  const line = (/** @type {string[]} */ row) => `| ${row.join(' | ')} |`;
  const body = rows.map((row) =>
    line(row.map((cell, column) => (column === 0 && cell.startsWith('ballast') ? `**${cell}**` : cell))),
  );
  return [
    line(header),
    `|${header.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`,
    ...body,
  ].join('\n');
}

/**
 * What the rest of the machine was busy with meanwhile, in the middle of all slices; NaN when it is not known.
 * @param {readonly WorkloadResult[]} workloads
 */
export const othersPercent = (workloads) =>
  median(workloads.flatMap((workload) => rowsOf(workload).map((row) => row.othersPercent)));

/** @param {WorkloadResult} workload */
export function workloadText(workload) {
  const others = othersPercent([workload]);
  const busy = Number.isFinite(others) ? `; other processes took ${others.toFixed(0)} % of the machine` : '';
  const title = `${workload.title}${workload.note ? ` (${workload.note})` : ''}${busy}`;
  const skipped = workload.skipped.map(({ name, reason }) => `skipped ${name}: ${reason}`);
  const table = workload.peers.length > 0 ? [asText(cells(workload))] : [];
  return [`\n${title}`, ...table, ...skipped, ...besideText(workload)].join('\n');
}

/** @param {WorkloadResult} workload */
function besideText(workload) {
  const beside = workload.peers.find(({ name }) => name === besideName);
  const found = beside && ratioTo(workload, beside, 'ballast', costOf);
  if (!found) return [];
  return [
    `${besideName}: ${ratio(found)} x ballast (95 % ${fixed(found.low, 2)} to ${fixed(found.high, 2)})`,
  ];
}

/** @param {readonly Verdict[]} verdicts */
export const verdictText = (verdicts) =>
  asText([
    ['target', 'at most', 'verdict'],
    ...verdicts.map(({ workload, what, limit, text, status }) => [
      `${workload}: ${what}`,
      limit,
      status === 'no verdict' ? `no verdict: ${text}` : text,
    ]),
  ]);

/**
 * Machine, versions, command and all tables.
 * @param {Run} run
 * @param {readonly Verdict[]} verdicts
 */
export function runMarkdown(run, verdicts) {
  const { machine, pinning } = run;
  const pinned = pinning.proxyCores
    ? `The proxy alone on core ${pinning.proxyCores}, load generator and servers on ${pinning.loadCores}.`
    : 'Nothing pinned.';
  const others = othersPercent(run.workloads);
  return [
    `${run.startedAt.slice(0, 10)}, ${(run.runs ?? 1) > 1 ? `${run.runs} runs put together, the last ` : ''}\`${run.command}\` (seed ${run.seed}): ${run.rounds} rounds of ${run.seconds} s, in random order within each round.`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}. ${pinned}${Number.isNaN(others) ? '' : ` Other processes took ${others.toFixed(0)} % of the machine meanwhile (median).`}`,
    '',
    ...peers
      .filter(({ name }) =>
        run.workloads.some((workload) => workload.peers.some((peer) => peer.name === name)),
      )
      .map(
        ({ name, about }) =>
          `- **${name}**${machine.versions[name] ? ` (${machine.versions[name]})` : ''}: ${about}`,
      ),
    '',
    '### Verdicts',
    '',
    asMarkdown([
      ['target', 'at most', 'measured'],
      ...verdicts.map(({ workload, what, limit, text, status }) => [
        `${workload}: ${what}`,
        limit,
        status === 'missed' ? `**${text}**` : status === 'no verdict' ? `no verdict: ${text}` : text,
      ]),
    ]),
    ...run.workloads.flatMap((workload) => [
      '',
      `### ${workload.title[0]?.toUpperCase()}${workload.title.slice(1)}`,
      '',
      ...(workload.note ? [`${workload.note[0]?.toUpperCase()}${workload.note.slice(1)}.`, ''] : []),
      ...(workload.nodeVersion !== undefined && workload.nodeVersion !== machine.node
        ? [`With Node ${workload.nodeVersion}.`, '']
        : []),
      ...(workload.peers.length > 0 ? [asMarkdown(cells(workload))] : []),
      ...(workload.skipped.length > 0 ? [''] : []),
      ...workload.skipped.map(({ name, reason }) => `Skipped ${name}: ${reason}.`),
    ]),
  ].join('\n');
}

/**
 * The text with what stands between `<!-- NAME:start -->` and `<!-- NAME:end -->` replaced.
 * @param {string} text
 * @param {string} between
 * @param {string} [name]
 * @throws when the markers are not there
 */
export function replaceBetweenMarkers(text, between, name = 'bench') {
  const startMarker = `<!-- ${name}:start -->`;
  const endMarker = `<!-- ${name}:end -->`;
  const start = text.indexOf(startMarker);
  const end = text.indexOf(endMarker);
  if (start === -1 || end < start) throw new Error(`no ${startMarker} ... ${endMarker} to write between`);
  return `${text.slice(0, start + startMarker.length)}\n${between}\n${text.slice(end)}`;
}
