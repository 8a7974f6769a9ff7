import type { Memory } from '../threads/memory.ts';
import {
  movesKept,
  type SessionEntry,
  type SessionFacts,
  type SessionMove,
  type SessionServer,
} from './session-entry.ts';
import { handleOf } from './session-numbers.ts';
import {
  clientBytes,
  cookieSentAt,
  hitsAt,
  keyBytes,
  lastUsedAt,
  movedAt,
  moveFromAt,
  moveTimeAt,
  moveToAt,
  numberAt,
  pinnedAt,
  reasonBytes,
  reasonsAt,
  serverAt,
  sinceAt,
} from './shared-session-layout.ts';
import type { SharedSlots } from './shared-session-slots.ts';

/** One thread's handle of a session in the table; its facts stand there. */
export class SharedEntry implements SessionEntry {
  readonly slot: number;
  readonly number: number;
  readonly key: string;
  readonly #slots: SharedSlots;
  readonly #memory: Memory;

  constructor(slots: SharedSlots, memory: Memory, slot: number, number: number, key: string) {
    this.#slots = slots;
    this.#memory = memory;
    this.slot = slot;
    this.number = number;
    this.key = key;
  }

  /** The slot still holds this session. */
  get isThere(): boolean {
    return this.#slots.word(this.slot, numberAt) === this.number;
  }

  get handle(): string {
    return handleOf(this.number);
  }

  get client(): string {
    return this.#slots.text(this.slot, keyBytes, clientBytes);
  }
  set client(client: string) {
    this.#slots.setText(this.slot, keyBytes, clientBytes, client);
  }

  get server(): SessionServer {
    const id = this.#memory.nameOf(this.#slots.word(this.slot, serverAt));
    return { id, name: id.slice(id.indexOf('/') + 1) };
  }
  set server(server: SessionServer) {
    this.#slots.setWord(this.slot, serverAt, this.#memory.numberOf(server.id));
  }

  get pinned(): boolean {
    return this.#slots.word(this.slot, pinnedAt) === 1;
  }

  get moved(): number {
    return this.#slots.word(this.slot, movedAt);
  }

  get moves(): readonly SessionMove[] {
    const { moved } = this;
    return Array.from({ length: Math.min(moved, movesKept) }, (_, index) => {
      const place = (moved - 1 - index) % movesKept;
      return {
        from: this.#memory.nameOf(this.#slots.word(this.slot, moveFromAt + place)),
        to: this.#memory.nameOf(this.#slots.word(this.slot, moveToAt + place)),
        reason: this.#slots.text(this.slot, reasonsAt + place * reasonBytes, reasonBytes),
        at: this.#slots.time(this.slot, moveTimeAt + place),
      };
    });
  }

  addMove({ from, to, reason, at }: SessionMove): void {
    const { moved } = this;
    const place = moved % movesKept;
    this.#slots.setWord(this.slot, moveFromAt + place, this.#memory.numberOf(from));
    this.#slots.setWord(this.slot, moveToAt + place, this.#memory.numberOf(to));
    this.#slots.setText(this.slot, reasonsAt + place * reasonBytes, reasonBytes, reason);
    this.#slots.setTime(this.slot, moveTimeAt + place, at);
    this.#slots.setWord(this.slot, movedAt, moved + 1);
  }

  get since(): number {
    return this.#slots.time(this.slot, sinceAt);
  }

  get lastUsed(): number {
    return this.#slots.time(this.slot, lastUsedAt);
  }

  get cookieSentAt(): number {
    return this.#slots.time(this.slot, cookieSentAt);
  }
  set cookieSentAt(at: number) {
    this.#slots.setTime(this.slot, cookieSentAt, at);
  }

  get hits(): number {
    return this.#slots.word(this.slot, hitsAt);
  }
  set hits(hits: number) {
    this.#slots.setWord(this.slot, hitsAt, hits);
  }

  /** As they are now. */
  facts(): SessionFacts {
    const { key, handle, client, server, pinned, moved, moves, since, lastUsed, cookieSentAt, hits } = this;
    return { key, handle, client, server, pinned, moved, moves, since, lastUsed, cookieSentAt, hits };
  }

  /** Writes everything but the key, the number and the places in the orders. */
  write(facts: Omit<SessionFacts, 'key' | 'handle'>): void {
    const slots = this.#slots;
    const { moves } = facts;
    // The ring's place follows from the number of the move, so the kept ones are numbered as they were.
    slots.setWord(this.slot, movedAt, facts.moved - moves.length);
    for (const move of moves.toReversed()) this.addMove(move);
    slots.setWord(this.slot, pinnedAt, facts.pinned ? 1 : 0);
    slots.setTime(this.slot, sinceAt, facts.since);
    slots.setTime(this.slot, lastUsedAt, facts.lastUsed);
    this.cookieSentAt = facts.cookieSentAt;
    this.hits = facts.hits;
    this.client = facts.client;
    this.server = facts.server;
  }
}
