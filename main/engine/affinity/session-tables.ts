import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import type { ActiveAffinityConfig } from './affinity-config.ts';
import type { Sessions } from './session-entry.ts';
import { SessionNumbers } from './session-numbers.ts';
import { SessionTable } from './session-table.ts';
import { SharedSessions, sharedSessionsFor } from './shared-sessions.ts';

export interface SessionTablesDeps {
  readonly pool: string;
  readonly memory: Memory;
  /** The pool's. */
  readonly lock: Lock;
}

/**
 * The table that the sessions of a pool stand in, and the next one where their number may change: every thread goes from one to the
 * other without losing a session.
 */
export class SessionTables {
  #current: Sessions;
  /** The table of a configuration that is about to come, or that came in another thread already. */
  #next: SharedSessions | null = null;
  readonly #deps: SessionTablesDeps;

  constructor(config: ActiveAffinityConfig, deps: SessionTablesDeps) {
    this.#deps = deps;
    this.#current = deps.memory.isShared
      ? sharedSessionsFor(config, deps)
      : new SessionTable(new SessionNumbers(deps.memory));
  }

  get current(): Sessions {
    return this.#current;
  }

  /**
   * A configuration may come with room for another number of sessions: the table for it is there before any thread needs it. Sessions
   * of one thread move to where all see them once there are several.
   */
  expect(config: ActiveAffinityConfig): void {
    if (!this.#deps.memory.isShared) return;
    const next = sharedSessionsFor(config, this.#deps);
    if (this.#current instanceof SharedSessions) {
      this.#next = next;
      return;
    }
    next.restore([...this.#current]);
    this.#current = next;
  }

  /** The configuration does not come after all. */
  expectNoMore(): void {
    const next = this.#takeNext();
    if (next) this.#deps.memory.forget(next.block);
  }

  /** The configuration has come. */
  change(): void {
    const { memory } = this.#deps;
    const next = this.#takeNext();
    if (!next || !(this.#current instanceof SharedSessions)) return;
    // The other threads go on with the new table as soon as they find the old one closed.
    if (memory.thread === 0) {
      moveAll(this.#current, next);
      memory.forget(this.#current.block);
    }
    this.#current = next;
  }

  /** Thread 0 may have moved the sessions to a table that this thread was told of and has not been told to use. */
  follow(): void {
    if (this.#next === null || !(this.#current instanceof SharedSessions) || !this.#current.isClosed) return;
    this.#current = this.#next;
    this.#next = null;
  }

  /** A thread was ended in the middle of a change. */
  repair(): void {
    if (this.#current instanceof SharedSessions) this.#current.repair();
  }

  /** They are no longer wanted. */
  forget(): void {
    if (this.#current instanceof SharedSessions) this.#deps.memory.forget(this.#current.block);
  }

  /** Null where it is the current one. */
  #takeNext(): SharedSessions | null {
    const next = this.#next;
    this.#next = null;
    const isOther = this.#current instanceof SharedSessions && next?.block !== this.#current.block;
    return isOther ? next : null;
  }
}

/** Moves every session, as far as there is room for them: the pinned and the most recently used ones. */
function moveAll(from: SharedSessions, to: SharedSessions): void {
  to.restore([...from].filter(({ key }) => !to.get(key)));
  from.close();
}
