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
import type { SharedSessions } from './shared-sessions.ts';

/** One thread's handle of a session in the table; its facts stand there. */
export class SharedEntry implements SessionEntry {
  readonly slot: number;
  readonly number: number;
  readonly key: string;
  readonly #table: SharedSessions;

  constructor(table: SharedSessions, slot: number, number: number, key: string) {
    this.#table = table;
    this.slot = slot;
    this.number = number;
    this.key = key;
  }

  /** The slot still holds this session. */
  get isThere(): boolean {
    return this.#table.word(this.slot, numberAt) === this.number;
  }

  get handle(): string {
    return `s${this.number}`;
  }

  get client(): string {
    return this.#table.text(this.slot, keyBytes, clientBytes);
  }
  set client(client: string) {
    this.#table.setText(this.slot, keyBytes, clientBytes, client);
  }

  get server(): SessionServer {
    const id = this.#table.nameOf(this.#table.word(this.slot, serverAt));
    return { id, name: id.slice(id.indexOf('/') + 1) };
  }
  set server(server: SessionServer) {
    this.#table.setWord(this.slot, serverAt, this.#table.numberOf(server));
  }

  get moved(): SessionMove | null {
    const from = this.#table.word(this.slot, movedFromAt);
    if (from === 0) return null;
    const reason = this.#table.text(this.slot, keyBytes + clientBytes, reasonBytes);
    return { from: this.#table.nameOf(from), reason, at: this.#table.time(this.slot, movedAt) };
  }
  set moved(moved: SessionMove | null) {
    this.#table.setWord(
      this.slot,
      movedFromAt,
      moved === null ? 0 : this.#table.numberOf({ id: moved.from, name: '' }),
    );
    if (moved === null) return;
    this.#table.setText(this.slot, keyBytes + clientBytes, reasonBytes, moved.reason);
    this.#table.setTime(this.slot, movedAt, moved.at);
  }

  get since(): number {
    return this.#table.time(this.slot, sinceAt);
  }

  get lastUsed(): number {
    return this.#table.time(this.slot, lastUsedAt);
  }
  set lastUsed(at: number) {
    this.#table.setTime(this.slot, lastUsedAt, at);
  }

  get cookieSentAt(): number {
    return this.#table.time(this.slot, cookieSentAt);
  }
  set cookieSentAt(at: number) {
    this.#table.setTime(this.slot, cookieSentAt, at);
  }

  get hits(): number {
    return this.#table.word(this.slot, hitsAt);
  }
  set hits(hits: number) {
    this.#table.setWord(this.slot, hitsAt, hits);
  }

  /** As they are now. */
  facts(): SessionEntry {
    const { key, handle, client, server, moved, since, lastUsed, cookieSentAt, hits } = this;
    return { key, handle, client, server, moved, since, lastUsed, cookieSentAt, hits };
  }
}
