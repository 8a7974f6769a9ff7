import type { CircuitBreakerConfig, PoolConfig } from '@shared/config/schema.ts';
import type { EventKind } from '@shared/contract/event-values.ts';
import type { CircuitStatus } from '@shared/contract/metrics-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { Lock } from '../threads/lock.ts';
import type { Memory } from '../threads/memory.ts';
import { CircuitCells } from './circuit-cells.ts';
import { FailureRule } from './failed-attempt.ts';

export interface CircuitDeps {
  readonly pool: string;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly memory: Memory;
  readonly lock: Pick<Lock, 'acquire' | 'release'>;
  /** It has opened: whoever waits in the queue waits in vain. */
  opened(): void;
}

type Verdict = 'good' | 'failed' | 'none';

/**
 * Leaves a pool alone that fails as a whole (Nygard, "Release It!", 2007; the states are those of Polly and Resilience4j). Closed: all
 * requests pass and are counted. Too large a share failed: open, every new request gets 503 at once. After `open` half open: `trials`
 * requests pass, and no more; all of them went well: closed; one failed: open again, for longer. What a request meets, and not what
 * each attempt of it meets, is counted. All threads of the data plane have one circuit.
 */
export class CircuitBreaker {
  readonly #of: CircuitDeps;
  readonly #cells: CircuitCells;
  readonly #rule = new FailureRule();
  #pool: PoolConfig;

  /** @param name of its block of memory */
  constructor(of: CircuitDeps, config: PoolConfig, name: string) {
    this.#of = of;
    this.#cells = new CircuitCells(of.memory, name);
    this.#pool = config;
  }

