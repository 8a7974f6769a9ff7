import type { PoolConfig } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import {
  candidateCode,
  type DecisionRecord,
  decisionStates,
  emptyRoster,
  type Roster,
} from '../journal/decision.ts';
import { type Askable, wasTried } from './askable.ts';
import { isFull } from './availability.ts';
import type { Panic } from './panic.ts';
import type { Server } from './server.ts';
import type { SlowStart } from './slow-start.ts';
import { unservedError } from './unserved-text.ts';

const codes = Object.fromEntries(decisionStates.map((state, code) => [state, code])) as Record<
  (typeof decisionStates)[number],
  number
>;

/** Whom a request may be led to, and why nobody else: looks at every server of the pool and writes down how it stands. */
export class Candidates {
  /** After a `note` that found nobody: servers were only full, so that it pays to wait. */
  waitsForSlot = false;
  /** After a `note`: a server stood at its `maxRequests`. */
  sawFull = false;
  roster: Roster = emptyRoster;
  servers: readonly Server[] = [];
  byId: ReadonlyMap<string, Server> = new Map();
  /** Those of the best level there is: who is asked while all is well. */
  firsts: readonly Server[] = [];
  readonly #clock: Clock;
  readonly #slowStart: SlowStart;
  readonly #panic: Panic;
  readonly #askable: Askable;
  /** How each server is noted while all is well, by its place. */
  #wellCodes: readonly number[] = [];
  /** Every server takes a new client's request as long as it is well: none has a limit or no weight. */
  #isPlain = false;

  constructor(clock: Clock, slowStart: SlowStart, panic: Panic, askable: Askable) {
    this.#clock = clock;
    this.#slowStart = slowStart;
    this.#panic = panic;
    this.#askable = askable;
  }

  /** @param servers in configured order, their `order` set accordingly */
  arrange({ name, strategy, affinity }: PoolConfig, servers: readonly Server[]): void {
    this.servers = servers;
    const best = servers.reduce((least, { level }) => Math.min(least, level), Number.POSITIVE_INFINITY);
    this.firsts = servers.filter(({ level }) => level === best);
    this.#wellCodes = servers.map((server) => (server.level === best ? candidateCode : standbyCode(server)));
    this.#isPlain =
      servers.length > 0 &&
      servers.every(({ configuredWeight, maxRequests }) => configuredWeight > 0 && maxRequests === 0);
    this.byId = new Map(servers.map((server) => [server.id, server]));
    this.roster = {
      pool: name,
      strategy,
      affinity: affinity.type,
      ids: servers.map(({ id }) => id),
      names: servers.map(({ name }) => name),
      weights: servers.map(({ configuredWeight }) => configuredWeight),
      backups: servers.map(({ backup }) => backup),
      maxRequests: servers.map(({ maxRequests }) => maxRequests),
      priorities: servers.map(({ priority }) => priority),
    };
  }

  /** Those the strategy may choose from, in configured order; none where nobody is left to ask. */
  find(record: DecisionRecord, exchange: Exchange, now: number): readonly Server[] {
    this.waitsForSlot = false;
    this.sawFull = false;
    const isRising = this.#slowStart.weigh(this.servers, now);
    const isUsual =
      this.#isPlain && exchange.attemptCount === 0 && this.#noteWell(record, exchange.isExplained);
    if (isUsual) this.#panic.calm();
    const found = isUsual ? this.firsts : this.note(record, exchange, now);
    // A strategy keeps what it derives from an array: with weights that change another one is due.
    return isRising && found === this.firsts ? this.firsts.slice() : found;
  }

