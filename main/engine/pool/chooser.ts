import { unavailableReasons } from '@shared/contract/values.ts';
import type { Affinity } from '../affinity/affinity.ts';
import type { Clock } from '../clock.ts';
import type { Exchange, RequestFacts } from '../exchange.ts';
import {
  type AffinityCause,
  candidateCode,
  DecisionRecord,
  decisionStates,
  pickedCode,
  type Roster,
} from '../journal/decision.ts';
import { attemptWords, reasonWords } from '../journal/words.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { isFull, unavailability } from './availability.ts';
import type { Server } from './server.ts';

const codes = Object.fromEntries(decisionStates.map((state, code) => [state, code])) as Record<
  (typeof decisionStates)[number],
  number
>;

/**
 * Chooses a server for the next attempt of an exchange: who is available, what the session says, whom the strategy picks;
 * and writes the decision down. Runs once per attempt, so it allocates nothing while all servers are well.
 */
export class Chooser {
  /** After a `choose` that found nothing: servers were only full, so that it pays to wait. Nothing is written down then. */
  waitsForSlot = false;
  /** After a `choose`: a server stood at its `maxRequests`. */
  sawFull = false;
  readonly #clock: Clock;
  #roster: Roster = { pool: '', ids: [], names: [], weights: [], backups: [] };
  #servers: readonly Server[] = [];
  #byId = new Map<string, Server>();
  #primaries: readonly Server[] = [];
  /** Every server takes a new client's request as long as it is well: none has a limit or no weight. */
  #isPlain = false;
  /** Changes hands: the attempt gets it, and its old one is written next. */
  #record = new DecisionRecord();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param servers in configured order, their `order` set accordingly */
  arrange(pool: string, servers: readonly Server[]): void {
    this.#servers = servers;
    this.#primaries = servers.filter(({ backup }) => !backup);
    this.#isPlain =
      this.#primaries.length > 0 &&
      servers.every(({ weight, maxRequests }) => weight > 0 && maxRequests === 0);
    this.#byId = new Map(servers.map((server) => [server.id, server]));
    this.#roster = {
      pool,
      ids: servers.map(({ id }) => id),
      names: servers.map(({ name }) => name),
      weights: servers.map(({ weight }) => weight),
      backups: servers.map(({ backup }) => backup),
    };
  }

  choose(exchange: Exchange, strategy: Strategy, affinity: Affinity | null): Server | null {
    const now = this.#clock.now();
    const record = this.#record;
    record.begin(this.#roster, strategy.kind);
    record.queuedMs = exchange.queuedAt === 0 ? 0 : now - exchange.queuedAt;
    this.waitsForSlot = false;
    this.sawFull = false;
    if (exchange.attemptCount === 0 && exchange.queuedAt === 0) {
      exchange.session = null;
      exchange.sessionIsNew = false;
      exchange.lastResort = null;
    }
    const isUsual = this.#isPlain && exchange.attemptCount === 0 && this.#noteWell(record);
    const candidates = isUsual ? this.#primaries : this.#note(record, exchange, now);
    const facts = exchange.facts!;
    let picked: Server | null = null;
    if (affinity) picked = this.#ofSession(record, exchange, affinity, facts, now);
    if (!picked && record.affinity !== 'rejected' && candidates.length > 0) {
      picked = strategy.pick(candidates, facts);
      record.strategyAsked = true;
      for (let index = 0; index < candidates.length; index++) {
        const candidate = candidates[index]!;
        record.setSeen(candidate.order, candidate.seen);
      }
      if (affinity) this.#remember(record, exchange, affinity, facts, picked, now);
    }
    if (!picked) return this.waitsForSlot ? null : this.#unserved(record, exchange);
    this.waitsForSlot = false;
    record.picked = picked.order;
    record.setCode(picked.order, pickedCode);
    const attempt = exchange.nextAttempt();
    attempt.server = picked;
    this.#record = attempt.decision ?? new DecisionRecord();
    attempt.decision = record;
    return picked;
  }

  /**
   * Writes down that a request got no server although it might have waited for one.
   *
   * @param why completes `every server of pool "api" that could take the request is at its limit (api-1 20/20), and `
   */
  giveUp(exchange: Exchange, strategy: Strategy, why: string): void {
    const now = this.#clock.now();
    const record = this.#record;
    record.begin(this.#roster, strategy.kind);
    record.queuedMs = exchange.queuedAt === 0 ? 0 : now - exchange.queuedAt;
    this.#note(record, exchange, now);
    this.#unserved(record, exchange);
    const full = this.#servers
      .filter(isFull)
      .map((server) => `${server.name} ${server.activeRequests}/${server.maxRequests}`);
    exchange.error = `every server of pool "${this.#roster.pool}" that could take the request is at its limit (${full.join(', ')}), and ${why}`;
    exchange.busy = true;
  }

  /**
   * What `#note` would write down of a first attempt in a pool whose servers are all well, in a fraction of the time; then the
   * candidates are the primaries. False where they are not, and nothing is noted that `#note` would not write over.
   */
  #noteWell(record: DecisionRecord): boolean {
    const servers = this.#servers;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[index]!;
      if (!server.isWell) return false;
      record.note(index, server.backup ? codes.backup : candidateCode, server.activeRequests);
    }
    return true;
  }

  /** Writes down how every server stands, and returns those a new client may be led to. */
  #note(record: DecisionRecord, exchange: Exchange, now: number): readonly Server[] {
    const servers = this.#servers;
    let primaries = 0;
    let backups = 0;
    let unreachable = 0;
    let full = 0;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[index]!;
      const reason = wasTried(exchange, server) ? 'tried' : unavailability(server, now, false);
      record.note(index, reason === null ? candidateCode : codes[reason], server.activeRequests);
      if (reason === null) {
        if (server.backup) backups += 1;
        else primaries += 1;
        if (server.unreachableAt !== 0) unreachable += 1;
      } else if (reason === 'full') full += 1;
    }
    this.sawFull = full > 0;
    // The strategy has had its say with the first attempt; of the few that follow none is spent where nobody listens.
    if (unreachable > 0 && exchange.attemptCount > 0) return this.#reachable(record, exchange, full);
    if (primaries > 0) {
      if (backups > 0) this.#standBack(record);
      return primaries === this.#primaries.length ? this.#primaries : this.#with(record, candidateCode);
    }
    if (backups > 0) return this.#with(record, candidateCode);
    return this.#lastResort(record, exchange, full);
  }

  /** Candidates that were reached when somebody last tried, primaries first; where there is none, whoever is left. */
  #reachable(record: DecisionRecord, exchange: Exchange, full: number): readonly Server[] {
    const reachable = this.#with(record, candidateCode).filter((server) => server.unreachableAt === 0);
    const primaries = reachable.filter(({ backup }) => !backup);
    if (primaries.length > 0) this.#standBack(record);
    if (reachable.length > 0) return primaries.length > 0 ? primaries : reachable;
    return this.#lastResort(record, exchange, full);
  }

  /**
   * Nobody is available. Who is only full is worth waiting for. Ejection guards against a bad server while there are better
   * ones: it must not be what empties a pool. And that nobody listens at a server is the one fact that changes without notice,
   * and that a request can look at itself without harm: where nobody does, nothing is delivered. Nor is one kept out that
   * answers its probes again, only not often enough yet. What answers them badly is not asked.
   */
  #lastResort(record: DecisionRecord, exchange: Exchange, full: number): Server[] {
    const candidates = this.#with(record, candidateCode);
    const ejected = this.#with(record, codes.ejected);
    const hopeful = this.#with(record, codes.unhealthy).filter(
      (server) => server.unreachableAt !== 0 || server.answersProbes,
    );
    const well = ejected.filter((server) => server.unreachableAt === 0 && !isFull(server));
    const others = [...candidates, ...ejected, ...hopeful].filter((server) => !isFull(server));
    if (candidates.length === 0) {
      this.waitsForSlot = full > 0 || (others.length === 0 && ejected.length + hopeful.length > 0);
      if (this.waitsForSlot) return [];
    }
    if (ejected.length === 0 && exchange.attemptCount === 0) exchange.lastResort = unservedError(record);
    let last = well.length > 0 ? well : longestAgo(others);
    // The last of all: who failed this very request, if that was long enough ago to have come back since.
    if (last.length === 0) last = this.#mayBeBack(exchange);
    record.lastResort = last.some((server) => record.code(server.order) !== candidateCode);
    for (const server of last) record.setCode(server.order, candidateCode);
    return last;
  }

  /** Servers that this request tried, the first of those that failed it longest ago and not again since. */
  #mayBeBack(exchange: Exchange): Server[] {
    const { attempts, attemptCount } = exchange;
    if (attemptCount < 2) return [];
    const now = this.#clock.now();
    for (let index = 0; index < attemptCount - 1; index++) {
      const { server, endedAt } = attempts[index]!;
      if (!server || now - endedAt < comesBackMs) break;
      if (wasTriedSince(exchange, server, index + 1) || this.#byId.get(server.id) !== server) continue;
      const reason = unavailability(server, now, false);
      const isHopeful = reason === 'unhealthy' && (server.unreachableAt !== 0 || server.answersProbes);
      if (reason === null || isHopeful) return [server];
    }
    return [];
  }

  #standBack(record: DecisionRecord): void {
    for (const server of this.#servers) {
      if (server.backup && record.code(server.order) === candidateCode)
        record.setCode(server.order, codes.backup);
    }
  }

  #with(record: DecisionRecord, code: number): Server[] {
    return this.#servers.filter((server) => record.code(server.order) === code);
  }

  /** The server the client's session is bound to, where it may be asked. */
  #ofSession(
    record: DecisionRecord,
    exchange: Exchange,
    affinity: Affinity,
    facts: RequestFacts,
    now: number,
  ): Server | null {
    // Between two attempts a session may have been ended, or the pool's affinity replaced.
    if (exchange.session === null || !affinity.holds(exchange.session)) {
      exchange.session = null;
      exchange.sessionIsNew = false;
      const found = affinity.find(facts, now);
      if (typeof found === 'string') {
        record.affinityCause = found;
        return null;
      }
      exchange.session = found;
      exchange.setCookie = affinity.use(found, facts, now) ?? exchange.setCookie;
    }
    const { session } = exchange;
    record.affinityServer = session.server.id;
    const bound = this.#byId.get(session.server.id);
    const cause = !bound ? 'removed' : wasTried(exchange, bound) ? 'tried' : unavailability(bound, now, true);
    if (bound && cause === null) {
      session.server = bound;
      record.affinity = 'kept';
      record.affinityCause = 'available';
      return bound;
    }
    record.affinityCause = cause;
    this.waitsForSlot ||= cause === 'full';
    // The other way round: whoever may not be moved does not wait for others than its own.
    if (affinity.config.onUnavailable === 'reject' && cause !== 'full' && !exchange.sessionIsNew)
      this.waitsForSlot &&= cause === 'removed';
    // A server that is gone for good cannot keep its clients out, whatever the pool does about one that is only unavailable.
    if (affinity.config.onUnavailable === 'reject' && cause !== 'removed' && !exchange.sessionIsNew)
      record.affinity = 'rejected';
    return null;
  }

  /** Binds or moves the session to what the strategy picked. */
  #remember(
    record: DecisionRecord,
    exchange: Exchange,
    affinity: Affinity,
    facts: RequestFacts,
    picked: Server,
    now: number,
  ): void {
    const session = exchange.session;
    if (!session) {
      exchange.session = affinity.bind(facts, picked, now);
      exchange.sessionIsNew = true;
      exchange.setCookie = affinity.cookieFor(exchange.session, now) ?? exchange.setCookie;
      record.affinity = 'bound';
    } else if (exchange.sessionIsNew) {
      // Its client has not heard of it yet: for it, nothing moved.
      session.server = picked;
      record.affinity = 'bound';
    } else {
      affinity.move(session, picked, moveReason(record, exchange, session.server.name), now);
      record.affinity = 'moved';
    }
  }

  #unserved(record: DecisionRecord, exchange: Exchange): null {
    this.#record = new DecisionRecord();
    if (this.#servers.length > 0 && record.affinity === null && record.affinityCause !== null)
      record.affinity = 'none';
    exchange.unserved = record;
    exchange.error = unservedError(record);
    return null;
  }
}

