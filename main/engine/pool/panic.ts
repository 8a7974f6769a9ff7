import type { EventLog } from '../journal/event-log.ts';
import { isHealthy } from './availability.ts';
import type { PoolCells } from './pool-cells.ts';
import type { Server } from './server.ts';

/**
 * Panic (Envoy's word): so few servers are available that what probes and failures say of the others is worth less than not to
 * overrun these few. Looked at for the level that is in use: the best one with an available server, or, where there is none, the best
 * one there is. A pool with a healthy backup therefore uses that, and does not panic.
 */
export class Panic {
  /** Percent of the level's servers that are to be available; 0: it never panics. */
  threshold = 0;
  isOn = false;
  /** The level whose servers are asked whatever their health. */
  level = 0;
  /** Of that level: servers that no operator took out, and those of them that are well. */
  ready = 0;
  available = 0;
  readonly #pool: string;
  readonly #cells: PoolCells;
  readonly #events: EventLog;

  constructor(pool: string, cells: PoolCells, events: EventLog) {
    this.#pool = pool;
    this.#cells = cells;
    this.#events = events;
  }

  /** To be called under the pool's lock: whoever sees a change first tells it. */
  look(servers: readonly Server[], now: number): void {
    this.see(servers, now);
    if (this.isOn !== this.#cells.isInPanic) this.#tell();
  }

  /** The same without a word, and without the lock: for who wants to know whom panic covers. */
  see(servers: readonly Server[], now: number): void {
    this.isOn = false;
    if (this.threshold === 0) return;
    this.#count(servers, now);
    this.isOn = this.ready > 0 && this.available * 100 < this.threshold * this.ready;
  }

  /** Every server is well, or the pool never panics. */
  calm(): void {
    if (!this.isOn && !this.#cells.isInPanic) return;
    this.isOn = false;
    if (this.#cells.isInPanic) this.#tell();
  }

  /** Whether what probes and failures say of a server is ignored. */
  covers(server: Server): boolean {
    return this.isOn && server.level === this.level;
  }

  #count(servers: readonly Server[], now: number): void {
    let bestHealthy = Number.POSITIVE_INFINITY;
    let best = Number.POSITIVE_INFINITY;
    for (const server of servers) {
      if (!isIn(server)) continue;
      if (server.level < best) best = server.level;
      if (server.level < bestHealthy && isHealthy(server, now)) bestHealthy = server.level;
    }
    this.level = bestHealthy === Number.POSITIVE_INFINITY ? best : bestHealthy;
    this.ready = 0;
    this.available = 0;
    for (const server of servers) {
      if (!isIn(server) || server.level !== this.level) continue;
      this.ready += 1;
      if (isHealthy(server, now)) this.available += 1;
    }
  }

  #tell(): void {
    const { isOn, available, ready } = this;
    this.#cells.isInPanic = isOn;
    const verb = available === 1 ? 'is' : 'are';
    if (isOn)
      this.#events.add(
        'panic-began',
        'bad',
        `Pool ${this.#pool} is in panic: ${available} of ${ready} servers ${verb} available, less than ${this.threshold} % (panicThreshold). Until more are back, requests go to all of them, whatever probes and failures say`,
        { pool: this.#pool },
      );
    else
      this.#events.add('panic-ended', 'good', `Pool ${this.#pool} is no longer in panic`, {
        pool: this.#pool,
      });
  }
}

/** Neither taken out by an operator nor without weight. */
function isIn(server: Server): boolean {
  return server.adminState === 'ready' && server.configuredWeight > 0;
}
