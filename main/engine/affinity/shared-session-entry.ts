import type { Memory } from '../threads/memory.ts';
import type { SessionEntry, SessionMove, SessionServer } from './session-entry.ts';
import {
  clientBytes,
  cookieSentAt,
  hitsAt,
  keyBytes,
  lastUsedAt,
  movedAt,
  movedFromAt,
  numberAt,
  reasonBytes,
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
    return `s${this.number}`;
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

  get moved(): SessionMove | null {
    const from = this.#slots.word(this.slot, movedFromAt);
    if (from === 0) return null;
    const reason = this.#slots.text(this.slot, keyBytes + clientBytes, reasonBytes);
    return { from: this.#memory.nameOf(from), reason, at: this.#slots.time(this.slot, movedAt) };
  }
  set moved(moved: SessionMove | null) {
    this.#slots.setWord(this.slot, movedFromAt, moved === null ? 0 : this.#memory.numberOf(moved.from));
    if (moved === null) return;
    this.#slots.setText(this.slot, keyBytes + clientBytes, reasonBytes, moved.reason);
    this.#slots.setTime(this.slot, movedAt, moved.at);
  }

  get since(): number {
    return this.#slots.time(this.slot, sinceAt);
  }

  get lastUsed(): number {
    return this.#slots.time(this.slot, lastUsedAt);
  }
  set lastUsed(at: number) {
    this.#slots.setTime(this.slot, lastUsedAt, at);
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
  facts(): SessionEntry {
    const { key, handle, client, server, moved, since, lastUsed, cookieSentAt, hits } = this;
    return { key, handle, client, server, moved, since, lastUsed, cookieSentAt, hits };
  }
}
