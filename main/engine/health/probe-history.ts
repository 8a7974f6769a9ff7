import type { Probe, ProbeRecord, Verdict } from '@shared/contract/server-values.ts';

/** Probes kept of each server. */
export const probesKept = 50;

/** What probes have found out about a server: counts since it is known, and the last of them. */
export class ProbeHistory {
  run = 0;
  failed = 0;
  /** Null before the first, and for a server in maintenance. */
  last: Probe | null = null;
  lastFailed: Probe | null = null;
  #ring: ProbeRecord[] = [];
  /** Place of the oldest, once the ring is full. */
  #oldest = 0;

  /** @param verdict what the server was taken for after it */
  add(probe: Probe, verdict: Verdict): void {
    this.run += 1;
    this.last = probe;
    if (!probe.succeeded) {
      this.failed += 1;
      this.lastFailed = probe;
    }
    const record = { ...probe, verdict };
    if (this.#ring.length < probesKept) this.#ring.push(record);
    else {
      this.#ring[this.#oldest] = record;
      this.#oldest = (this.#oldest + 1) % probesKept;
    }
  }

  /** Oldest first. */
  list(): ProbeRecord[] {
    return [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
  }

  /** Those that are no longer kept. */
  get forgotten(): number {
    return this.run - this.#ring.length;
  }

  /** Goes on where the history of the same process under another name ended. */
  inherit(before: ProbeHistory): void {
    this.run = before.run;
    this.failed = before.failed;
    this.last = before.last;
    this.lastFailed = before.lastFailed;
    this.#ring = before.list();
    this.#oldest = 0;
  }
}
