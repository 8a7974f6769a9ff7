import { strategies, writtenOptions } from '@shared/catalog/strategies.ts';
import type { Decision } from '@shared/contract/request-values.ts';
import { type UnavailableReason, unavailableReasons } from '@shared/contract/server-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import { missingKeyWords } from '../strategy/key-hash.ts';
import { strategyRegistry } from '../strategy/registry.ts';
import type { SeenCandidate } from '../strategy/strategy.ts';
import { affinityReason } from './affinity-words.ts';
import { candidateCode, type DecisionRecord, decisionStates, type ServerFacts } from './decision.ts';
import { type EarlierAttempt, endedLast, wasRunning } from './earlier-attempts.ts';
import { admittedBy, narrowing, panicText } from './narrowing-words.ts';
import { outWords } from './out-words.ts';
import { attemptWords, shortName, standingText } from './words.ts';

/**
 * Turns the numbers of a decision into what a person reads.
 *
 * @param before the attempts of the request before it, oldest first
 * @param atMs when it was made, in milliseconds after the request arrived; of no meaning unless others were running
 */
export function renderDecision(
  record: DecisionRecord,
  before: readonly EarlierAttempt[],
  atMs = 0,
): Decision {
  const { reasoning } = strategyRegistry[record.strategy];
  const { roster } = record;
  return {
    strategy: record.strategy,
    poolStrategy: roster.strategy.kind,
    options: writtenOptions(roster.strategy),
    servers: roster.ids.map((id, index) => {
      const state = decisionStates[record.code(index)]!;
      const asked = state === 'picked' || state === 'candidate';
      const looked = record.strategyAsked && asked;
      return {
        id,
        weight: roster.weights[index]!,
        effectiveWeight: record.effectiveWeight(index),
        activeRequests: record.activeRequests(index),
        maxRequests: roster.maxRequests[index]!,
        latencyMs: record.latencyMs(index),
        ...told(record.facts(index)),
        ejectedForMs: record.ejectedForMs(index),
        admittedBy: asked ? admittedBy(record, index) : null,
        backup: roster.backups[index]!,
        priority: roster.priorities[index]!,
        state,
        out: asked ? '' : outWords(record, index, state, before, atMs),
        detail: looked ? reasoning.detail(seen(record, index)) : '',
      };
    }),
    affinity: renderAffinity(record, before),
    queuedMs: Math.round(record.queuedMs * 1_000) / 1_000,
    pausedMs: Math.round(record.pausedMs * 1_000) / 1_000,
    sentence: sentence(record, before, atMs),
  };
}

/** Of the facts, those that stand by themselves. */
function told({ adminState, verdict, ejected, unreachable, tried }: ServerFacts) {
  return { adminState, verdict, ejected, unreachable, tried };
}

function renderAffinity(record: DecisionRecord, before: readonly EarlierAttempt[]): Decision['affinity'] {
  const by = record.roster.affinity;
  if (record.affinity === null || by === 'none') return null;
  const boundNow = record.affinity === 'bound' || record.affinity === 'moved';
  return {
    by,
    result: record.affinity,
    server: boundNow ? (record.roster.ids[record.picked] ?? null) : record.affinityServer,
    reason: affinityReason(record, before),
  };
}

