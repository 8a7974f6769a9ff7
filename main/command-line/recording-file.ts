import { readFile, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { parseConfig } from '@shared/config/parse.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { type RecordedRequest, recordedRequestSchema } from '@shared/contract/recorded-request.ts';
import { z } from 'zod';
import { exitCodes, Failure } from './failure.ts';
import { unread, unwritten } from './file-errors.ts';

/** Of this format. A change that an older `ballast replay` would read wrongly makes it another number. */
const recordingVersion = 1;

const headerSchema = z.object({
  ballastRecording: z.literal(recordingVersion),
  /** Milliseconds since 1970 at `arrivedMs` 0. */
  startMs: z.number(),
  requests: z.int(),
  /**
   * The ejections of that time, in milliseconds of the recording. Left out where the events of that time were no longer kept, and in
   * recordings of older versions.
   */
  ejections: z.array(z.object({ atMs: z.number(), server: z.string() })).optional(),
  /** Every pool as it was configured when the recording was made, in the words of ballast.yaml. */
  pools: z.array(z.looseObject({ name: z.string() })),
});
type RecordingHeader = z.infer<typeof headerSchema>;

/** A recorded journal: the first line of the file, and all others. */
export interface Recording {
  readonly header: RecordingHeader;
  /** In the order in which they arrived, counted in milliseconds from the first. */
  readonly requests: readonly RecordedRequest[];
}

/** JSON lines: the header, then one line for each request. */
export function recordingText(
  requests: readonly RecordedRequest[],
  header: Omit<RecordingHeader, 'ballastRecording' | 'requests'>,
): string {
  const first = { ballastRecording: recordingVersion, ...header, requests: requests.length };
  return `${[first, ...requests].map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** @throws Failure */
export async function writeRecording(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** @throws Failure that names the line where it is no recording */
export async function readRecording(file: string): Promise<Recording> {
  let text: string;
  try {
    text = await readFile(resolve(file), 'utf8');
  } catch (error) {
    throw unread(file, error, `write one with ballast record -o ${basename(file)}`);
  }
  return parseRecording(text, file);
}

/** @param file for the messages @throws Failure that names the line where it is no recording */
export function parseRecording(text: string, file: string): Recording {
  const [first = '', ...lines] = text.split('\n');
  const header = headerOf(first, file);
  const requests: RecordedRequest[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const data = jsonOf(line);
    if (data === undefined && index === lines.length - 1)
      throw cutOff(file, requests.length, header.requests);
    const parsed = recordedRequestSchema.safeParse(data);
    if (!parsed.success)
      throw unusable(`${file} line ${index + 2}: ${whatIsWrong(parsed.error)}; record it again`);
    requests.push(parsed.data);
  }
  if (requests.length < header.requests) throw cutOff(file, requests.length, header.requests);
  return { header, requests: requests.sort((one, other) => one.arrivedMs - other.arrivedMs) };
}

function cutOff(file: string, found: number, wanted: number): Failure {
  return unusable(`${file} ends after ${found} of ${wanted} requests: it was cut off; record it again`);
}

function headerOf(line: string, file: string): RecordingHeader {
  const data = jsonOf(line);
  const version = z.object({ ballastRecording: z.number() }).safeParse(data);
  if (!version.success) {
    const what = line === '' ? 'is empty' : 'is no recording';
    // Not to that very file: it may be something that somebody needs.
    throw unusable(`${file} ${what}; write one with ballast record -o run.jsonl`);
  }
  const { ballastRecording: format } = version.data;
  if (format !== recordingVersion) {
    const next =
      format > recordingVersion ? 'update Ballast, or record again with this one' : 'record it again';
    throw unusable(
      `${file} is a recording of format ${format}, and this Ballast reads format ${recordingVersion}; ${next}`,
    );
  }
  const header = headerSchema.safeParse(data);
  if (header.success) return header.data;
  throw unusable(`${file} line 1: ${whatIsWrong(header.error)}; record it again`);
}

/** Undefined where it is none. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function whatIsWrong({ issues }: z.ZodError): string {
  const [first] = issues;
  if (!first || first.path.length === 0) return 'this is no recorded request, or only a part of one';
  return `${first.path.join('.')}: ${first.message}`;
}

/** @param written in the words of the file @param what for the message @throws Failure that tells what is wrong with it */
export function poolOf(written: Readonly<Record<string, unknown>>, what: string): PoolConfig {
  const { name } = written;
  const parsed = parseConfig({
    listeners: [{ name: 'replay', bind: '127.0.0.1:0', pool: name }],
    pools: [written],
  });
  if (parsed.ok) return parsed.config.pools[0]!;
  const told = parsed.problems.map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`);
  throw unusable(`${what}: ${told.join('; ')}`);
}

export function unusable(message: string): Failure {
  return new Failure(message, { exitCode: exitCodes.usage });
}
