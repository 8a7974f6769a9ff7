import type { SavedPool } from '@shared/contract/saved-sessions.ts';
import type { CookieCodec } from '../affinity/session-cookie.ts';
import type { Clock } from '../clock.ts';
import type { ProbeServer } from '../health/prober.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { LimitLog } from '../metrics/limit-log.ts';
import type { Names } from '../names.ts';
import type { KeyHashReader } from '../strategy/strategy.ts';
import type { Memory } from '../threads/memory.ts';

/** What a pool is given. */
export interface PoolDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventLog;
  readonly codec: CookieCodec;
  readonly limits: LimitLog;
  readonly names: Names;
  /** A connection to a server is about to be opened: makes room for it where file descriptors are short. */
  readonly makeRoom: () => void;
  /** What the threads of the data plane share. */
  readonly memory: Memory;
  /** How servers are probed; over the network where it is left out. */
  readonly probe?: ProbeServer;
  /** Where requests are known by the hashes of their keys alone: what the `hash` strategy goes by. */
  readonly keyHashOf?: KeyHashReader | undefined;
  /** In the first thread: sessions of an earlier run that pools are to go on with, by pool. Whoever takes them over takes them out. */
  readonly savedSessions?: Map<string, SavedPool>;
  /** In every thread but the first, which probes: asks that one for a probe soon. */
  readonly probeSoon?: (pool: string, server: string) => void;
}
