import type { PoolConfig } from '@shared/config/schema.ts';
import type { UnavailableReason } from '@shared/contract/server-values.ts';
import type { Affinity } from '../affinity/affinity.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import { candidateCode, DecisionRecord, decisionStates, pickedCode } from '../journal/decision.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { Askable, wasTried } from './askable.ts';
import { isFull } from './availability.ts';
import { Candidates } from './candidates.ts';
import type { FurtherTurns } from './further-turns.ts';
import type { Panic } from './panic.ts';
import type { PoolLimit } from './pool-limit.ts';
import type { Server } from './server.ts';
import type { SlowStart } from './slow-start.ts';
import { moveReason, unservedError } from './unserved-text.ts';

const circuitOpenCode = decisionStates.indexOf('circuit-open');

/**
 * Chooses a server for the next attempt of an exchange: who is available, what the session says, whom the strategy picks;
 * and writes the decision down. Runs once per attempt, so it allocates nothing while all servers are well.
 */
export class Chooser {
  readonly #clock: Clock;
  readonly #candidates: Candidates;
  /** Who could be asked, without choosing. */
  readonly askable: Askable;
  readonly #limit: PoolLimit;
  readonly #turns: FurtherTurns;
  /** After a `choose`: the pool stood at its own `maxRequests`. */
  sawPoolFull = false;
  /** Changes hands: the attempt gets it, and its old one is written next. */
  #record = new DecisionRecord();

  constructor(clock: Clock, slowStart: SlowStart, panic: Panic, limit: PoolLimit, turns: FurtherTurns) {
    this.#limit = limit;
    this.#turns = turns;
    this.#clock = clock;
    this.askable = new Askable(panic);
    this.#candidates = new Candidates(clock, slowStart, panic, this.askable);
  }

  /** After a `choose` that found nothing: servers were only full, so that it pays to wait. Nothing is written down then. */
  get waitsForSlot(): boolean {
    return this.#candidates.waitsForSlot;
  }
  set waitsForSlot(waits: boolean) {
    this.#candidates.waitsForSlot = waits;
  }

  /** After a `choose`: a server stood at its `maxRequests`. */
  get sawFull(): boolean {
    return this.#candidates.sawFull;
  }

  /** @param servers in configured order, their `order` set accordingly */
  arrange(config: PoolConfig, servers: readonly Server[]): void {
    this.askable.asksEjected = !config.outlierDetection.ejectLast;
    this.askable.servers = servers;
    this.#candidates.arrange(config, servers);
  }

  /** Why a server takes no new client by itself; null where it does. */
  reasonOf(server: Server, now: number): UnavailableReason | null {
    return this.askable.reasonOf(server, now, false);
  }

  /**
   * Whether `choose` would find a server for a further attempt then, so that a response may be given up for it.
   *
   * @param inMs from now @param mayWait one that is only full is as good
   */
  hasAnother(exchange: Exchange, affinity: Affinity | null, inMs: number, mayWait: boolean): boolean {
    const now = this.#clock.now();
    const { session } = exchange;
    if (affinity?.config.onUnavailable === 'reject' && session !== null && affinity.holds(session)) {
      const bound = this.#candidates.byId.get(session.server.id);
      if (bound && !exchange.sessionIsNew) {
        const reason = wasTried(exchange, bound) ? 'tried' : this.askable.reasonOf(bound, now + inMs, true);
        if (reason !== 'drained') return reason === null || (reason === 'full' && mayWait);
      }
    }
    return this.askable.hasAnother(exchange, now, now + inMs, mayWait);
  }

