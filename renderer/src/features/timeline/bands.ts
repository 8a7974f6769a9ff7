import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { AdminState, ReplicaStatus, ServerStatus, Verdict } from '@shared/contract/server-values.ts';
import { parseDuration } from '@shared/lib/duration.ts';
import type { FailingSpan } from './failing-log.ts';

/**
 * How a server stood for a while, as its lane shows it. `warming`: its process runs or its checks began, and no probe has
 * vouched for it yet. `trial`: its ejection is over, and the next request shows whether it is back. `failing`: it still gets requests although something just went wrong. `unknown`: nothing is known of
 * that time, so nothing is claimed.
 */
export type BandState = 'serving' | 'warming' | 'trial' | 'failing' | 'drained' | 'out' | 'unknown';

export interface Band {
  readonly fromMs: number;
  /** Of the last band: the moment asked for. */
  readonly toMs: number;
  readonly state: BandState;
  /** Why, for a person: the text of the event it began with, where there was one. */
  readonly text: string;
}

export interface BandsQuery {
  /** Events about this server, and those about the whole engine; oldest first. */
  readonly events: readonly BallastEvent[];
  readonly status: ServerStatus | undefined;
  readonly replica: ReplicaStatus | undefined;
  /** When it was said to fail; oldest first. */
  readonly failing: readonly FailingSpan[];
  /** Since when the log of events is complete; before that only `unknown` is true. */
  readonly knownFromMs: number;
  readonly nowMs: number;
}

interface Facts {
  adminState: AdminState;
  verdict: Verdict;
  isEjected: boolean;
  /** When the ejection is over and a trial request may come; null where nobody said. */
  trialFromMs: number | null;
  /** `none`: Ballast does not run it, or does not know. */
  process: 'none' | 'running' | 'ended';
  /** Its process was started after its last verdict, which therefore speaks of the one before. */
  startedSinceVerdict: boolean;
  isEngineRunning: boolean;
}

/** A failure colours the lane for at least this long when nothing else follows from it; probes mostly come more often. */
export const failingHoldMs = 2_500;

const words: Record<BandState, string> = {
  serving: 'Serving',
  warming: 'Warming up: no probe has vouched for it yet',
  trial: 'Ejected, awaiting a trial request',
  failing: 'Failing, still in rotation',
  drained: 'Draining: no new clients',
  out: 'Out of rotation',
  unknown: 'Nothing is known of this time',
};
export const bandWord = (state: BandState): string => words[state];

/**
 * The lane of a server: what its events say happened, ending in what its status says now. Bands touch each other and cover
 * everything from `knownFromMs` to `nowMs`; what came before has no band.
 */
