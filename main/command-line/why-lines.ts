import { strategies } from '@shared/catalog/strategies.ts';
import type { Attempt, Decision, RequestDetail } from '@shared/contract/request-values.ts';
import { batchText } from '@shared/lib/batch-text.ts';
import { ejectedText } from '@shared/lib/ejected-text.ts';
import { attemptWords, reasonWords } from '../engine/journal/words.ts';
import type { Output } from './output.ts';
import { clockTime, milliseconds } from './table.ts';

type SeenServer = Decision['servers'][number];
type Paint = Output['paint'];

/** A person reads a screen, not a roll: one line fewer than a terminal of 25 has, for the prompt. */
const mostLines = 24;
/** Tables of servers, where a request had more attempts: of the first and the last. */
const mostTables = 3;
const leastRows = 2;

/** A choice that was made for a request, or could not be. */
interface Told {
  /** `attempt 1, at 0.20 ms`. */
  readonly heading: string;
  /** What came of it, or why it was not made. */
  readonly text: string;
  readonly tone: 'good' | 'bad';
  readonly batch: string | null;
  readonly decision: Decision | null;
}

/**
 * The story of a request for somebody who never saw Ballast: what was asked and answered, and for every attempt how each server
 * stood, who was picked and why, and what came of it. At most 24 lines where that is possible at all; large pools are summed up.
 */
export function whyLines(detail: RequestDetail, paint: Paint): string[] {
  const head = [paint('strong', headline(detail)), ...about(detail)];
  const told = choices(detail);
  const withTable = told.map(
    ({ decision }, index) =>
      decision !== null && (told.length <= mostTables || index === 0 || index === told.length - 1),
  );
  const tables = withTable.filter(Boolean).length;
  // Where a server was looked for in vain, that says it.
  const { stop, unserved } = detail;
  const end = stop !== null && unserved === null ? [`nothing more was tried: ${stop.text}`] : [];
  const fixed =
    head.length +
    end.length +
    1 +
    told.reduce((sum, { batch }) => sum + (batch === null ? 1 : 2), 0) +
    tables;
  const rows = Math.max(leastRows, Math.floor((mostLines - fixed) / Math.max(1, tables)));
  const story = told.flatMap(({ heading, text, tone, batch, decision }, index) => [
    paint(tone, `${heading}${withTable[index] ? '' : pauseText(decision)}: ${text}`),
    ...(batch === null ? [] : [`  ${batch}`]),
    ...(withTable[index] && decision !== null
      ? [`  ${decision.sentence}`, ...serverLines(decision, rows, paint)]
      : []),
  ]);
  return [...head, ...(story.length > 0 ? ['', ...story] : []), ...end];
}

/** The whole of it in one sentence. */
function headline(detail: RequestDetail): string {
  const { method, target, status, durationMs, attemptList, server, error } = detail;
  const asked = method === '' ? 'A request that could not be read' : `${method} ${target}`;
  const after = `after ${milliseconds(durationMs)}`;
  const failures = attemptList.flatMap((attempt) =>
    hasFailed(attempt)
      ? [`${shortName(attempt.server)} ${failedWords(attempt, detail)} (${attemptWords(attempt)})`]
      : [],
  );
  if (status === 0) return `${asked} got no response; it ended ${after}.`;
  if (hasBrokenOff(detail))
    return `${asked} failed: the response of ${shortName(server ?? '')} broke off ${after}; its status ${status} had been passed on.`;
  // What Ballast answers itself always has an error to tell.
  const from = server === null || error !== null ? 'from Ballast itself' : `from ${shortName(server)}`;
  if (status >= 500) return `${asked} failed: the client got ${status} ${from} ${after}.`;
  if (error !== null) return `${asked} was turned away: the client got ${status} ${from} ${after}.`;
  if (attemptList.length < 2) return `${asked} got ${status} ${from} ${after}.`;
  const before = failures.length > 0 ? `: ${failures.join(', ')}` : '';
  return `${asked} got ${status} ${from} ${after}, with ${attemptList.length} attempts${before}.`;
}

/** The attempt that the client was answered by; where it was by none, the one made last at that server. */
function decisive({ attemptList, server }: RequestDetail): Attempt | undefined {
  return attemptList.findLast((attempt) => attempt.server === server);
}

/** The client has part of a response, and knows that the rest is missing. */
function hasBrokenOff(detail: RequestDetail): boolean {
  const last = decisive(detail);
  return detail.error !== null && last?.status === detail.status && last.outcome !== 'responded';
}

