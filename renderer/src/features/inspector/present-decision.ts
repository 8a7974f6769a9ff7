import { strategies } from '@shared/catalog/strategies.ts';
import type { Attempt, Decision, UnavailableReason } from '@shared/contract/values.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import { batchText } from '@shared/lib/batch-text.ts';

/** A server of the pool in the table of a decision. */
export interface DecisionRow {
  readonly id: string;
  readonly name: string;
  readonly weight: number;
  readonly activeRequests: number;
  /** Why it was picked, passed over, or left out: a few words. */
  readonly note: string;
  readonly standing: 'picked' | 'candidate' | 'left-out';
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
  const rows = decision.servers.map(({ id, weight, activeRequests, state, detail }): DecisionRow => {
    const common = { id, name: serverName(id), weight, activeRequests };
    if (state === 'picked') return { ...common, standing: 'picked', note: detail || 'picked' };
    if (state === 'candidate') return { ...common, standing: 'candidate', note: detail || 'not its turn' };
    const before = state === 'tried' ? earlier.findLast(({ server }) => server === id) : undefined;
    return {
      ...common,
      standing: 'left-out',
      note: before ? `tried, ${outcomeShort(before)}` : leftOutWords[state],
    };
  });
  const picked = rows.find(({ standing }) => standing === 'picked');
  return {
    title: picked ? `Why ${picked.name}` : 'Why no server',
    strategy: strategyLabel(decision.strategy),
    rows,
    sentence: decision.sentence,
  };
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
  return attempts.map((attempt, index) => {
    const from = attempt.startedAfterMs / wholeMs;
    return {
      number: index + 1,
      server: attempt.server,
      name: serverName(attempt.server),
      from,
      width: Math.min(attempt.durationMs / wholeMs, 1 - from),
      succeeded: attempt.outcome === 'responded' && (attempt.status ?? 0) < 500,
      text: `${outcomeShort(attempt)} ${attempt.outcome === 'responded' ? 'in' : 'after'} ${formatMs(attempt.durationMs)} ms`,
      shared: attempt.batch === null ? null : batchText(attempt.batch),
    };
  });
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
      return `No session took part${because}`;
    default:
      return assertNever(result);
  }
}

export function strategyLabel(kind: string): string {
  return Object.hasOwn(strategies, kind) ? strategies[kind as keyof typeof strategies].label : kind;
}

/** `api-3` of `api/api-3`. */
export function serverName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
