import type { HealthCheckConfig } from '@shared/config/schema.ts';
import { createProber, type Prober } from '../health/prober.ts';
import type { PoolCells } from './pool-cells.ts';
import type { PoolDeps } from './pool-deps.ts';
import type { Server } from './server.ts';

/** The probers of a pool's servers. Only the first thread probes; the others ask it to. */
export class PoolProbers {
  readonly #pool: string;
  readonly #deps: PoolDeps;
  readonly #cells: PoolCells;
  readonly #probers = new Map<Server, Prober>();
  #isRunning = false;

  constructor(pool: string, deps: PoolDeps, cells: PoolCells) {
    this.#pool = pool;
    this.#deps = deps;
    this.#cells = cells;
  }

  start(): void {
    this.#isRunning = true;
    for (const prober of this.#probers.values()) prober.start();
  }

  stop(): void {
    this.#isRunning = false;
    for (const prober of this.#probers.values()) prober.stop();
  }

  /** Takes over a changed health check; the servers of before that are still there keep their verdicts. */
  configure(config: HealthCheckConfig): void {
    for (const prober of this.#probers.values()) prober.configure(config);
  }

  add(server: Server, config: HealthCheckConfig): void {
    if (this.#deps.memory.thread !== 0) return;
    this.welcome(server, config);
    const prober = createProber(server, config, { ...this.#deps, lock: this.#cells.lock });
    this.#probers.set(server, prober);
    if (this.#isRunning) prober.start();
  }

  /** A verdict that it brought along holds where it is probed on. */
  welcome(server: Server, config: HealthCheckConfig): void {
    const { clock, memory } = this.#deps;
    if (memory.thread !== 0) return;
    if (config.type === 'none') server.verdict = 'unknown';
    server.verdictSinceMs ||= Math.round(clock.epoch());
  }

  remove(server: Server): void {
    this.#probers.get(server)?.stop();
    this.#probers.delete(server);
  }

  of(server: Server): Prober | undefined {
    return this.#probers.get(server);
  }

  /** Requests have shown what the next probe would find out at its time: it is made sooner. */
  soon(server: Server): void {
    if (this.#deps.memory.thread === 0) this.#probers.get(server)?.probeSoon();
    else this.#deps.probeSoon?.(this.#pool, server.name);
  }

  /** Its address has changed. */
  now(server: Server): void {
    this.#probers.get(server)?.probeNow();
  }
}
