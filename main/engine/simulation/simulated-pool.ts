import type { PoolConfig } from '@shared/config/schema.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { CookieCodec } from '../affinity/session-cookie.ts';
import type { Clock } from '../clock.ts';
import type { ProbeServer } from '../health/prober.ts';
import { createEventLog } from '../journal/event-log.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import { Names } from '../names.ts';
import { ServerPool } from '../pool/server-pool.ts';
import type { KeyHashReader } from '../strategy/strategy.ts';
import { Memory } from '../threads/memory.ts';

export interface SimulatedPoolOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** See `PoolDeps`. */
  readonly keyHashOf?: KeyHashReader | undefined;
  /** What a probe finds. Never rejects. */
  readonly probe: ProbeServer;
  /** Told of what happens, as it happens. */
  readonly told: (event: Omit<BallastEvent, 'sequence'>) => void;
  /** Events of one busy kind that are told one by one in a second. */
  readonly eventsPerSecond: number;
}

/** The engine's own pool on another clock, without a network: nothing in it is simulated but the servers. */
export function createSimulatedPool(config: PoolConfig, options: SimulatedPoolOptions): ServerPool {
  const { clock, random, told, probe, keyHashOf, eventsPerSecond: perSecond } = options;
  const events = createEventLog({ clock, capacity: 1, perSecond, told });
  return new ServerPool(
    config,
    {
      clock,
      random,
      events,
      codec: countingCodec(),
      limits: silentLimits,
      // Nobody connects to what a name means.
      names: new Names(clock, () => Promise.resolve(['127.0.0.1']), null),
      memory: new Memory(),
      makeRoom() {},
      probe,
      keyHashOf,
    },
    () => undefined,
  );
}

const silentLimits: LimitLog = { reached() {}, tick() {}, read: () => [] };

/** Cookies that are the same in every run: nobody is there to guess them. */
function countingCodec(): CookieCodec {
  let issued = 0;
  return {
    issue: () => `${(++issued).toString(36).padStart(20, '0')}.${'0'.repeat(22)}`,
    verify: (value) => /^\w{20}\.0{22}$/.test(value),
  };
}