  get #config(): CircuitBreakerConfig {
    return this.#pool.circuitBreaker;
  }

  get isOn(): boolean {
    return this.#config.failurePercent !== 0;
  }

  /** New requests get 503, unless they are a trial. */
  get isOpen(): boolean {
    return this.isOn && !this.#cells.isClosed;
  }

  /** Takes over a changed configuration; where it is off now, the circuit is closed. To be called under the pool's lock. */
  configure(config: PoolConfig): void {
    this.#pool = config;
    if (!this.isOn && !this.#cells.isClosed && this.#of.memory.thread === 0)
      this.#close('the circuit breaker was turned off');
  }

  /**
   * Whether a request that has not been at any server may go on; makes it a trial where that is why. Where it may not, `refusal` and
   * `retryAfterMs` say more.
   */
  admits(exchange: Exchange): boolean {
    if (!this.isOpen) return true;
    const { lock, clock } = this.#of;
    const cells = this.#cells;
    lock.acquire();
    try {
      const now = clock.now();
      this.#look(now);
      if (cells.isClosed) return true;
      if (cells.state === 'half-open') {
        if (exchange.circuitTrial === cells.generation) return true;
        if (this.#mayTry(now)) {
          exchange.circuitTrial = cells.generation;
          cells.addRunning(1);
          return true;
        }
      }
      cells.countRefused();
      return false;
    } finally {
      lock.release();
    }
  }

  /** How long a client that was refused had better wait. */
  get retryAfterMs(): number {
    const cells = this.#cells;
    return cells.state === 'open' ? Math.max(0, cells.openUntil - this.#of.clock.now()) : 0;
  }

  /** Why a request is refused, in a sentence. */
  get refusal(): string {
    const name = `the circuit of pool "${this.#of.pool}"`;
    if (this.#cells.state !== 'open')
      return `${name} is half open: its trial requests are under way, and until they have gone well no other is let through (circuitBreaker.trials: ${this.#config.trials})`;
    const seconds = Math.ceil(this.retryAfterMs / 1_000) * 1_000;
    return `${name} is open, because ${this.#because}; it is tried again in ${formatDuration(seconds)} (circuitBreaker)`;
  }

  /** A request is over, whatever came of it. */
  requestEnded(exchange: Exchange): void {
    const { circuitTrial } = exchange;
    if (!this.isOn && circuitTrial === 0) return;
    exchange.circuitTrial = 0;
    // A switched protocol was counted when it was switched; how such a connection ends tells nothing.
    if (exchange.status === 101) return;
    this.#take(exchange, circuitTrial, this.#verdictOf(exchange));
  }

  /** A request has become a tunnel, which may last as long as people like: that is success enough. */
  requestSwitched(exchange: Exchange): void {
    const { circuitTrial } = exchange;
    if (!this.isOn && circuitTrial === 0) return;
    exchange.circuitTrial = 0;
    this.#take(exchange, circuitTrial, 'good');
  }

  /** Becomes half open by the passing of time. To be called a few times a second. */
  tick(now: number): void {
    if (!this.isOpen) return;
    const { lock } = this.#of;
    lock.acquire();
    this.#look(now);
    lock.release();
  }

  /** That thread is gone, its trials with it. To be called under the pool's lock. */
  forgetThread(thread: number): void {
    this.#cells.forgetThread(thread);
  }

  /** Null where it is off. */
  status(): CircuitStatus | null {
    if (!this.isOn) return null;
    const cells = this.#cells;
    const { state } = cells;
    return {
      state,
      because: state === 'closed' ? null : this.#because,
      openUntilMs: state === 'open' ? cells.openUntilMs : null,
      trials: state === 'half-open' ? { succeeded: cells.succeeded, of: this.#config.trials } : null,
      opened: cells.openings,
      refused: cells.refused,
    };
  }

  get #because(): string {
    const { failed, ended } = this.#cells;
    if (ended === 0) return 'a trial request failed';
    return `${failed} of ${ended} requests failed within ${formatDuration(this.#config.windowMs)}`;
  }

  #take(exchange: Exchange, trial: number, verdict: Verdict): void {
    const { clock, lock } = this.#of;
    const cells = this.#cells;
    if (trial === 0 && cells.isClosed) {
      // What began before it closed tells of the trouble before.
      if (verdict === 'none' || exchange.startedAt < cells.closedAt) return;
      cells.window.add(clock.now(), this.#config.windowMs, verdict === 'failed');
      if (verdict !== 'failed') return;
    } else if (trial === 0) return;
    lock.acquire();
    try {
      if (trial !== 0) this.#trialEnded(trial, verdict);
      else if (cells.isClosed && this.isOn) this.#judge();
    } finally {
      lock.release();
    }
  }

  #judge(): void {
    const { failurePercent, minimumRequests, windowMs } = this.#config;
    const { window } = this.#cells;
    window.read(this.#of.clock.now(), windowMs);
    const { failed, ended } = window;
    if (ended >= minimumRequests && failed * 100 >= failurePercent * ended) this.#open(failed, ended);
  }

  #trialEnded(trial: number, verdict: Verdict): void {
    const cells = this.#cells;
    if (cells.state !== 'half-open' || trial !== cells.generation) return;
    cells.addRunning(-1);
    if (verdict === 'failed') {
      this.#open(0, 0);
      return;
    }
    // Of a client that went away nothing is learnt: another request takes its place.
    if (verdict === 'none') return;
    cells.succeeded += 1;
    const { trials } = this.#config;
    if (cells.succeeded >= trials)
      this.#close(trials === 1 ? 'its trial request went well' : `${trials} trial requests went well`);
  }

  /** Trials that hang must not keep the circuit from being tried: after as long as it was open others may run. */
  #mayTry(now: number): boolean {
    const cells = this.#cells;
    const { trials, openMs } = this.#config;
    if (cells.succeeded + cells.running < trials) return true;
    if (now - cells.halfOpenAt < openMs) return false;
    cells.generation += 1;
    cells.halfOpenAt = now;
    cells.forgetRunning();
    return true;
  }

  #look(now: number): void {
    const cells = this.#cells;
    if (cells.state !== 'open' || now < cells.openUntil) return;
    const { trials } = this.#config;
    cells.generation += 1;
    cells.succeeded = 0;
    cells.halfOpenAt = now;
    cells.forgetRunning();
    cells.state = 'half-open';
    const through = trials === 1 ? 'one trial request is' : `${trials} trial requests are`;
    this.#tell('circuit-half-open', 'neutral', `is half open: ${through} let through`);
  }

  #open(failed: number, ended: number): void {
    const { clock, opened } = this.#of;
    const cells = this.#cells;
    cells.inARow += 1;
    cells.countOpening();
    cells.setReason(failed, ended);
    const ms = Math.min(this.#config.openMs * cells.inARow, this.#config.maxOpenMs);
    cells.setOpenUntil(clock.now() + ms, Math.round(clock.epoch() + ms));
    cells.state = 'open';
    const again = cells.inARow > 1 ? `, for the ${ordinal(cells.inARow)} time in a row` : '';
    this.#tell(
      'circuit-opened',
      'bad',
      `is open for ${formatDuration(ms)}: ${this.#because}${again}; requests get 503`,
    );
    opened();
  }

  #close(reason: string): void {
    const cells = this.#cells;
    cells.window.clear();
    cells.inARow = 0;
    cells.closedAt = this.#of.clock.now();
    cells.state = 'closed';
    this.#tell('circuit-closed', 'good', `is closed: ${reason}`);
  }

  #tell(kind: EventKind, tone: 'good' | 'bad' | 'neutral', text: string): void {
    const { pool, events } = this.#of;
    events.add(kind, tone, `The circuit of pool ${pool} ${text}`, { pool });
  }

  /** What the request met in the end. One that no server was asked for says nothing, nor does one whose client left. */
  #verdictOf(exchange: Exchange): Verdict {
    let last: AttemptRecord | null = null;
    let failed = false;
    for (let index = 0; index < exchange.attemptCount; index++) {
      last = exchange.attempts[index]!;
      const isFailed = this.#rule.isFailed(last, this.#pool);
      if (last.outcome === 'responded' && !isFailed) return 'good';
      failed ||= isFailed;
    }
    if (last === null || last.outcome === 'client-aborted' || exchange.clientLeft) return 'none';
    return failed ? 'failed' : 'none';
  }
}

function ordinal(number: number): string {
  const ends: Record<number, string> = { 1: 'st', 2: 'nd', 3: 'rd' };
  const isTeen = Math.floor(number / 10) % 10 === 1;
  return `${number}${isTeen ? 'th' : (ends[number % 10] ?? 'th')}`;
}