/** Of servers that nobody listened at, the one this is longest known of: the likeliest to be back. None of none. */
function longestAgo(servers: readonly Server[]): Server[] {
  let longest: Server | null = null;
  for (const server of servers)
    if (longest === null || server.unreachableAt < longest.unreachableAt) longest = server;
  return longest === null ? [] : [longest];
}

/** A process that was killed is not started again in less. */
const comesBackMs = 100;

function wasTried(exchange: Exchange, server: Server): boolean {
  return wasTriedSince(exchange, server, 0);
}

function wasTriedSince(exchange: Exchange, server: Server, from: number): boolean {
  for (let index = from; index < exchange.attemptCount; index++) {
    if (exchange.attempts[index]!.server === server) return true;
  }
  return false;
}

function moveReason(record: DecisionRecord, exchange: Exchange, name: string): string {
  const cause = record.affinityCause;
  if (cause === 'tried')
    return `${name} failed (${attemptWords(exchange.attempts[exchange.attemptCount - 1]!)})`;
  return `${name} is ${causeWords(cause)}`;
}

function causeWords(cause: AffinityCause | null): string {
  if (cause === 'removed') return 'not in the pool any more';
  for (const reason of unavailableReasons) if (reason === cause) return reasonWords[reason];
  return 'unavailable';
}

/** E.g. `no server of pool "api" is available: api-1 is unhealthy, api-2 is in maintenance`. */
function unservedError(record: DecisionRecord): string {
  const { pool, names, ids } = record.roster;
  if (record.affinity === 'rejected') {
    const at = record.affinityServer === null ? -1 : ids.indexOf(record.affinityServer);
    return `the session of this client is bound to ${names[at] ?? 'a server'}, which is ${causeWords(record.affinityCause)}, and pool "${pool}" rejects such clients (affinity.onUnavailable)`;
  }
  const each = names.map((name, index) => {
    const state = decisionStates[record.code(index)]!;
    return state === 'picked' || state === 'candidate' ? name : `${name} is ${reasonWords[state]}`;
  });
  return `no server of pool "${pool}" is available: ${each.join(', ')}`;
}
