import type { StrategyKind } from '@shared/catalog/strategies.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import {
  type AdminState,
  adminStates,
  type UnavailableReason,
  unavailableReasons,
  type Verdict,
  verdicts,
} from '@shared/contract/server-values.ts';
import { type OutlierCause, outlierCauses } from '../health/outlier-cells.ts';

/** The servers of a pool as one configuration lists them. Never changes: records of the past point at it. */
export interface Roster {
  readonly pool: string;
  /** How the pool picks, with its options. A pick may still have fallen back to another strategy. */
  readonly strategy: PoolConfig['strategy'];
  readonly affinity: PoolConfig['affinity']['type'];
  readonly ids: readonly string[];
  readonly names: readonly string[];
  /** As configured. */
  readonly weights: readonly number[];
  readonly backups: readonly boolean[];
  /** Most requests in flight; 0 for no limit. */
  readonly maxRequests: readonly number[];
  /** 0 to 9; see `levelOf`. */
  readonly priorities: readonly number[];
}

export const emptyRoster: Roster = {
  pool: '',
  strategy: { kind: 'round-robin' },
  affinity: 'none',
  ids: [],
  names: [],
  weights: [],
  backups: [],
  maxRequests: [],
  priorities: [],
};

/** States of a server in a decision, by the number under which a record keeps them. */
export const decisionStates: readonly ['picked', 'candidate', ...UnavailableReason[]] = [
  'picked',
  'candidate',
  ...unavailableReasons,
];
export const pickedCode = 0;
export const candidateCode = 1;

/** `lent`: a pinned session stays where it is, and only this request went elsewhere. */
export type AffinityResult = 'kept' | 'bound' | 'moved' | 'lent' | 'none' | 'rejected';
/**
 * Why somebody was asked although nobody was available: `ejected`: an ejection must not be what empties a pool; `unreachable`: nobody
 * listened there, and that may have changed; `answers-probes`: the last probe went well, if not yet often enough; `failed-before`: it
 * failed this very request, long enough ago to have come back since.
 */
export type LastResort = 'ejected' | 'unreachable' | 'answers-probes' | 'failed-before';
/** Why affinity did what it did: what was missing in the request, or what was wrong with the bound server. */
export type AffinityCause =
  | 'available'
  | 'no-cookie'
  | 'new-client'
  | 'expired-cookie'
  | 'unknown-cookie'
  | 'no-app-cookie'
  | 'unknown-app-cookie'
  | 'learned'
  | 'no-header'
  | 'new-header'
  | 'removed'
  | UnavailableReason;

/**
 * What a decision notes of a server. `facts` are bits, which the server reads from its cells in one go: see `factBits`.
 */
export interface NotedServer {
  readonly facts: number;
  readonly activeRequests: number;
  /** The one that counts at this pick. */
  readonly weight: number;
  /** Peak EWMA of the time to answer; 0 while nothing was measured. */
  readonly latencyMs: number;
  /** Clock's `now()`; 0 where it is not ejected. */
  readonly ejectedUntil: number;
  /** Why it is ejected, by its place among `outlierCauses`; of no meaning where it is not. */
  readonly ejectionCause: number;
}

/** The facts of a server as bits of one number: two for the admin state, two for the verdict, one for each of the others. */
export const factBits = { adminState: 0, verdict: 2, ejected: 4, onTrial: 5, unreachable: 6 } as const;
const factsWidth = 7;

/** The same when it is read back. */
export interface ServerFacts {
  readonly adminState: AdminState;
  readonly verdict: Verdict;
  /** Its ejection was over or not, but no trial request had gone well since. */
  readonly ejected: boolean;
  /** What it was ejected for; `none` where it was not, or nobody knew. */
  readonly ejectedBecause: OutlierCause;
  /** A trial request was under way. */
  readonly onTrial: boolean;
  /** When somebody last tried, nobody listened. */
  readonly unreachable: boolean;
  /** This request had been there before. */
  readonly tried: boolean;
}

