import type { StrategyKind } from '@shared/catalog/strategies.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import type { RequestFacts } from '../exchange.ts';

/** What the file says of a strategy: its kind and its options, complete. */
export type StrategyOptions = PoolConfig['strategy'];

/**
 * A server as a strategy sees it. The last fields are the strategy's own notes; they live on the server, so that
 * they follow it through every change of the configuration and are never kept by position.
 */
export interface Candidate {
  readonly id: string;
  /** The effective one at this pick: more than 0, to 1000, and a fraction while the server starts slowly. A server of weight 0 is no candidate. */
  readonly weight: number;
  readonly activeRequests: number;
  /** Place in the configuration, from 0. Changes when servers are rearranged. */
  readonly order: number;
  /** Hash of the id, 32 bits unsigned. */
  readonly seed: number;
  /** Peak EWMA of the response time in milliseconds, as it stood at `latencyAt`; 0 while nothing was measured. */
  readonly latencyMs: number;
  /** Clock's `now()` of the last measurement. */
  readonly latencyAt: number;
  /** What the strategy remembers of it between picks: whose turn it is. Shared by all threads: nothing that decides may be kept elsewhere. */
  turn: number;
  /** What the strategy saw of it at this pick: the material of the decision. Stays until the strategy writes it again; 0 at first. */
  seen: number;
}

/** Hash of the key of a request (`hashText`); null where it has none. */
export type KeyHashReader = (facts: RequestFacts) => number | null;

/** What a strategy is made with. */
export interface StrategyDeps {
  /** Four numbers for what it remembers of the pool as a whole, shared by all threads; zeros at first. */
  readonly notes: Float64Array;
  /** From 0 up to but without 1. */
  readonly random: () => number;
  /** Where requests are known by the hashes of their keys alone: that of one, null where it has none. `hash` goes by it then. */
  readonly keyHashOf?: KeyHashReader | undefined;
}

/**
 * Proposes; the pool disposes: candidates are available already. Each thread of the data plane has a strategy of its own, and all are
 * to pick as one would: what a pick depends on stands in the candidates and in the pool's notes, which are shared, and every pick
 * happens under the pool's lock.
 */
export interface Strategy {
  readonly kind: StrategyKind;
  /** Which strategy made the last pick: itself, or the one it fell back to. */
  readonly pickedBy: StrategyKind;
  /** After a pick by `hash`: the hash of the key it looked at, as a signed number. Others have none. */
  readonly keyHash?: number;
  /**
   * Picks one of `candidates`, which holds at least one, in configured order. Sets `seen` of each that it looked at. Allocates nothing.
   *
   * @param candidates the same array object always has the same servers with the same weights: what a strategy derives from them it may
   * keep as long as it is handed that array
   * @param now clock's `now()`
   */
  pick<T extends Candidate>(candidates: readonly T[], facts: RequestFacts, now: number): T;
}

/** A candidate as it was at a pick in the past, read back from a decision. */
export interface SeenCandidate {
  readonly name: string;
  readonly weight: number;
  readonly activeRequests: number;
  /** Peak EWMA of the response time in milliseconds as it stood when it was last measured; null while nothing was. */
  readonly latencyMs: number | null;
  readonly seen: number;
}

/** Tells in words what `seen` meant. Called only when somebody looks. */
export interface StrategyReasoning {
  /** What the strategy saw of one candidate, e.g. `current 5`; empty where it looked at nothing. */
  detail(candidate: SeenCandidate): string;
  /** Why `picked` won; completes `… chose api-3, `. `others` are the candidates that did not. `options`: of the pool's strategy then. */
  because(picked: SeenCandidate, others: readonly SeenCandidate[], options: StrategyOptions): string;
}