  /** @param ending how many of its attempts are in flight still, and end when their successor is chosen */
  choose(exchange: Exchange, strategy: Strategy, affinity: Affinity | null, ending = 0): Server | null {
    const now = this.#clock.now();
    const record = this.#record;
    record.begin(this.#candidates.roster, strategy.kind);
    record.queuedMs = exchange.queuedAt === 0 ? 0 : now - exchange.queuedAt;
    if (exchange.attemptCount === 0 && exchange.queuedAt === 0) {
      exchange.session = null;
      exchange.sessionIsNew = false;
      exchange.lastResort = null;
      exchange.poolWasFull = false;
    }
    this.sawPoolFull = this.#limit.isReachedBeside(ending);
    if (this.sawPoolFull && this.#isInVain(record, exchange, affinity, now)) {
      this.sawPoolFull = false;
      return this.#unserved(record, exchange);
    }
    if (this.sawPoolFull) {
      exchange.poolWasFull = true;
      this.waitsForSlot = true;
      return null;
    }
    if (exchange.poolWasFull) record.poolLimit = this.#limit.maxRequests;
    const candidates = this.#candidates.find(record, exchange, now);
    const facts = exchange.facts!;
    let picked: Server | null = null;
    if (affinity) picked = this.#ofSession(record, exchange, affinity, now);
    if (!picked && record.affinity !== 'rejected' && candidates.length > 0) {
      const isFurther = exchange.attemptCount > 0;
      if (isFurther) this.#turns.swap(candidates);
      picked = strategy.pick(candidates, facts, now);
      if (isFurther) this.#turns.swap(candidates);
      record.strategy = strategy.pickedBy;
      record.strategyAsked = true;
      if (record.strategy === 'hash') record.keyBits = strategy.keyHash ?? 0;
      if (exchange.isExplained) {
        for (let index = 0; index < candidates.length; index++) {
          const candidate = candidates[index]!;
          record.setSeen(candidate.order, candidate.seen);
        }
      }
      if (affinity) this.#remember(record, exchange, affinity, picked, now);
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

  /** Writes down how every server stands: to wait until the pool has room for one more would get the request nowhere. */
  #isInVain(record: DecisionRecord, exchange: Exchange, affinity: Affinity | null, now: number): boolean {
    const { lastResort } = exchange;
    const found = this.#candidates.find(record, exchange, now);
    exchange.lastResort = lastResort;
    if (found.length > 0 || this.#candidates.waitsForSlot) return false;
    // Who has a session may get further than a new client.
    return (
      affinity === null ||
      this.#candidates.servers.every((server) => {
        const reason = this.askable.reasonOf(server, now, true);
        return reason !== null && reason !== 'full';
      })
    );
  }

  /**
   * Writes down how every server stands, and how long the request waited in the queue, where it leaves without one.
   *
   * @returns who could take it
   */
  noteUnserved(exchange: Exchange, strategy: Strategy): readonly Server[] {
    const now = this.#clock.now();
    const record = this.#record;
    record.begin(this.#candidates.roster, strategy.kind);
    record.queuedMs = exchange.queuedAt === 0 ? 0 : now - exchange.queuedAt;
    const found = this.#candidates.note(record, exchange, now);
    if (found.length > 0 && this.#limit.isReached) record.poolLimit = this.#limit.maxRequests;
    this.#unserved(record, exchange);
    return found;
  }

  /**
   * Writes down that a request got no server although it might have waited for one.
   *
   * @param why completes `every server of pool "api" that could take the request is at its limit (api-1 20/20), and `, or the same
   *   of the pool
   */
  giveUp(exchange: Exchange, strategy: Strategy, why: string): void {
    const found = this.noteUnserved(exchange, strategy);
    const record = exchange.unserved!;
    const full = this.#candidates.servers.filter(
      (server) => server.adminState !== 'maintenance' && isFull(server),
    );
    // All went out while it waited: that is the reason then, and not their load.
    if (found.length === 0 && full.length === 0) return;
    exchange.busy = true;
    const { pool } = this.#candidates.roster;
    if (this.#limit.isReached) {
      const { activeRequests, maxRequests } = this.#limit;
      record.poolLimit = maxRequests;
      exchange.error = `pool "${pool}" has as many requests in flight as it may (${activeRequests}/${maxRequests}, maxRequests), and ${why}`;
      return;
    }
    if (full.length === 0) {
      exchange.error = `others wait for the servers of pool "${pool}" already, and ${why}`;
      return;
    }
    const loads = full.map(
      ({ name, activeRequests, maxRequests }) => `${name} ${activeRequests}/${maxRequests}`,
    );
    exchange.error = `every server of pool "${pool}" that could take the request is at its limit (${loads.join(', ')}), and ${why}`;
  }

  /**
   * Writes down that a request is led to no server although some may be available.
   *
   * @param why a whole sentence
   */
  shutOut(exchange: Exchange, strategy: Strategy, why: string): void {
    this.noteUnserved(exchange, strategy);
    const record = exchange.unserved!;
    record.lastResort = null;
    record.poolLimit = 0;
    for (const { order } of this.#candidates.servers)
      if (record.code(order) === candidateCode) record.setCode(order, circuitOpenCode);
    this.waitsForSlot = false;
    exchange.busy = true;
    exchange.session = null;
    exchange.sessionIsNew = false;
    exchange.lastResort = null;
    exchange.error = why;
  }

  /** The server the client's session is bound to, where it may be asked. */
  #ofSession(record: DecisionRecord, exchange: Exchange, affinity: Affinity, now: number): Server | null {
    // Between two attempts a session may have been ended, or the pool's affinity replaced.
    if (exchange.session === null || !affinity.holds(exchange.session)) {
      exchange.session = null;
      exchange.sessionIsNew = false;
      const found = affinity.find(exchange.facts!, now);
      if (typeof found === 'string') {
        record.affinityCause = found;
        return null;
      }
      exchange.session = found;
      affinity.use(found, exchange, now);
    }
    const { session } = exchange;
    record.affinityServer = session.server.id;
    const bound = this.#candidates.byId.get(session.server.id);
    const cause = !bound
      ? 'removed'
      : wasTried(exchange, bound)
        ? 'tried'
        : this.askable.reasonOf(bound, now, true);
    if (bound && cause === null) {
      session.server = bound;
      record.affinity = 'kept';
      record.affinityCause = 'available';
      return bound;
    }
    record.affinityCause = cause;
    this.waitsForSlot ||= cause === 'full';
    // A server that is gone for good cannot keep its clients out, whatever the pool does about one that is only unavailable.
    const isGone = cause === 'removed' || cause === 'drained';
    // The other way round: whoever may not be moved does not wait for others than its own.
    if (affinity.config.onUnavailable === 'reject' && cause !== 'full' && !exchange.sessionIsNew)
      this.waitsForSlot &&= isGone;
    if (affinity.config.onUnavailable === 'reject' && !isGone && !exchange.sessionIsNew)
      record.affinity = 'rejected';
    return null;
  }

  /** Binds or moves the session to what the strategy picked; a pinned one only where its server is gone. */
  #remember(
    record: DecisionRecord,
    exchange: Exchange,
    affinity: Affinity,
    picked: Server,
    now: number,
  ): void {
    const session = exchange.session;
    if (!session) {
      exchange.session = affinity.bind(exchange, picked, now);
      exchange.sessionIsNew = exchange.session !== null;
      record.affinity = exchange.session === null ? 'none' : 'bound';
    } else if (exchange.sessionIsNew) {
      // Its client has not heard of it yet: for it, nothing moved.
      session.server = picked;
      record.affinity = 'bound';
    } else if (session.server.id === picked.id) {
      // Its own server is the last resort: nothing moves.
      record.affinity = 'kept';
    } else if (session.pinned && record.affinityCause !== 'removed') {
      // Whoever pinned it said where it belongs: another server helps out, and no more.
      record.affinity = 'lent';
    } else {
      if (session.pinned) affinity.pin(session, false, `${session.server.name} is not in the pool any more`);
      affinity.move(session, picked, moveReason(record, exchange, session.server.name), now);
      record.affinity = 'moved';
    }
  }

  #unserved(record: DecisionRecord, exchange: Exchange): null {
    this.#record = new DecisionRecord();
    if (this.#candidates.servers.length > 0 && record.affinity === null && record.affinityCause !== null)
      record.affinity = 'none';
    exchange.unserved = record;
    exchange.error = unservedError(record);
    return null;
  }
}
