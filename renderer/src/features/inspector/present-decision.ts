import { strategies } from '@shared/catalog/strategies.ts';
import type { Attempt, Decision, RequestDetail } from '@shared/contract/request-values.ts';
import type { UnavailableReason } from '@shared/contract/server-values.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import { batchText } from '@shared/lib/batch-text.ts';
import { ejectedText } from '@shared/lib/ejected-text.ts';
import { formatActive } from '../../metrics/format.ts';

/** A server of the pool in the table of a decision. */
export interface DecisionRow {
  readonly id: string;
  readonly name: string;
  /** `3`, or `0.6 of 3` while it starts slowly. */
  readonly weight: string;
  /** `2`, or `2/10` where it has a limit. */
  readonly inFlight: string;
  /** Moving average of its time to answer that follows peaks at once; null where nothing was measured. */
  readonly latencyMs: number | null;
  /** Why it was picked, passed over, or left out: a few words. */
  readonly note: string;
  readonly standing: 'picked' | 'candidate' | 'left-out';
  /** What else was out of the ordinary about one that could be chosen: `not probed yet`, `ejected`. */
  readonly facts: readonly string[];
}

export interface PresentedDecision {
  /** `Why api-3`, or `Why no server`. */
  readonly title: string;
  /** The strategy's name; also said where it was not asked. */
  readonly strategy: string;
  readonly rows: readonly DecisionRow[];
  readonly sentence: string;
}

const leftOutWords: Record<UnavailableReason, string> = {
  maintenance: 'in maintenance',
  drain: 'draining',
  drained: 'drained',
  unhealthy: 'unhealthy',
  ejected: 'ejected',
  full: 'full',
  'weight-zero': 'weight 0',
  priority: 'worse priority',
  backup: 'standby',
  tried: 'tried',
  'circuit-open': 'circuit open',
};

/** @param earlier the attempts before this decision: they tell what came of a server that was tried */
export function presentDecision(decision: Decision, earlier: readonly Attempt[]): PresentedDecision {
  const rows = decision.servers.map((server): DecisionRow => {
    const { id, state, detail, latencyMs } = server;
    const common = {
      id,
      name: serverName(id),
      weight: weightText(server),
      inFlight: formatActive(server.activeRequests, server.maxRequests),
      latencyMs,
      facts: oddFacts(server),
    };
    if (state === 'picked') return { ...common, standing: 'picked', note: detail || 'picked' };
    if (state === 'candidate') return { ...common, standing: 'candidate', note: detail || 'not its turn' };
    return { ...common, facts: [], standing: 'left-out', note: leftOutNote(server, state, earlier) };
  });
  const picked = rows.find(({ standing }) => standing === 'picked');
  return {
    title: picked ? `Why ${picked.name}` : 'Why no server',
    strategy: strategyText(decision),
    rows,
    sentence: decision.sentence,
  };
}

type SeenServer = Decision['servers'][number];

function weightText({ weight, effectiveWeight }: SeenServer): string {
  if (weight === effectiveWeight) return String(weight);
  return `${Number(effectiveWeight.toPrecision(2))} of ${weight}`;
}

/** `draining: it takes no new clients`; of one that was tried, what came of that. */
function leftOutNote({ id, out }: SeenServer, state: UnavailableReason, earlier: readonly Attempt[]): string {
  const before = state === 'tried' ? earlier.findLast(({ server }) => server === id) : undefined;
  if (before) return `tried, ${outcomeShort(before)}`;
  return out === '' ? leftOutWords[state] : out.replace(/^(?:is|was|has) /, '');
}

/** Of a server that is well and known to be so there is nothing to say. */
function oddFacts(server: SeenServer): string[] {
  const { verdict, ejectedForMs, admittedBy, unreachable, tried, adminState, backup } = server;
  return [
    adminState === 'ready' ? '' : adminState === 'drain' ? 'draining' : 'in maintenance',
    verdict === 'unhealthy' ? 'unhealthy' : '',
    ejectedForMs === null ? '' : ejectedText(ejectedForMs),
    admittedBy === null ? '' : admittedBy === 'panic' ? 'in panic' : 'the last resort',
    unreachable ? 'nobody listened there' : '',
    tried ? 'tried before' : '',
    backup ? 'a backup' : '',
  ].filter(Boolean);
}

/** How a request came to its pool: `listener web, any host, path /api`. */
export function routeText({ listener, route }: Pick<RequestDetail, 'listener' | 'route'>): string {
  if (route === null) return `listener ${listener}`;
  const path = route.path === '/' ? 'any path' : `path ${route.path}`;
  return `listener ${listener}, ${route.host === null ? 'any host' : `host ${route.host}`}, ${path}`;
}

