import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { BatchingRecord } from './batching-record.ts';
import type { ServerConnection } from './server-connection.ts';
import type { ServerUser } from './server-user.ts';
import { Unwanted } from './unwanted.ts';

/** A request that may share a connection with others. */
export interface BatchMember extends ServerUser {
  /** It is alone in its turn: it goes as if there were no batching. */
  sendAlone(): void;
  /** It goes on this connection, as number `place` (from 1) of `size`. */
  sendShared(connection: ServerConnection, place: number, size: number): void;
}

/**
 * Requests that share one connection to a server and left in one write; their responses come in the same order (RFC 9112
 * section 9.3.2). What happens to the connection concerns only the one whose turn it is. Those behind it go again, each on a
 * connection of its own, and nothing of that counts as an attempt: it was our choice to line them up.
 */
export class Batch {
  /** When the response that is due must have made progress; clock's `now()`. */
  ownDeadline = Number.POSITIVE_INFINITY;
  /** Somebody left for another connection, so responses come that nobody waits for. */
  isBroken = false;
  readonly #users: ServerUser[];
  readonly #heads: string[];
  readonly #waitMs: number;
  readonly #record: BatchingRecord;
  /** Index of the one whose turn it is. */
  #due = 0;
  #waitUntil = Number.POSITIVE_INFINITY;
  #firstAnsweredAt = 0;
  #written = false;
  #wasOverdue = false;

  /** @param waitMs how long one may wait for its turn, from when the batch is written */
  constructor(
    members: readonly ServerUser[],
    heads: readonly string[],
    waitMs: number,
    record: BatchingRecord,
  ) {
    this.#users = [...members];
    this.#heads = [...heads];
    this.#waitMs = waitMs;
    this.#record = record;
  }

  get hasFollowers(): boolean {
    return this.#due + 1 < this.#users.length;
  }

  /** All requests, to be written now. */
  takeText(now: number): string {
    this.#written = true;
    this.#waitUntil = now + this.#waitMs;
    return this.#heads.length === 1 ? this.#heads[0]! : this.#heads.join('');
  }

  /** The deadline to set where the response that is due has this one. */
  boundDeadline(own: number): number {
    this.ownDeadline = own;
    return this.hasFollowers && this.#waitUntil < own ? this.#waitUntil : own;
  }

  isOverdue(now: number): boolean {
    return this.hasFollowers && now >= this.#waitUntil;
  }

  /**
   * True once, when the time is first up: where this process itself was held up, the answers may have come meanwhile, and are
   * read before the wheel turns again.
   */
  mayHaveCome(now: number): boolean {
    if (this.#wasOverdue) return false;
    this.#wasOverdue = true;
    this.#waitUntil = now + 1;
    return true;
  }

  /** The response that was due is complete. @param more bytes follow it already */
  answered(now: number, more: boolean): void {
    if (this.#due === 0) this.#firstAnsweredAt = now;
    if (this.hasFollowers || this.isBroken) return;
    if (more) this.#record.batchFailed();
    else this.#record.batchServed(this.#users.length, now - this.#firstAnsweredAt);
  }

  /** It is the next one's turn. */
  next(): ServerUser {
    this.#due += 1;
    return this.#users[this.#due]!;
  }

  /**
   * A member wants no response any more. Returns whose response is due then, be it one to throw away; null where nobody is
   * left who waits for any.
   */
  leave(user: ServerUser, connection: ServerConnection): ServerUser | null {
    const at = this.#users.indexOf(user, this.#due);
    if (at < 0) return null;
    if (this.#written) this.#users[at] = new Unwanted(user, connection);
    else {
      this.#users.splice(at, 1);
      this.#heads.splice(at, 1);
    }
    for (let index = this.#due; index < this.#users.length; index++)
      if (!(this.#users[index] instanceof Unwanted)) return this.#users[this.#due]!;
    return null;
  }

  /** The server ends the connection with the response that is due, so the others will not be answered on it. */
  closesBehind(): void {
    if (!this.hasFollowers) return;
    this.#record.batchClosed();
    this.shed('the server closed the connection behind the response before it');
  }

  /** The turn of those behind has not come in time. */
  shedOverdue(): void {
    this.#record.batchWaited();
    const due = this.#users[this.#due];
    this.shed(`its turn on a shared connection did not come within ${formatDuration(this.#waitMs)}`);
    if (due instanceof Unwanted) due.nobodyWaits();
  }

  /** Those behind the one whose turn it is go again, each on a connection of its own. */
  shed(why: string): void {
    this.isBroken = true;
    for (const user of this.#users.splice(this.#due + 1)) user.sendApart(why);
  }

  /** The connection is gone. @param isDue no response had begun: the next was only due */
  failed(outcome: AttemptOutcome, detail: string, connection: ServerConnection, isDue: boolean): void {
    if (!this.#written) {
      for (const user of this.#users.splice(0)) user.failed(outcome, detail, connection);
      return;
    }
    const why = `the connection it shared failed: ${detail}`;
    if (this.#users.length > 1) {
      // Maybe it was closed while it was idle, which says nothing about batches.
      if (isDue && this.#due === 0 && connection.reused && !connection.sawResponse) this.#record.batchLost();
      else this.#record.batchFailed();
    }
    const user = this.#users[this.#due]!;
    // What comes behind an answer in place of the next one may be the answer's own surplus, or its end the connection's.
    if (isDue && this.#due > 0 && outcome !== 'timed-out') user.sendApart(why);
    else user.failed(outcome, detail, connection);
    this.shed(why);
  }
}
