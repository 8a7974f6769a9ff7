import type { BatchingConfig, TimeoutsConfig } from '@shared/config/schema.ts';
import { Batch, type BatchMember } from './batch.ts';
import type { BatchingRecord } from './batching-record.ts';
import type { ServerConnections } from './server-connections.ts';
import { type AwaitsTurnEnd, atTurnEnd } from './turn-end.ts';

/**
 * Collects the requests for one server that arrive in the same turn of the event loop, and sends them when the turn is over:
 * up to `depth` of them on one connection in one write. None ever goes behind a request of an earlier turn.
 */
export class Batching implements AwaitsTurnEnd {
  readonly record: BatchingRecord;
  readonly #connections: ServerConnections;
  #members: (BatchMember | null)[] = [];
  #heads: string[] = [];
  #config: BatchingConfig | null = null;
  #timeouts: TimeoutsConfig | null = null;

  constructor(connections: ServerConnections, record: BatchingRecord) {
    this.#connections = connections;
    this.record = record;
  }

  /** Takes a request in. Before this turn ends it is told how it goes, unless it is withdrawn. */
  join(member: BatchMember, head: string, config: BatchingConfig, timeouts: TimeoutsConfig): void {
    this.#config = config;
    this.#timeouts = timeouts;
    this.#members.push(member);
    this.#heads.push(head);
    if (this.#members.length === 1) atTurnEnd(this);
  }

  /** It was not sent yet, and is not to be. */
  withdraw(member: BatchMember): void {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members[at] = null;
  }

  turnEnded(): void {
    const members: BatchMember[] = [];
    const heads: string[] = [];
    for (let index = 0; index < this.#members.length; index++) {
      const member = this.#members[index]!;
      if (member === null) continue;
      members.push(member);
      heads.push(this.#heads[index]!);
    }
    const { depth, waitMs } = this.#config!;
    const timeouts = this.#timeouts!;
    this.#members = [];
    this.#heads = [];
    // Evenly: six are three and three, not four and two.
    let batches = Math.ceil(members.length / depth);
    for (let start = 0; batches > 0; batches--) {
      const end = start + Math.ceil((members.length - start) / batches);
      this.#sendBatch(members.slice(start, end), heads.slice(start, end), waitMs, timeouts);
      start = end;
    }
  }

  #sendBatch(
    members: readonly BatchMember[],
    heads: readonly string[],
    waitMs: number,
    timeouts: TimeoutsConfig,
  ): void {
    const first = members[0]!;
    if (members.length === 1) {
      first.sendAlone();
      return;
    }
    const connection = this.#connections.take(first, timeouts, true);
    for (let index = 0; index < members.length; index++)
      members[index]!.sendShared(connection, index + 1, members.length);
    connection.share(new Batch(members, heads, waitMs, this.record));
  }
}