export function deriveBands({ events, status, replica, failing, knownFromMs, nowMs }: BandsQuery): Band[] {
  const facts = factsBefore(events, status, replica);
  const bands: Band[] = [];
  let since = knownFromMs;
  let text = '';
  let failingUntil = Number.NEGATIVE_INFINITY;
  let failingText = '';

  const push = (toMs: number, state: BandState, why: string): void => {
    if (toMs <= since) return;
    const last = bands.at(-1);
    // One that fails may do so for one reason after the other; of another state, what it began with is the reason.
    if (last?.state === state && (state !== 'failing' || last.text === why))
      bands[bands.length - 1] = { ...last, toMs };
    else bands.push({ fromMs: since, toMs, state, text: why === '' ? words[state] : why });
    since = toMs;
  };
  /** The same, but for when it was said to fail meanwhile. @param shown what is painted where it was not: `state`, if nothing else */
  const lay = (toMs: number, state: BandState, why: string, shown = state): void => {
    for (const span of failing) {
      if (span.toMs <= since || span.fromMs >= toMs || !mayFail(state, facts, span)) continue;
      push(span.fromMs, shown, why);
      push(Math.min(toMs, span.toMs), 'failing', span.text);
    }
    push(toMs, shown, why);
  };
  /** Closes what lasted until now, in two pieces where a failure or an ejection was over in between. */
  const close = (toMs: number): void => {
    const state = stateOf(facts, status);
    if (state === 'serving') {
      if (failingUntil > since) lay(Math.min(toMs, failingUntil), 'serving', failingText, 'failing');
      lay(toMs, 'serving', '');
    } else if (facts.trialFromMs !== null && isOutByEjection(facts)) {
      lay(Math.min(toMs, facts.trialFromMs), 'out', text);
      lay(toMs, 'trial', '');
    } else lay(toMs, state, text);
  };

  for (const event of events) {
    if (event.atMs > nowMs) break;
    if (isFailure(event)) {
      close(event.atMs);
      if (event.atMs > failingUntil) failingText = event.text;
      failingUntil = event.atMs + failingHoldMs;
      continue;
    }
    const before = stateOf(facts, status);
    close(event.atMs);
    if (!takeEvent(facts, event)) continue;
    if (stateOf(facts, status) !== before) text = event.text;
    // Whatever failed before a verdict was reached is told by the verdict from here on.
    if (event.kind === 'verdict-changed') failingUntil = Number.NEGATIVE_INFINITY;
  }
  // An event can be on its way still when the status has arrived; the status knows when its verdict began.
  if (status && status.verdict !== facts.verdict && status.verdictSinceMs <= nowMs) {
    close(Math.max(since, status.verdictSinceMs));
    facts.verdict = status.verdict;
    text = '';
  }
  close(nowMs);
  return status ? cutBefore(bands, status, events) : bands;
}

/** A band, and since when it stood so, for whatever reasons. */
export interface BandFound extends Band {
  readonly sinceMs: number;
}

/** The band at a moment; undefined where nothing is known. */
export function bandAt(bands: readonly Band[], atMs: number): BandFound | undefined {
  const index = bands.findLastIndex(({ fromMs }) => fromMs <= atMs);
  const band = bands[index];
  if (!band) return undefined;
  let first = index;
  while (bands[first - 1]?.state === band.state) first -= 1;
  return { ...band, sinceMs: bands[first]!.fromMs };
}

/** One that serves fails as it was said to; one that is out while panic lets requests there all the same, unless it is out for another reason. */
function mayFail(
  state: BandState,
  { adminState, isEngineRunning }: Facts,
  { isPanic }: FailingSpan,
): boolean {
  if (!isPanic) return state === 'serving';
  return (state === 'out' || state === 'trial') && isEngineRunning && adminState !== 'maintenance';
}

/** Nothing but an ejection keeps it out: a trial would bring it back. */
function isOutByEjection({ isEjected, isEngineRunning, adminState, verdict }: Facts): boolean {
  return isEjected && isEngineRunning && adminState === 'ready' && verdict !== 'unhealthy';
}

function stateOf(facts: Facts, status: ServerStatus | undefined): BandState {
  if (!facts.isEngineRunning) return 'out';
  if (facts.adminState === 'maintenance') return 'out';
  if (facts.isEjected) return 'out';
  if (facts.verdict === 'unhealthy') return facts.startedSinceVerdict ? 'warming' : 'out';
  if (facts.process === 'ended') return facts.verdict === 'healthy' ? 'failing' : 'out';
  if (facts.adminState === 'drain') return 'drained';
  // A pool without health checks never reaches a verdict, and its servers serve.
  if (facts.verdict === 'unknown') return isChecked(status) ? 'warming' : 'serving';
  return 'serving';
}

function isChecked(status: ServerStatus | undefined): boolean {
  return status === undefined || status.probesRun > 0 || status.verdict !== 'unknown';
}

function isFailure({ kind }: BallastEvent): boolean {
  return kind === 'probe-failed' || kind === 'attempt-failed';
}

