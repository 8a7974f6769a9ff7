import type { StrategyKind } from '@shared/catalog/strategies.ts';
import { type UnavailableReason, unavailableReasons } from '@shared/contract/values.ts';

/** The servers of a pool as one configuration lists them. Never changes: records of the past point at it. */
export interface Roster {
  readonly pool: string;
  readonly ids: readonly string[];
  readonly names: readonly string[];
  readonly weights: readonly number[];
  readonly backups: readonly boolean[];
}

/** States of a server in a decision, by the number under which a record keeps them. */
export const decisionStates: readonly ['picked', 'candidate', ...UnavailableReason[]] = [
  'picked',
  'candidate',
  ...unavailableReasons,
];
export const pickedCode = 0;
export const candidateCode = 1;

export type AffinityResult = 'kept' | 'bound' | 'moved' | 'none' | 'rejected';
/** Why affinity did what it did: what was missing in the request, or what was wrong with the bound server. */
export type AffinityCause =
  | 'available'
  | 'no-cookie'
  | 'new-client'
  | 'expired-cookie'
  | 'unknown-cookie'
  | 'removed'
  | UnavailableReason;

const empty: Roster = { pool: '', ids: [], names: [], weights: [], backups: [] };
/** Requests in flight and state in one, and what the strategy saw. */
export const numbersPerServer = 2;
/** More than there are states. */
const perRequest = 16;
/** Up to here V8 keeps a typed array's numbers beside it, so that most records are in one piece. */
const leastServers = 4;

/**
 * What was known when a server was chosen: numbers only, written on the hot path, turned into words when somebody looks.
 * Records are reused; they change hands between exchanges and journal, and are never shared.
 */
export class DecisionRecord {
  roster: Roster = empty;
  strategy: StrategyKind = 'round-robin';
  /** Number of this pick among all of the pool, in the order in which they were made. */
  pick = 0;
  /** Place in the roster; -1 where nothing was found. */
  picked = -1;
  /** The strategy was asked; otherwise the session alone decided, or nothing was there to choose from. */
  strategyAsked = false;
  /** No server was available: one that is ejected, or could not be connected to, is asked all the same. */
  lastResort = false;
  /** How long the request had waited in the queue for this; 0 where it had not. */
  queuedMs = 0;
  /** Null where the pool has no affinity. */
  affinity: AffinityResult | null = null;
  affinityCause: AffinityCause | null = null;
  /** Id of the server the session pointed at before this decision. */
  affinityServer: string | null = null;
  #numbers = new Float64Array(leastServers * numbersPerServer);

  /** Makes the record ready for a roster. Allocates only when that has more servers than any before. */
  begin(roster: Roster, strategy: StrategyKind): void {
    this.roster = roster;
    this.strategy = strategy;
    this.pick = 0;
    this.picked = -1;
    this.strategyAsked = false;
    this.lastResort = false;
    this.queuedMs = 0;
    this.affinity = null;
    this.affinityCause = null;
    this.affinityServer = null;
    const needed = roster.ids.length * numbersPerServer;
    if (this.#numbers.length < needed) this.#numbers = new Float64Array(needed);
  }

  note(index: number, code: number, activeRequests: number): void {
    const at = index * numbersPerServer;
    this.#numbers[at] = activeRequests * perRequest + code;
    this.#numbers[at + 1] = 0;
  }

  setCode(index: number, code: number): void {
    this.#numbers[index * numbersPerServer] = this.activeRequests(index) * perRequest + code;
  }

  setSeen(index: number, seen: number): void {
    this.#numbers[index * numbersPerServer + 1] = seen;
  }

  code(index: number): number {
    return this.#numbers[index * numbersPerServer]! % perRequest;
  }

  activeRequests(index: number): number {
    return Math.floor(this.#numbers[index * numbersPerServer]! / perRequest);
  }

  seen(index: number): number {
    return this.#numbers[index * numbersPerServer + 1]!;
  }

  /** The numbers of every server, one after another, `numbersPerServer` of each. */
  copyTo(numbers: Float64Array, at: number): void {
    const mine = this.#numbers;
    const count = this.roster.ids.length * numbersPerServer;
    for (let index = 0; index < count; index++) numbers[at + index] = mine[index]!;
  }

  /** Takes over what `copyTo` wrote; the roster is the same. */
  copyFrom(numbers: Float64Array, at: number): void {
    const mine = this.#numbers;
    const count = this.roster.ids.length * numbersPerServer;
    for (let index = 0; index < count; index++) mine[index] = numbers[at + index]!;
  }
}
