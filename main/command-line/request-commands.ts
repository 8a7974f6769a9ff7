import type { ContractClient } from '@shared/contract/client.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import { dropNote, untilEnd } from './following.ts';
import { freshRequests } from './fresh-requests.ts';
import { named } from './named.ts';
import type { Output } from './output.ts';
import { type ChooseOptions, readState, withRunning } from './running.ts';
import { parsePlace } from './server-place.ts';
import { type Column, clockTime, growingTable, milliseconds, table } from './table.ts';

/** As many as one answer may hold. */
const mostAtOnce = 1_000;

export interface RequestOptions extends ChooseOptions {
  readonly limit: number;
  readonly pool?: string;
  readonly server?: string;
  /** POOL/SESSION, as `ballast sessions` lists them. */
  readonly session?: string;
  readonly failed?: boolean;
  readonly retried?: boolean;
  readonly follow?: boolean;
}

/** The last requests, newest first; or, as `tail -f` does, the last ones and then every new one, oldest first. */
export async function requests(output: Output, given: RequestOptions): Promise<void> {
  await withRunning(given, async (client) => {
    // Names nothing at once where it is not written so; its pool is looked for as any other.
    const of = given.session === undefined ? {} : { pool: sessionOf(given.session).pool };
    const options = await named(client, { ...of, ...given }, async (wanted) => {
      const { requests: found } = await find(client, { ...of, ...given, ...wanted }, 1);
      return found.length > 0;
    });
    if (options.follow) {
      if (!output.json) await tellWhyNone(client, output);
      const stop = isNarrowed(options)
        ? followNarrowed(client, output, options)
        : followAll(client, output, options.limit);
      await untilEnd(client).finally(stop);
      return;
    }
    const { requests: found, forgotten } = await find(client, options, options.limit);
    if (output.json) return found.forEach(output.object);
    for (const line of table(found, requestColumns(output))) output.line(line);
    if (forgotten > 0) output.note(`${forgotten} older requests are no longer kept`);
    if (found.length === 0) await tellWhyNone(client, output);
  });
}

async function tellWhyNone(client: ContractClient, output: Output): Promise<void> {
  const { current } = await readState(client, 'config');
  if (current?.config.journalRequests === 0)
    output.note('the journal is off: write journalRequests: 2000 in the file to keep requests');
}

/** Those that every filter lets pass, newest first. */
async function find(client: ContractClient, options: RequestOptions, limit: number) {
  const { requests: found, forgotten } = await ask(client, options, isOfBoth(options) ? mostAtOnce : limit);
  return { requests: found.filter(passes(options)).slice(0, limit), forgotten };
}

/** Those that Ballast itself finds, newest first: it filters by one of `failed` and `retried`, and leaves the other to `passes`. */
async function ask(
  client: ContractClient,
  { pool, server, session, failed, retried }: RequestOptions,
  limit: number,
): Promise<{ requests: RequestSummary[]; forgotten: number }> {
  const only = failed ? ('failed' as const) : retried ? ('retried' as const) : undefined;
  return await client.call('request.list', {
    limit,
    ...(pool !== undefined && { pool }),
    ...(server !== undefined && { server }),
    ...(session !== undefined && { session: sessionOf(session) }),
    ...(only !== undefined && { only }),
  });
}

function sessionOf(place: string): { pool: string; id: string } {
  const { pool, name: id } = parsePlace(place, { what: 'session', form: 'POOL/SESSION', example: 'api/s1' });
  return { pool, id };
}

function isOfBoth({ failed, retried }: RequestOptions): boolean {
  return failed === true && retried === true;
}

function passes(options: RequestOptions): (request: RequestSummary) => boolean {
  return isOfBoth(options) ? ({ attempts }) => attempts > 1 : () => true;
}

function isNarrowed({ pool, server, failed, retried }: RequestOptions): boolean {
  return pool !== undefined || server !== undefined || failed === true || retried === true;
}

/** Of what requests usually take: `0.42 ms`. */
const longestTime = 7;

function requestColumns(output: Output): Column<RequestSummary>[] {
  return [
    { title: 'ID', text: ({ id }) => id },
    { title: 'TIME', text: ({ atMs }) => clockTime(atMs) },
    {
      title: 'STATUS',
      text: ({ status }) => (status === 0 ? 'none' : String(status)),
      paint: ({ status }, padded) => output.paint(status === 0 || status >= 500 ? 'bad' : 'neutral', padded),
    },
    { title: 'SERVER', text: ({ server }) => server ?? '-' },
    { title: 'TRIES', align: 'right', text: ({ attempts }) => String(attempts) },
    { title: 'TOOK', align: 'right', least: longestTime, text: ({ durationMs }) => milliseconds(durationMs) },
    {
      title: 'REQUEST',
      text: ({ method, target, error }) => `${method} ${target}${error ? `  (${error})` : ''}`,
    },
  ];
}

/** What tells rows one batch after the other, in columns that stay. */
function rowTeller(output: Output): (rows: readonly RequestSummary[]) => void {
  const lines = growingTable(requestColumns(output));
  return (rows) => {
    if (output.json) for (const row of rows) output.object(row);
    else for (const line of lines(rows)) output.line(line);
  };
}

/** Everything as it is told; what comes faster than that is counted. @param limit of those that were there before */
function followAll(client: ContractClient, output: Output, limit: number): () => void {
  let isFirst = true;
  const tellRows = rowTeller(output);
  return client.log('requests', ({ entries, dropped }) => {
    if (dropped > 0) dropNote(output, dropped, 'requests');
    // Several threads tell one after the other.
    const inOrder = [...entries].sort((one, other) => one.atMs - other.atMs);
    tellRows(isFirst ? inOrder.slice(-limit) : inOrder);
    isFirst = false;
  });
}

const askAgainMs = 300;

/**
 * What the journal knows to the filter, asked again and again: the few that failed among thousands may be missing from what is
 * told live, and the journal alone knows every server that a request was at. An engine that starts anew is waited for.
 *
 * @returns ends it
 */
export function followNarrowed(client: ContractClient, output: Output, options: RequestOptions): () => void {
  const tellRows = rowTeller(output);
  const news = freshRequests(mostAtOnce);
  let isFirst = true;
  let isOver = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const askAgain = async (): Promise<void> => {
    try {
      // Always for as many: those that the first answer leaves out would be taken for new ones in the next.
      const { requests: found } = await ask(client, options, mostAtOnce);
      if (isOver) return;
      const fresh = news.take(found);
      if (!isFirst && fresh.length === mostAtOnce) dropNote(output, fresh.length, 'requests or more');
      const passing = fresh.filter(passes(options));
      tellRows((isFirst ? passing.slice(0, options.limit) : passing).toReversed());
      isFirst = false;
    } catch (error) {
      if (!(error instanceof ContractError) || error.code !== 'unavailable') {
        // The connection has ended: whoever waits for that hears of it.
        isOver = true;
        return;
      }
    }
    timer = setTimeout(askAgain, askAgainMs);
  };
  void askAgain();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
