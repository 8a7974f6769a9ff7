import type { Config } from '@shared/config/schema.ts';
import type { ContractClient } from '@shared/contract/client.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import { exitCodes, Failure } from './failure.ts';
import { dropNote, untilEnd } from './following.ts';
import { freshRequests } from './fresh-requests.ts';
import { named } from './named.ts';
import type { Output } from './output.ts';
import { type KnownSession, type SessionPlace, whyNoRequests } from './request-words.ts';
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
    const of = given.session === undefined ? {} : { pool: poolOfSession(given.session, given.pool) };
    const options = await named(client, { ...given, ...of }, async (wanted) => {
      const { requests: found } = await find(client, { ...given, ...of, ...wanted }, 1);
      return found.length > 0;
    });
    if (options.follow) {
      const { why, mayCome } = await whyNone(client, options);
      if (!mayCome) output.note(why);
      const stop = isNarrowed(options)
        ? followNarrowed(client, output, options)
        : followAll(client, output, options.limit);
      await untilEnd(client).finally(stop);
      return;
    }
    const { requests: found, forgotten } = await find(client, options, options.limit);
    if (found.length === 0) output.note((await whyNone(client, options)).why);
    if (output.json) return found.forEach(output.object);
    if (found.length > 0) for (const line of table(found, requestColumns(output))) output.line(line);
    if (forgotten > 0) output.note(`${forgotten} older requests are no longer kept`);
  });
}

/** @returns `mayCome` is false where waiting for one is in vain: the journal is off, or the session is not there */
async function whyNone(
  client: ContractClient,
  options: RequestOptions,
): Promise<{ why: string; mayCome: boolean }> {
  const { current } = await readState(client, 'config');
  if (!current) return { why: 'no request yet: nothing is configured', mayCome: true };
  const { config } = current;
  const session = options.session === undefined ? undefined : sessionOf(options.session);
  const known = session && (await knownOf(client, session, config));
  const isKnown = !known || known.bound !== undefined || known.isRemembered;
  return {
    why: whyNoRequests(config, { ...options, session }, known),
    mayCome: config.journalRequests > 0 && isKnown,
  };
}

/** No two sessions have one name, whatever their pools: it may be of another pool than was written. */
async function knownOf(
  client: ContractClient,
  { pool, id }: SessionPlace,
  { pools }: Pick<Config, 'pools'>,
): Promise<KnownSession> {
  const { sessions } = await client.call('session.list', { id, limit: 10 });
  const isIn = async (place: SessionPlace): Promise<boolean> =>
    (await client.call('request.list', { limit: 1, session: place })).requests.length > 0;
  const bound = sessions.find((each) => each.pool === pool);
  const isRemembered = await isIn({ pool, id });
  let elsewhere = sessions.find((each) => each.pool !== pool)?.pool;
  for (const { name } of pools)
    if (elsewhere === undefined && name !== pool && (await isIn({ pool: name, id }))) elsewhere = name;
  return { bound, isRemembered, elsewhere };
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

/** @param pool that of `--pool`, where it was written */
function poolOfSession(session: string, pool: string | undefined): string {
  const own = sessionOf(session).pool;
  if (pool === undefined || pool === own) return own;
  const message = `session ${session} is of pool ${own}, not of ${pool}: leave out --pool ${pool}, or name a session of that pool`;
  throw new Failure(message, { exitCode: exitCodes.usage });
}

function sessionOf(place: string): SessionPlace {
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