/** Changes the facts by what an event says; false where it says nothing about them. */
function takeEvent(facts: Facts, event: BallastEvent): boolean {
  switch (event.kind) {
    case 'verdict-changed':
      facts.verdict = verdictAfter(event);
      facts.startedSinceVerdict = false;
      return true;
    case 'server-ejected':
      facts.isEjected = true;
      facts.trialFromMs = trialFrom(event);
      return true;
    case 'server-returned':
      facts.isEjected = false;
      return true;
    case 'admin-state-changed':
      facts.adminState = adminStateAfter(event);
      return true;
    case 'replica-started':
      facts.process = 'running';
      facts.startedSinceVerdict = true;
      return true;
    case 'replica-exited':
      facts.process = 'ended';
      facts.startedSinceVerdict = false;
      return true;
    case 'engine-crashed':
      facts.isEngineRunning = false;
      return true;
    case 'engine-restarted':
      facts.isEngineRunning = true;
      facts.verdict = 'unknown';
      facts.isEjected = false;
      return true;
    default:
      return false;
  }
}

function verdictAfter({ tone }: BallastEvent): Verdict {
  return tone === 'good' ? 'healthy' : tone === 'bad' ? 'unhealthy' : 'unknown';
}

/** `api-2 is ejected for 30s: …` */
function trialFrom({ atMs, text }: BallastEvent): number | null {
  const durationMs = parseDuration(/ is ejected for (\S+?):/.exec(text)?.[1] ?? '');
  return durationMs === undefined ? null : atMs + durationMs;
}

function adminStateAfter({ text }: BallastEvent): AdminState {
  if (/maintenance/i.test(text)) return 'maintenance';
  return /drain/i.test(text) ? 'drain' : 'ready';
}

/** What was true before the first event: the opposite of what an event changed, the present where none did. */
function factsBefore(
  events: readonly BallastEvent[],
  status: ServerStatus | undefined,
  replica: ReplicaStatus | undefined,
): Facts {
  const first = (...kinds: BallastEvent['kind'][]): BallastEvent | undefined =>
    events.find(({ kind }) => kinds.includes(kind));
  const verdict = first('verdict-changed', 'engine-restarted');
  const ejection = first('server-ejected', 'server-returned', 'engine-restarted');
  const admin = first('admin-state-changed');
  const life = first('replica-started', 'replica-exited');
  const engine = first('engine-crashed', 'engine-restarted');
  return {
    verdict: verdict
      ? verdict.kind === 'verdict-changed' && verdict.tone === 'bad'
        ? 'healthy'
        : 'unknown'
      : (status?.verdict ?? 'unknown'),
    isEjected: ejection
      ? ejection.kind === 'server-returned'
      : (status?.ejectedUntilMs ?? null) !== null && status?.inPanic === false,
    trialFromMs: ejection ? null : (status?.ejectedUntilMs ?? null),
    adminState: admin ? 'ready' : (status?.adminState ?? 'ready'),
    process: life
      ? life.kind === 'replica-exited'
        ? 'running'
        : 'none'
      : replica?.state === 'running'
        ? 'running'
        : replica?.state === 'exited'
          ? 'ended'
          : 'none',
    startedSinceVerdict: false,
    isEngineRunning: engine?.kind !== 'engine-restarted',
  };
}

/**
 * A server that was added or moved here has no past here. Unless its first event speaks of a time before (it was healthy, it
 * ran, it was taken out), nothing is claimed before that event, or before its verdict's first moment.
 */
function cutBefore(bands: Band[], status: ServerStatus, events: readonly BallastEvent[]): Band[] {
  const first = events.find(({ kind, server }) => server !== null && kind !== 'probe-failed');
  const tellsOfBefore =
    first !== undefined &&
    first.kind !== 'replica-started' &&
    !(first.kind === 'verdict-changed' && first.tone === 'good');
  if (tellsOfBefore) return bands;
  const startMs = Math.min(first?.atMs ?? Number.POSITIVE_INFINITY, status.verdictSinceMs);
  return bands
    .filter(({ toMs }) => toMs > startMs)
    .map((band) => (band.fromMs < startMs ? { ...band, fromMs: startMs } : band));
}
