import { resolve } from 'node:path';
import { asWritten, type WrittenPool } from '@shared/config/as-written.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type { ContractClient } from '@shared/contract/client.ts';
import type { RecordCursor, RecordedRequest } from '@shared/contract/recorded-request.ts';
import { Failure } from './failure.ts';
import { named } from './named.ts';
import type { Output } from './output.ts';
import { recordingText, writeRecording } from './recording-file.ts';
import { type ChooseOptions, readState, withRunning } from './running.ts';

export interface RecordOptions extends ChooseOptions {
  /** The newest so many; all that are kept where it is left out. */
  readonly requests?: number;
  readonly pool?: string;
  /** File to write to; standard output where it is left out. */
  readonly output?: string;
}

const pageSize = 1_000;

/** Writes the journal of the running Ballast to a file. */
export async function record(output: Output, options: RecordOptions): Promise<void> {
  await withRunning(options, async (client) => {
    await named(client, { ...(options.pool !== undefined && { pool: options.pool }) });
    const { current } = await readState(client, 'config');
    const { requests, startMs } = await readJournal(client, options);
    if (requests.length === 0) throw new Failure(whyNone(options, current?.config.journalRequests));
    const ejections = await readEjections(client, startMs, endOf(requests));
    const text = recordingText(requests, {
      startMs,
      ...(ejections !== null && { ejections }),
      pools: (current?.config.pools ?? []).map(withoutSecrets),
    });
    if (options.output === undefined) return void process.stdout.write(text);
    await writeRecording(options.output, text);
    const spanMs = requests.at(-1)!.arrivedMs;
    if (output.json)
      return output.object({ path: resolve(options.output), requests: requests.length, spanMs });
    output.note(
      `${requests.length} requests of ${(spanMs / 1_000).toFixed(1)} s written to ${options.output}; ballast replay ${options.output} compares all strategies on them`,
    );
  });
}

function whyNone({ pool }: RecordOptions, journalRequests: number | undefined): string {
  if (journalRequests === 0)
    return 'the journal is off; write journalRequests: 2000 in the file, send requests, and record then';
  const where = pool === undefined ? '' : ` for pool "${pool}"`;
  return `the journal holds no request${where}; send some, and record then`;
}

/** Milliseconds of the recording. */
function endOf(requests: readonly RecordedRequest[]): number {
  return requests.reduce((end, { arrivedMs, durationMs }) => Math.max(end, arrivedMs + durationMs), 0);
}

/** What follows from the last request may be told a moment after it. */
const slackMs = 10;
/** As many as are kept. */
const mostEvents = 5_000;

/** Who was ejected in that time; null where the events do not go back so far. @param startMs since 1970 */
async function readEjections(
  client: ContractClient,
  startMs: number,
  endMs: number,
): Promise<{ atMs: number; server: string }[] | null> {
  const { events, forgotten } = await client.call('event.list', { limit: mostEvents });
  const first = events[0]?.atMs ?? Number.POSITIVE_INFINITY;
  if (forgotten > 0 && first > startMs) return null;
  return events.flatMap(({ kind, server, atMs }) => {
    const at = Math.round(atMs - startMs);
    const isThen = at >= -slackMs && at <= endMs + slackMs;
    return kind === 'server-ejected' && server !== null && isThen ? [{ atMs: Math.max(0, at), server }] : [];
  });
}

/** All pages of it, in the order of arrival and counted from the first. */
async function readJournal(
  client: ContractClient,
  { requests: most = Number.POSITIVE_INFINITY, pool }: RecordOptions,
): Promise<{ requests: RecordedRequest[]; startMs: number }> {
  const found: RecordedRequest[] = [];
  let startMs = 0;
  let run: string | null = null;
  let before: RecordCursor | null = null;
  do {
    const page: Awaited<ReturnType<typeof pageBefore>> = await pageBefore(client, before);
    if (run !== null && page.run !== run)
      throw new Failure('the engine was started anew while its journal was read; record again');
    run = page.run;
    ({ startMs } = page);
    for (const request of page.requests) if (pool === undefined || request.pool === pool) found.push(request);
    before = page.next;
  } while (before !== null && found.length < most);
  const requests = found.slice(0, most).sort((one, other) => one.arrivedMs - other.arrivedMs);
  const firstAt = requests[0]?.arrivedMs ?? 0;
  return {
    requests: requests.map((request) => ({
      ...request,
      arrivedMs: Math.round((request.arrivedMs - firstAt) * 1_000) / 1_000,
    })),
    startMs: Math.round(startMs + firstAt),
  };
}

function pageBefore(client: ContractClient, before: RecordCursor | null) {
  return client.call('request.record', { limit: pageSize, ...(before !== null && { before }) });
}

/** Fields of a probe may carry a token, and a replay does not need them. */
function withoutSecrets(pool: PoolConfig): WrittenPool & { name: string } {
  const { healthCheck, ...rest } = asWritten(pool);
  const { headers: _headers, ...check } = healthCheck as Readonly<Record<string, unknown>>;
  return { ...rest, name: pool.name, healthCheck: check };
}
