import type { Server } from './server.ts';

/**
 * Retries and hedges take turns among themselves: a pick for one must not move the turn of the first attempts. With one turn for all, and
 * one server of two that is hedged or retried every time, each further attempt would take the turn of the good one, and every
 * request would begin at the bad one. Nor may the turn just be put back: then all further attempts would go to the neighbour of
 * the bad one. All of it stands in shared cells; to be called under the pool's lock.
 */
export class FurtherTurns {
  readonly #notes: Float64Array;
  readonly #further: Float64Array;

  /** @param notes of the strategy, for first attempts @param further the same, for all others */
  constructor(notes: Float64Array, further: Float64Array) {
    this.#notes = notes;
    this.#further = further;
  }

  /** What the strategy remembers for first attempts and for further ones changes places: once before such a pick, once after it. */
  swap(candidates: readonly Server[]): void {
    for (let at = 0; at < this.#notes.length; at++) {
      const note = this.#notes[at]!;
      this.#notes[at] = this.#further[at]!;
      this.#further[at] = note;
    }
    for (let index = 0; index < candidates.length; index++) {
      const server = candidates[index]!;
      const { turn } = server;
      server.turn = server.furtherTurn;
      server.furtherTurn = turn;
    }
  }
}