/** Of 31 bits: the state, whether it was tried, the facts, what it is ejected for, requests in flight. */
const codeBits = 5;
const codeMask = (1 << codeBits) - 1;
const triedBit = 1 << codeBits;
const factsAt = codeBits + 1;
const causeAt = factsAt + factsWidth;
const causeMask = 7;
const activeAt = causeAt + 3;
const mostActive = 2 ** (31 - activeAt) - 1;

const triedCode = decisionStates.indexOf('tried');

/** What the strategy saw, effective weight, latency, and for how much longer it was ejected. */
export const figuresPerServer = 4;
const seenAt = 0;
const weightAt = 1;
const latencyAt = 2;
const ejectedAt = 3;

/** Up to here V8 keeps a typed array's numbers beside it, so that most records are in one piece. */
const leastServers = 4;

/**
 * What was known when a server was chosen: numbers only, written on the hot path, turned into words when somebody looks.
 * Records are reused; they change hands between exchanges and journal, and are never shared.
 */
export class DecisionRecord {
  roster: Roster = emptyRoster;
  /** Which strategy picked. */
  strategy: StrategyKind = 'round-robin';
  /** Number of this pick among all of the pool, in the order in which they were made. */
  pick = 0;
  /** Place in the roster; -1 where nothing was found. */
  picked = -1;
  /** Hash of the key that `hash` picked by, as a signed number; what stands here of other picks means nothing: see `keyHash`. */
  keyBits = 0;
  /** The strategy was asked; otherwise the session alone decided, or nothing was there to choose from. */
  strategyAsked = false;
  /** No server was available, and one is asked all the same, for this reason. Null where some were. */
  lastResort: LastResort | null = null;
  /** How long ago nobody listened there, or it failed the request. */
  lastResortAgeMs = 0;
  /** For an attempt that was begun beside the one before. */
  hedge = false;
  /** The pool's own `maxRequests`, where the request met the pool at that limit; else 0. */
  poolLimit = 0;
  /** The pool was in panic: so many servers of the priority in use no operator had taken out; 0 while there was none. */
  panicReady = 0;
  /** And so many of them were available. */
  panicAvailable = 0;
  /** How long the request had waited in the queue for this; 0 where it had not. */
  queuedMs = 0;
  /** How long it had waited before that, ahead of a retry; 0 where it had not. */
  pausedMs = 0;
  /** Null where the pool has no affinity. */
  affinity: AffinityResult | null = null;
  affinityCause: AffinityCause | null = null;
  /** Id of the server the session pointed at before this decision. */
  affinityServer: string | null = null;
  #facts = new Int32Array(leastServers);
  #figures = new Float32Array(leastServers * figuresPerServer);

  /** Makes the record ready for a roster. Allocates only when that has more servers than any before. */
  begin(roster: Roster, strategy: StrategyKind): void {
    this.roster = roster;
    this.strategy = strategy;
    this.pick = 0;
    this.picked = -1;
    this.strategyAsked = false;
    this.lastResort = null;
    this.lastResortAgeMs = 0;
    this.hedge = false;
    this.poolLimit = 0;
    this.panicReady = 0;
    this.panicAvailable = 0;
    this.queuedMs = 0;
    this.pausedMs = 0;
    this.affinity = null;
    this.affinityCause = null;
    this.affinityServer = null;
    const servers = roster.ids.length;
    if (this.#facts.length < servers) {
      this.#facts = new Int32Array(servers);
      this.#figures = new Float32Array(servers * figuresPerServer);
    }
  }

  /**
   * Writes down how a server stands.
   *
   * @param now clock's `now()`
   */
  note(index: number, code: number, server: NotedServer, now: number): void {
    this.noteWell(index, code, server);
    if (code === triedCode) this.#facts[index]! |= triedBit;
    this.#figures[index * figuresPerServer + ejectedAt] = server.ejectedUntil - now;
    if (server.ejectedUntil !== 0) this.#facts[index]! |= server.ejectionCause << causeAt;
  }