/** What became of an attempt that was not passed on. One begun beside the answered one, and later, was not overtaken by it. */
function failedWords(attempt: Attempt, detail: RequestDetail): string {
  if (attempt.outcome !== 'cancelled') return 'failed';
  const winner = decisive(detail);
  return winner && winner.startedAfterMs <= attempt.startedAfterMs ? 'was not needed' : 'was overtaken';
}

function about(detail: RequestDetail): string[] {
  const { id, atMs, client, listener, pool, route, error, attemptList, unserved } = detail;
  const decision = unserved ?? attemptList.at(-1)?.decision ?? null;
  const lines = [fact('asked', `at ${clockTime(atMs)} by ${client}, listener ${listener}, request ${id}`)];
  if (pool !== null) {
    const by = decision === null ? '' : `, which picks by ${strategyText(decision)}`;
    const rule =
      route === null
        ? ''
        : ` (${route.host ?? 'any host'}, ${route.path === '/' ? 'any path' : `path ${route.path}`})`;
    lines.push(fact('led to', `pool ${pool}${rule}${by}`));
  }
  const affinity = decision?.affinity ?? null;
  if (affinity !== null) lines.push(fact('session', sessionText(affinity)));
  if (error !== null) lines.push(fact('error', error));
  return lines;
}

function fact(name: string, text: string): string {
  return `  ${name.padEnd(8)} ${text}`;
}

function sessionText({ by, result, server, reason }: NonNullable<Decision['affinity']>): string {
  const name = server === null ? 'a server' : shortName(server);
  const because = reason === '' || result === 'kept' ? '' : `: ${reason}`;
  const words: Record<typeof result, string> = {
    kept: `stayed at ${name}`,
    bound: `new, bound to ${name}`,
    moved: `moved to ${name}`,
    lent: `pinned to ${name}; this request alone went elsewhere`,
    rejected: 'turned away instead of moved',
    none: server === null ? 'none' : 'found no server',
  };
  return `by ${affinityWords[by]}: ${words[result]}${because}`;
}

const affinityWords: Record<NonNullable<Decision['affinity']>['by'], string> = {
  cookie: 'cookie',
  'app-cookie': "the application's cookie",
  header: 'a request field',
  'client-ip': 'client address',
};

function choices(detail: RequestDetail): Told[] {
  const { attemptList, unserved, pool } = detail;
  const told = attemptList.map((attempt, index): Told => {
    const failed = hasFailed(attempt);
    const came = failed ? `${failedWords(attempt, detail)} after ${milliseconds(attempt.durationMs)}: ` : '';
    const took = failed ? '' : ` after ${milliseconds(attempt.durationMs)}`;
    return {
      heading: `attempt ${index + 1}, at ${milliseconds(attempt.startedAfterMs)}`,
      text: `${shortName(attempt.server)} ${came}${attemptWords(attempt)}${took}`,
      tone: failed && attempt.outcome !== 'cancelled' ? 'bad' : 'good',
      batch: attempt.batch && batchText(attempt.batch),
      decision: attempt.decision,
    };
  });
  if (unserved !== null) {
    const heading = `attempt ${attemptList.length + 1} was not made`;
    const text = whyNotMade(unserved, pool ?? '');
    told.push({ heading, text, tone: 'bad', batch: null, decision: unserved });
  }
  return told;
}

/** Said beside the attempt where there is no room for the sentence that says it. */
function pauseText(decision: Decision | null): string {
  const ms = decision?.pausedMs ?? 0;
  return ms > 0 ? `, after a wait of ${milliseconds(ms)} (retry.backoff)` : '';
}

/** What kept a request from every server: often not the servers. */
function whyNotMade({ affinity, servers, queuedMs }: Decision, pool: string): string {
  const has = (...states: SeenServer['state'][]): boolean =>
    servers.some(({ state }) => states.includes(state));
  if (affinity?.result === 'rejected') {
    const name = affinity.server === null ? 'a server' : shortName(affinity.server);
    return `its session is bound to ${name}, and pool ${pool} moves no session (affinity.onUnavailable: reject)`;
  }
  if (has('circuit-open')) return `the circuit of pool ${pool} was open`;
  if (queuedMs > 0) return `it waited ${milliseconds(queuedMs)} in the queue of pool ${pool} in vain`;
  if (has('candidate')) return `pool ${pool} had as many requests in flight as it may`;
  if (has('full')) return `no server of pool ${pool} had room for it`;
  return `no server of pool ${pool} was left for it`;
}

function hasFailed({ outcome, status }: Attempt): boolean {
  return outcome !== 'responded' || (status ?? 0) >= 500;
}

