import type { RunFigures } from '../engine/simulation/figures.ts';
import type { Output } from './output.ts';
import type { NamedRun, ReplayedPool } from './replay-command.ts';
import { shareTexts } from './share-texts.ts';
import { type Column, milliseconds, table } from './table.ts';

/** So many servers stand beside each other in a table. */
const serversPerTable = 8;

/** Tells the runs of a pool beside each other, and what they stand on. */
export function tellRuns(output: Output, about: ReplayedPool, runs: readonly NamedRun[]): void {
  const { pool, strategy, requests, seed } = about;
  const seconds = ((requests.at(-1)?.arrivedMs ?? 0) / 1_000).toFixed(1);
  output.line(
    output.paint(
      'strong',
      `Pool ${pool}: ${requests.length} requests in ${seconds} s, recorded by ${strategy}; seed ${seed}`,
    ),
  );
  for (const line of table(runs, columns(output))) output.line(line);
  const { servers } = runs[0]!.figures;
  for (let first = 0; first < servers.length; first += serversPerTable) {
    output.line('');
    const ids = servers.slice(first, first + serversPerTable).map(({ server }) => server);
    for (const line of table(runs, serverColumns(ids))) output.line(line);
  }
  output.line('');
  for (const line of about.noEffect) output.line(line);
  for (const line of new Set(runs.flatMap(({ keys }) => keys ?? []))) output.line(line);
  for (const line of notes(about, runs)) output.line(output.paint('faint', line));
}

function columns(output: Output): Column<NamedRun>[] {
  const number = (title: string, of: (figures: RunFigures) => string): Column<NamedRun> => ({
    title,
    align: 'right',
    text: ({ figures }) => of(figures),
  });
  return [
    { title: 'RUN', text: ({ name }) => name },
    {
      ...number('FAILED', ({ failed }) => String(failed)),
      paint: ({ figures }, padded) => output.paint(figures.failed > 0 ? 'bad' : 'good', padded),
    },
    number('RETRIES', ({ retries }) => String(retries)),
    number('EJECTED', ({ ejections }) => (ejections === null ? '-' : String(ejections))),
    number('QUEUED', ({ queued }) => String(queued)),
    number('QUEUE P50', ({ queueP50Ms }) => queueText(queueP50Ms)),
    number('QUEUE P99', ({ queueP99Ms }) => queueText(queueP99Ms)),
    number('TOOK P50', ({ tookP50Ms }) => milliseconds(tookP50Ms)),
    number('TOOK P99', ({ tookP99Ms }) => milliseconds(tookP99Ms)),
    number('SESSIONS MOVED', ({ sessionsMoved }) => String(sessionsMoved)),
    number('CLIENTS SPREAD', ({ clientsSpread }) => String(clientsSpread)),
  ];
}

function queueText(ms: number | null): string {
  return ms === 0 ? '0' : milliseconds(ms);
}

/** Share of the answers, and most requests in flight at once. */
function serverColumns(ids: readonly string[]): Column<NamedRun>[] {
  return [
    { title: 'SHARE, MOST IN FLIGHT', text: ({ name }) => name },
    ...ids.map(
      (id): Column<NamedRun> => ({
        title: id.slice(id.indexOf('/') + 1),
        align: 'right',
        text: ({ figures }) => {
          const at = figures.servers.findIndex(({ server }) => server === id);
          if (at < 0) return '-';
          const shares = shareTexts(figures.servers.map(({ share }) => share));
          return `${shares[at]}, ${figures.servers[at]!.mostInFlight}`;
        },
      }),
    ),
  ];
}

function notes({ requests }: ReplayedPool, [recorded]: readonly NamedRun[]): string[] {
  const isOneAddress = new Set(requests.map(({ client }) => client)).size === 1;
  return [
    'Everything but "recorded" is a model: the real pool on a virtual clock, before servers that take as long as was recorded',
    '(elsewhere times the ratio of their medians). They fail while several attempts in a row or their probes were seen to fail; a failure',
    'by itself stays with its request, at whichever server.',
    'It knows neither how a server slows down under more load, nor how long connecting takes (timeouts.connect). See docs/guide/replay.md.',
    ...(recorded?.figures.ejections === null
      ? [
          'How often servers were ejected then is not in the recording: the events of that time were no longer kept.',
        ]
      : []),
    ...(isOneAddress
      ? [
          "All requests came from one address: whatever goes by the client's address leads them all to one server.",
        ]
      : []),
  ];
}