  /**
   * What `note` would write down of a first attempt in a pool whose servers are all well, in a fraction of the time; then the
   * candidates are those of the best level. False where they are not, and nothing is noted that `note` would not write over.
   *
   * @param isExplained whether anybody will ask for the notes
   */
  #noteWell(record: DecisionRecord, isExplained: boolean): boolean {
    const servers = this.servers;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[index]!;
      if (!server.isWell) return false;
      if (isExplained) record.noteWell(index, this.#wellCodes[index]!, server);
    }
    return true;
  }

  /** Writes down how every server stands, and returns those a new client may be led to. */
  note(record: DecisionRecord, exchange: Exchange, now: number): readonly Server[] {
    const servers = this.servers;
    this.#panic.look(servers, now);
    record.panicReady = this.#panic.isOn ? this.#panic.ready : 0;
    record.panicAvailable = this.#panic.available;
    let level = Number.POSITIVE_INFINITY;
    let candidates = 0;
    let best = 0;
    let unreachable = 0;
    let full = 0;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[index]!;
      const reason = wasTried(exchange, server) ? 'tried' : this.#askable.reasonOf(server, now, false);
      record.note(index, reason === null ? candidateCode : codes[reason], server, now);
      if (reason === null) {
        candidates += 1;
        if (server.level < level) {
          level = server.level;
          best = 0;
        }
        if (server.level === level) best += 1;
        if (server.unreachableAt !== 0) unreachable += 1;
      } else if (reason === 'full') full += 1;
    }
    this.sawFull = full > 0;
    // The strategy has had its say with the first attempt; of the few that follow none is spent where nobody listens.
    if (unreachable > 0 && exchange.attemptCount > 0) return this.#reachable(record, exchange, full);
    if (candidates === 0) return this.#lastResort(record, exchange, full);
    if (candidates > best) this.#standBack(record, level);
    const isFirst = level === this.firsts[0]!.level && best === this.firsts.length;
    return isFirst ? this.firsts : this.#with(record, candidateCode);
  }

  /** Candidates that were reached when somebody last tried, of the best level; where there is none, whoever is left. */
  #reachable(record: DecisionRecord, exchange: Exchange, full: number): readonly Server[] {
    const reachable = this.#with(record, candidateCode).filter((server) => server.unreachableAt === 0);
    if (reachable.length === 0) return this.#lastResort(record, exchange, full);
    const level = Math.min(...reachable.map((server) => server.level));
    this.#standBack(record, level);
    return reachable.filter((server) => server.level === level);
  }

  /**
   * Nobody is available. Who is only full is worth waiting for. Ejection guards against a bad server while there are better
   * ones: it must not be what empties a pool. And that nobody listens at a server is the one fact that changes without notice,
   * and that a request can look at itself without harm: where nobody does, nothing is delivered. Nor is one kept out that
   * answers its probes again, only not often enough yet. What answers them badly is not asked, nor who is to take no new clients.
   * ADR 0010, rule 3; the decision tells which of these it was.
   */
  #lastResort(record: DecisionRecord, exchange: Exchange, full: number): Server[] {
    const candidates = this.#with(record, candidateCode);
    const ejected = this.#lastWith(record, 'ejected');
    const hopeful = this.#lastWith(record, 'unhealthy');
    const well = ejected.filter((server) => server.unreachableAt === 0 && !isFull(server));
    const others = [...candidates, ...ejected, ...hopeful].filter((server) => !isFull(server));
    if (candidates.length === 0) {
      this.waitsForSlot = full > 0 || (others.length === 0 && ejected.length + hopeful.length > 0);
      if (this.waitsForSlot) return [];
    }
    if (ejected.length === 0 && exchange.attemptCount === 0) exchange.lastResort = unservedError(record);
    const now = this.#clock.now();
    let last = well.length > 0 ? well : longestAgo(others);
    const [first] = last;
    if (first && record.code(first.order) !== candidateCode) {
      const { unreachableAt } = first;
      if (unreachableAt !== 0) record.lastResortAgeMs = now - unreachableAt;
      record.lastResort =
        unreachableAt !== 0 ? 'unreachable' : well.length > 0 ? 'ejected' : 'answers-probes';
    }
    // The last of all: who failed this very request, if that was long enough ago to have come back since.
    if (last.length === 0) last = this.#mayBeBack(record, exchange, now);
    for (const server of last) record.setCode(server.order, candidateCode);
    return last;
  }

  #mayBeBack(record: DecisionRecord, exchange: Exchange, now: number): Server[] {
    const attempt = this.#askable.mayBeBack(exchange, now);
    if (attempt === null) return [];
    record.lastResort = 'failed-before';
    record.lastResortAgeMs = now - attempt.endedAt;
    return [attempt.server!];
  }

  /** Candidates of a worse level are not asked. */
  #standBack(record: DecisionRecord, level: number): void {
    for (const server of this.servers) {
      if (server.level > level && record.code(server.order) === candidateCode)
        record.setCode(server.order, standbyCode(server));
    }
  }

  #with(record: DecisionRecord, code: number): Server[] {
    return this.servers.filter((server) => record.code(server.order) === code);
  }

  /** Those out for that reason that are the last resort. */
  #lastWith(record: DecisionRecord, reason: 'ejected' | 'unhealthy'): Server[] {
    return this.#with(record, codes[reason]).filter((server) => this.#askable.isLastResort(server, reason));
  }
}

function standbyCode({ backup }: Server): number {
  return backup ? codes.backup : codes.priority;
}

/** Of servers that nobody listened at, the one this is longest known of: the likeliest to be back. None of none. */
function longestAgo(servers: readonly Server[]): Server[] {
  let longest: Server | null = null;
  for (const server of servers)
    if (longest === null || server.unreachableAt < longest.unreachableAt) longest = server;
  return longest === null ? [] : [longest];
}