/** One attempt in the waterfall; offsets and widths are shares of the whole request, 0 to 1. */
export interface WaterfallRow {
  readonly number: number;
  readonly server: string;
  readonly name: string;
  readonly from: number;
  readonly width: number;
  readonly succeeded: boolean;
  /** `200 in 3.1 ms`, `refused after 0.2 ms`. */
  readonly text: string;
  /** When it began and ended, in milliseconds after the request arrived: `0.4 to 3.5 ms`. */
  readonly span: string;
  /** It was begun beside the one before, which took long. */
  readonly isHedge: boolean;
  /** How it shared its connection with others; null where it had one for itself. */
  readonly shared: string | null;
}

/** @param formatMs writes milliseconds without their unit */
export function waterfall(
  attempts: readonly Attempt[],
  durationMs: number,
  formatMs: (ms: number) => string,
): WaterfallRow[] {
  // An attempt can outlast the request by a rounding; nothing is drawn beyond the edge.
  const wholeMs = Math.max(
    durationMs,
    ...attempts.map((attempt) => attempt.startedAfterMs + attempt.durationMs),
    Number.MIN_VALUE,
  );
  const answered = attempts.findLast(({ outcome }) => outcome === 'responded');
  return attempts.map((attempt, index) => {
    const from = attempt.startedAfterMs / wholeMs;
    return {
      number: index + 1,
      server: attempt.server,
      name: serverName(attempt.server),
      from,
      width: Math.min(attempt.durationMs / wholeMs, 1 - from),
      // One that was overtaken has not failed.
      succeeded:
        attempt.outcome === 'cancelled' || (attempt.outcome === 'responded' && (attempt.status ?? 0) < 500),
      text: `${attempt.hedge ? 'hedge: ' : ''}${isSpare(attempt, answered) ? 'not needed' : outcomeShort(attempt)} ${attempt.outcome === 'responded' ? 'in' : 'after'} ${formatMs(attempt.durationMs)} ms`,
      span: `${formatMs(attempt.startedAfterMs)} to ${formatMs(attempt.startedAfterMs + attempt.durationMs)} ms`,
      isHedge: attempt.hedge,
      shared: attempt.batch === null ? null : batchText(attempt.batch),
    };
  });
}

/** Begun beside the one that was answered, and later: it was not overtaken. */
function isSpare({ outcome, startedAfterMs }: Attempt, answered: Attempt | undefined): boolean {
  return outcome === 'cancelled' && answered !== undefined && answered.startedAfterMs <= startedAfterMs;
}

/** What came of an attempt, in two words at most where they suffice. */
export function outcomeShort({ outcome, status, detail }: Attempt): string {
  switch (outcome) {
    case 'responded':
      return String(status ?? 'answered');
    case 'connect-failed':
      return detail === null || /refused/i.test(detail) ? 'refused' : detail;
    case 'closed-before-response':
      return 'closed early';
    case 'failed-mid-response':
      return 'broke off';
    case 'timed-out':
      return 'timed out';
    case 'client-aborted':
      return 'client left';
    case 'cancelled':
      return 'overtaken';
    default:
      return assertNever(outcome);
  }
}

type Affinity = NonNullable<Decision['affinity']>;

/** How affinity took part, for a person. */
export function affinityText({ result, server, reason }: Affinity): string {
  const because = reason === '' ? '.' : `: ${reason}.`;
  const name = server === null ? 'a server' : serverName(server);
  switch (result) {
    case 'kept':
      return `The session stayed on ${name}.`;
    case 'bound':
      return `A new session was bound to ${name}${because}`;
    case 'moved':
      return `The session moved to ${name}${because}`;
    case 'lent':
      return `The session stays pinned to ${name}; only this request went elsewhere${because}`;
    case 'rejected':
      return `The client was turned away instead of being moved${because}`;
    case 'none':
      return server === null ? `No session took part${because}` : `The session found no server${because}`;
    default:
      return assertNever(result);
  }
}

/** `Hash · key header:x-user`: what the pool picks by, whichever strategy it fell back to. */
function strategyText({ poolStrategy, options }: Decision): string {
  const told = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return [strategyLabel(poolStrategy), ...told].join(' · ');
}

export function strategyLabel(kind: string): string {
  return Object.hasOwn(strategies, kind) ? strategies[kind as keyof typeof strategies].label : kind;
}

/** `api-3` of `api/api-3`. */
export function serverName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