  /** The same of one that is neither ejected nor was tried. What is read only of others, or written by `setSeen`, stays as it is. */
  noteWell(index: number, code: number, server: NotedServer): void {
    const active = server.activeRequests;
    this.#facts[index] =
      code | (server.facts << factsAt) | ((active < mostActive ? active : mostActive) << activeAt);
    const figures = this.#figures;
    const at = index * figuresPerServer;
    figures[at + weightAt] = server.weight;
    figures[at + latencyAt] = server.latencyMs;
  }

  /** Hash of the key that the pick went by, 32 bits without sign; null where it went by none. */
  get keyHash(): number | null {
    return this.strategyAsked && this.strategy === 'hash' ? this.keyBits >>> 0 : null;
  }

  setCode(index: number, code: number): void {
    this.#facts[index] = (this.#facts[index]! & ~codeMask) | code;
  }

  setSeen(index: number, seen: number): void {
    this.#figures[index * figuresPerServer + seenAt] = seen;
  }

  code(index: number): number {
    return this.#facts[index]! & codeMask;
  }

  facts(index: number): ServerFacts {
    const bits = this.#facts[index]!;
    const facts = bits >> factsAt;
    const has = (bit: number): boolean => ((facts >> bit) & 1) === 1;
    return {
      adminState: adminStates[(facts >> factBits.adminState) & 3]!,
      verdict: verdicts[(facts >> factBits.verdict) & 3]!,
      ejected: has(factBits.ejected),
      ejectedBecause: outlierCauses[(bits >> causeAt) & causeMask]!,
      onTrial: has(factBits.onTrial),
      unreachable: has(factBits.unreachable),
      tried: (bits & triedBit) !== 0,
    };
  }

  /** At most 32,767 are told. */
  activeRequests(index: number): number {
    return this.#facts[index]! >> activeAt;
  }

  /** What the strategy saw, to seven digits; of those it could choose from alone. */
  seen(index: number): number {
    return this.#figure(index, seenAt);
  }

  /** The one that counted at this pick. */
  effectiveWeight(index: number): number {
    return this.#figure(index, weightAt);
  }

  /** Null where nothing was measured yet. */
  latencyMs(index: number): number | null {
    return this.#figure(index, latencyAt) || null;
  }

  /** For how much longer it was ejected; not above 0 where that was over and the trial was due. Null for no ejection. */
  ejectedForMs(index: number): number | null {
    return this.facts(index).ejected ? this.#figure(index, ejectedAt) : null;
  }

  #figure(index: number, which: number): number {
    // Kept with half the digits: 0.1 is to come back as 0.1.
    return Number(this.#figures[index * figuresPerServer + which]!.toPrecision(7));
  }

  /** Writes the numbers of every server elsewhere: one in `facts`, `figuresPerServer` in `figures`, server after server. */
  copyTo(facts: Int32Array, facts0: number, figures: Float32Array, figures0: number): void {
    const count = this.roster.ids.length;
    const myFacts = this.#facts;
    for (let index = 0; index < count; index++) facts[facts0 + index] = myFacts[index]!;
    const myFigures = this.#figures;
    const figureCount = count * figuresPerServer;
    for (let index = 0; index < figureCount; index++) figures[figures0 + index] = myFigures[index]!;
  }

  /** Takes over what `copyTo` wrote; the roster is the same. */
  copyFrom(facts: Int32Array, facts0: number, figures: Float32Array, figures0: number): void {
    const count = this.roster.ids.length;
    for (let index = 0; index < count; index++) this.#facts[index] = facts[facts0 + index]!;
    for (let index = 0; index < count * figuresPerServer; index++)
      this.#figures[index] = figures[figures0 + index]!;
  }
}