/** @param room most lines */
function serverLines({ servers, strategy }: Decision, room: number, paint: Paint): string[] {
  const isMade = servers.some(({ state }) => state === 'picked');
  const shown = servers.length <= room ? servers : mostTelling(servers, room - 1);
  const left = servers.filter((server) => !shown.includes(server));
  const width = Math.max(...shown.map(({ id }) => shortName(id).length));
  const hasWeights = servers.some(({ weight, effectiveWeight }) => weight !== 1 || effectiveWeight !== 1);
  const lines = shown.map((server) => {
    const line = `  ${server.state === 'picked' ? '>' : ' '} ${shortName(server.id).padEnd(width)}  ${serverText(server, { hasWeights, isMade, isTimed: strategy === 'least-time' })}`;
    return server.state === 'picked' ? line : paint('faint', line);
  });
  if (left.length > 0) lines.push(paint('faint', `    and ${left.length} more: ${counts(left, isMade)}`));
  return lines;
}

/** Who was picked, whoever was out because of this very request, the others that were out, and then who could have taken it. */
function mostTelling(servers: readonly SeenServer[], room: number): SeenServer[] {
  const rank = ({ state }: SeenServer): number =>
    state === 'picked' ? 0 : state === 'tried' ? 1 : state === 'candidate' ? 3 : 2;
  const chosen = new Set([...servers].sort((a, b) => rank(a) - rank(b)).slice(0, room));
  return servers.filter((server) => chosen.has(server));
}

interface Telling {
  readonly hasWeights: boolean;
  /** Somebody was picked: where nobody was, whoever is well was kept from the request by something else. */
  readonly isMade: boolean;
  /** What the strategy says of a server has its response time already, less what has faded of it since. */
  readonly isTimed: boolean;
}

function serverText(server: SeenServer, { hasWeights, isMade, isTimed }: Telling): string {
  const { state, out, weight, effectiveWeight, activeRequests, maxRequests, latencyMs, admittedBy, detail } =
    server;
  if (state !== 'picked' && state !== 'candidate') return `out: ${out}`;
  const facts = [`${activeRequests}${maxRequests > 0 ? ` of at most ${maxRequests}` : ''} in flight`];
  if (hasWeights)
    facts.push(weight === effectiveWeight ? `weight ${weight}` : `weight ${effectiveWeight} of ${weight}`);
  const said = against(server);
  if (admittedBy !== null && said.length > 0) said.push(admittedWords[admittedBy]);
  facts.push(...said);
  if (latencyMs !== null && !(isTimed && detail !== ''))
    facts.push(`response time counted as ${milliseconds(latencyMs)}`);
  if (detail !== '') facts.push(detail);
  const standing = !isMade ? 'not asked:' : state === 'picked' ? 'picked:       ' : 'could take it:';
  return `${standing} ${facts.join(', ')}`;
}

/** Said where the sentence has no word of it too: a session keeps its server in panic and without. */
const admittedWords: Record<NonNullable<SeenServer['admittedBy']>, string> = {
  panic: 'but the pool was in panic',
  'last-resort': 'but no better one was available',
};

/** What kept others from a server that could be asked all the same: by those bound to it, in panic, for its trial, or as the last resort. */
function against({ adminState, verdict, ejectedForMs }: SeenServer): string[] {
  const facts: string[] = [];
  if (adminState === 'drain') facts.push('draining');
  if (verdict !== 'healthy') facts.push(verdict === 'unknown' ? 'not probed' : verdict);
  if (ejectedForMs !== null) facts.push(ejectedText(ejectedForMs));
  return facts;
}

function counts(servers: readonly SeenServer[], isMade: boolean): string {
  const found = new Map<SeenServer['state'], number>();
  for (const { state } of servers) found.set(state, (found.get(state) ?? 0) + 1);
  return [...found].map(([state, count]) => `${count} ${stateWords(state, isMade)}`).join(', ');
}

function stateWords(state: SeenServer['state'], isMade: boolean): string {
  if (state === 'picked' || state === 'candidate') return isMade ? 'could take it' : 'not asked';
  return reasonWords[state];
}

/** `hash (key header:x-user, fallback round-robin)`. */
function strategyText({ poolStrategy, options }: Decision): string {
  const told = Object.entries(options).map(([name, value]) => `${name} ${value}`);
  return `${strategyLabel(poolStrategy)}${told.length === 0 ? '' : ` (${told.join(', ')})`}`;
}

function strategyLabel(kind: string): string {
  return Object.hasOwn(strategies, kind)
    ? strategies[kind as keyof typeof strategies].label.toLowerCase()
    : kind;
}

/** `api-3` of `api/api-3`. */
function shortName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
