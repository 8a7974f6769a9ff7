import { allCases } from '../corpus/all-cases.ts';
import { requestFraming } from '../corpus/request-framing.ts';
import { seededRandom } from '../support/random.ts';
import { disagreement } from './compare.ts';
import { type Exception, exceptions } from './exceptions.ts';
import { type Reading, type Side, show } from './message.ts';
import { mutate } from './mutate.ts';
import { readOurs } from './ours.ts';
import { readTheirs } from './theirs.ts';

export const kinds = ['head', 'chunked', 'response'] as const;
export type Kind = (typeof kinds)[number];

export interface FuzzOptions {
  readonly seed: number;
  /** Ends after so many cases, or after so much time, whichever comes first. */
  readonly runs: number;
  readonly seconds: number;
  readonly only?: Kind | undefined;
}

export interface Failure {
  readonly run: number;
  readonly side: Side;
  readonly toHead: boolean;
  /** The smallest bytes found that still fail, latin1. */
  readonly bytes: string;
  readonly reason: string;
}

export interface FuzzResult {
  readonly runs: number;
  /** Cases that both accepted to the end. */
  readonly accepted: number;
  readonly failures: readonly Failure[];
  /** How often each exception was met. */
  readonly excepted: Readonly<Record<string, number>>;
}

export interface Probe {
  readonly side: Side;
  readonly toHead: boolean;
  readonly bytes: string;
  readonly splits: readonly number[];
}

/** Cases read at the same time: llhttp's reading takes a turn of the event loop. */
const atOnce = 64;
const mostFailures = 5;
const follow = 'GET /follow HTTP/1.1\r\nHost: f\r\n\r\n';

const fromClients = allCases.flatMap(({ steps }) => steps.flatMap(({ client }) => client ?? []));
const fromServers = allCases.flatMap(({ steps }) => steps.flatMap(({ server }) => server ?? []));
const chunkedHead = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunkedBodies = requestFraming
  .map(({ steps }) => steps[0]!.client!)
  .filter((text) => text.includes('Transfer-Encoding: chunked\r\n\r\n'))
  .map((text) => text.slice(text.indexOf('\r\n\r\n') + 4));
/** The very long rows are about limits, and drown the others. */
const short = (texts: readonly string[]): string[] =>
  texts.filter((text) => text !== '' && text.length < 1_000);
const seeds = {
  head: short(fromClients),
  chunked: short(chunkedBodies),
  response: short(fromServers),
} satisfies Record<Kind, string[]>;

/** Mutations of the corpus, read by us whole and in pieces, and by llhttp. Repeatable by its seed. */
export async function fuzz({ seed, runs, seconds, only }: FuzzOptions): Promise<FuzzResult> {
  const random = seededRandom(seed);
  const until = performance.now() + seconds * 1_000;
  const failures: Failure[] = [];
  const excepted: Record<string, number> = {};
  let done = 0;
  let accepted = 0;
  while (done < runs && performance.now() < until && failures.length < mostFailures) {
    const probes = Array.from({ length: Math.min(atOnce, runs - done) }, () => nextProbe(random, only));
    const outcomes = await Promise.all(probes.map(judge));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.exception) excepted[outcome.exception.name] = (excepted[outcome.exception.name] ?? 0) + 1;
      if (outcome.reason === null) {
        if (outcome.accepted) accepted++;
        continue;
      }
      const probe = await minimised(probes[index]!);
      const { reason } = await judge(probe);
      failures.push({ run: done + index, ...probe, reason: reason ?? outcome.reason });
    }
    done += probes.length;
  }
  return { runs: done, accepted, failures, excepted };
}

function nextProbe(random: () => number, only: Kind | undefined): Probe {
  const below = (limit: number): number => Math.floor(random() * limit);
  const kind = only ?? kinds[below(kinds.length)]!;
  const from = seeds[kind];
  const mutated = mutate(from[below(from.length)]!, from, random);
  const isResponse = kind === 'response';
  let bytes = kind === 'chunked' ? chunkedHead + mutated : mutated;
  if (!isResponse && random() < 0.8) bytes += follow;
  const splits = Array.from({ length: below(5) }, () => below(bytes.length + 1)).sort((a, b) => a - b);
  return { side: isResponse ? 'response' : 'request', toHead: isResponse && random() < 0.1, bytes, splits };
}

export interface Outcome {
  /** What is wrong; null for nothing. */
  readonly reason: string | null;
  readonly exception: Exception | null;
  readonly accepted: boolean;
}

/** Whether both readings of these bytes agree, and ours with itself at the splits. */
export async function judge({ side, toHead, bytes, splits }: Probe): Promise<Outcome> {
  const buffer = Buffer.from(bytes, 'latin1');
  const ours = readOurs(buffer, side, [], toHead);
  const pieces = show(readOurs(buffer, side, splits, toHead));
  if (pieces !== show(ours))
    return failed(`split at ${splits.join(', ')} it is\n${pieces}\nand whole\n${show(ours)}`);
  const theirs = await readTheirs(buffer, side, toHead);
  const outcome = outcomeOf(ours, theirs);
  if (theirs.refused === null || ours.pending === '') return outcome;
  // A head that llhttp refuses half-way counts as refused by us if we refuse it when its lines have ended.
  for (const end of lineEnds) {
    const ended = readOurs(Buffer.from(bytes + end, 'latin1'), side, [], toHead);
    if (ended.pending !== '') continue;
    const late = outcomeOf(ended, theirs);
    if (late.reason !== null) return late;
  }
  return { reason: null, exception: null, accepted: false };
}

/** What may complete a head that has been cut anywhere. */
const lineEnds = ['\r\n\r\n', '\n\r\n', '\n', ' / HTTP/1.1\r\nHost: a\r\n\r\n', ': b\r\n\r\n'];

function outcomeOf(ours: Reading, theirs: Reading): Outcome {
  const reason = disagreement(ours, theirs);
  if (reason === null)
    return { reason, exception: null, accepted: ours.refused === null && ours.messages.length > 0 };
  // An exception excuses where reading ends, never that what both have read means two things.
  const exception = reason.endsWith('read differently') ? null : exceptionFor(ours, theirs);
  if (exception) return { reason: null, exception, accepted: false };
  return failed(`${reason}\n-- ours\n${show(ours)}\n-- llhttp\n${show(theirs)}`);
}

const failed = (reason: string): Outcome => ({ reason, exception: null, accepted: false });

function exceptionFor(ours: Reading, theirs: Reading): Exception | null {
  return exceptions.find((each) => each.applies(ours, theirs)) ?? null;
}

/** Takes away what is not needed for the failure. */
async function minimised(probe: Probe): Promise<Probe> {
  let smallest = probe;
  let tries = 0;
  for (let size = Math.ceil(probe.bytes.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at + size <= smallest.bytes.length && tries < 2_000; ) {
      tries++;
      const bytes = smallest.bytes.slice(0, at) + smallest.bytes.slice(at + size);
      const splits = smallest.splits.map((split) => (split > at ? Math.max(at, split - size) : split));
      const candidate = { ...smallest, bytes, splits };
      if ((await judge(candidate)).reason === null) at += size;
      else smallest = candidate;
    }
  }
  return smallest;
}

/** As a row for the corpus, with how to get it again. */
export function describeFailure({ run, side, toHead, bytes, reason }: Failure, seed: number): string {
  const call = side === 'request' ? 'request' : `response${toHead ? ' (to HEAD)' : ''}`;
  return `seed ${seed}, run ${run}: ${reason}\n-- as a row of the corpus: ${call}\n${JSON.stringify(bytes)}\n`;
}