function sentence(record: DecisionRecord, before: readonly EarlierAttempt[], atMs: number): string {
  const parts: string[] = [];
  const pickedName = record.roster.names[record.picked];
  const reason = affinityReason(record, before);
  const earlier = record.hedge ? before.findLast((each) => wasRunning(each, atMs)) : endedLast(before);
  if (record.hedge)
    parts.push(
      `${shortName(earlier?.server ?? 'the server')} had not answered yet, so another server was asked as well (retry.hedge).`,
    );
  else if (earlier && record.affinityCause !== 'tried')
    parts.push(`The attempt before, at ${shortName(earlier.server)}, failed (${attemptWords(earlier)}).`);

  if (record.pausedMs > 0)
    parts.push(`It waited ${wholeMs(record.pausedMs)} before it was tried again (retry.backoff).`);
  if (record.queuedMs > 0) {
    const waited = `It waited ${wholeMs(record.queuedMs)} in the queue`;
    parts.push(
      pickedName === undefined
        ? `${waited} in vain.`
        : record.poolLimit > 0
          ? `${waited}, because the pool had as many requests in flight as it may (maxRequests ${record.poolLimit}).`
          : `${waited}, until ${pickedName} had a slot.`,
    );
  }
  if (pickedName === undefined) {
    if (record.affinity === 'rejected') {
      parts.push(`${capital(reason)}, and this pool rejects such a client instead of moving it.`);
    } else if (record.poolLimit > 0) {
      parts.push(`The pool had as many requests in flight as it may (maxRequests ${record.poolLimit}).`);
    } else {
      if (reason !== '') parts.push(`${capital(reason)}.`);
      if (record.roster.ids.some((_, index) => decisionStates[record.code(index)] === 'circuit-open'))
        parts.push('The circuit of this pool was open, so no server was asked.');
      else {
        // One that left the queue may have had somebody to go to, and others before it.
        const out = leftOut(record, () => true);
        if (out.length > 0) {
          parts.push(`No server was available: ${out.join(', ')}.`);
          if (record.panicReady > 0) parts.push(panicText(record));
        }
      }
    }
    return parts.join(' ');
  }
  const narrowed = narrowing(record);
  if (!record.strategyAsked) {
    parts.push(`${capital(reason)}, so it kept the request.`);
    if (narrowed !== '') parts.push(narrowed);
    return parts.join(' ');
  }

  const choice = `${fallback(record)}${uncapital(strategies[record.strategy].label)} chose ${pickedName}, ${because(record)}`;
  if (record.affinity === 'moved') {
    parts.push(`${capital(reason)}, so the session moved: ${choice}.`);
  } else if (record.affinity === 'kept') {
    parts.push(`${capital(reason)}. ${capital(choice)}, so the session stays.`);
  } else if (record.affinity === 'lent') {
    parts.push(`${capital(reason)}, and it is pinned there, so only this request went elsewhere: ${choice}.`);
  } else if (record.affinityCause === 'learned') {
    parts.push(`${capital(choice)}. ${capital(reason)}: the session is bound to ${pickedName}.`);
  } else if (record.affinity === 'none' && reason !== '') {
    parts.push(`${capital(reason)}: ${choice}.`);
  } else if (record.affinity === 'bound' && record.affinityServer === null) {
    parts.push(`${capital(reason)}: ${choice}, and the session is bound to it.`);
  } else if (record.affinity === 'bound') {
    parts.push(`${capital(reason)}, so the new session is bound elsewhere: ${choice}.`);
  } else {
    parts.push(`${capital(choice)}.`);
  }
  if (narrowed !== '') parts.push(narrowed);
  const skipped = leftOut(
    record,
    (reason) => reason !== 'backup' && reason !== 'priority' && reason !== 'tried',
  );
  if (skipped.length > 0 && record.affinity !== 'moved') parts.push(`Left out: ${skipped.join(', ')}.`);
  return parts.join(' ');
}

/** A hash goes by another strategy where the request has no key: `the request has no header x-user: `. */
function fallback({ strategy, roster }: DecisionRecord): string {
  if (roster.strategy.kind !== 'hash' || strategy === 'hash') return '';
  return `${missingKeyWords(roster.strategy)}: `;
}

function because(record: DecisionRecord): string {
  const others: SeenCandidate[] = [];
  for (const index of record.roster.ids.keys()) {
    if (record.code(index) === candidateCode) others.push(seen(record, index));
  }
  const { reasoning } = strategyRegistry[record.strategy];
  return reasoning.because(seen(record, record.picked), others, record.roster.strategy);
}

function leftOut(record: DecisionRecord, include: (reason: UnavailableReason) => boolean): string[] {
  return record.roster.names.flatMap((name, index) => {
    const reason = unavailableReasons.find((each) => each === decisionStates[record.code(index)]);
    return reason && include(reason) ? [`${name} ${standingText(record, index, reason)}`] : [];
  });
}

function seen(record: DecisionRecord, index: number): SeenCandidate {
  return {
    name: record.roster.names[index]!,
    weight: record.effectiveWeight(index),
    activeRequests: record.activeRequests(index),
    latencyMs: record.latencyMs(index),
    seen: record.seen(index),
  };
}

/** At least one. */
function wholeMs(ms: number): string {
  return formatDuration(Math.max(1, Math.round(ms)));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `IP hash` stays what it is. */
function uncapital(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
