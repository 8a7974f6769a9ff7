import { type Address, formatAddress } from '@shared/config/address.ts';
import { type ServerConfig, serverId } from '@shared/config/schema.ts';
import type { AdminState, Probe, Verdict } from '@shared/contract/values.ts';
import type { AttemptRecord } from '../exchange.ts';
import { TrafficMeter } from '../metrics/traffic-meter.ts';
import type { ServerConnections } from '../proxy/server-connections.ts';
import { hashText } from '../strategy/hash.ts';
import type { Candidate } from '../strategy/strategy.ts';

/**
 * One member of a pool. Its state is independent facts: what the operator wants, what probes say, what real traffic
 * says, and the load. Whether it takes a request follows from them, see `availability.ts`. Identity is pool, name and
 * address: everything here lives as long as a server of that identity is configured.
 */
export class Server implements Candidate {
  readonly id: string;
  readonly pool: string;
  readonly name: string;
  readonly address: Address;
  readonly addressText: string;
  readonly seed: number;

  weight = 1;
  backup = false;
  /** 0 is no limit. */
  maxRequests = 0;
  order = 0;
  turn = 0;
  seen = 0;

  adminState: AdminState = 'ready';

  verdict: Verdict = 'unknown';
  /** Since 1970. */
  verdictSinceMs = 0;
  lastProbe: Probe | null = null;
  probesRun = 0;
  probesFailed = 0;

  /** Clock's `now()`; 0 where it is not ejected. Stays set until a trial request has gone well. */
  ejectedUntil = 0;
  /** The same for a person, since 1970. */
  ejectedUntilMs: number | null = null;
  /** The attempt that finds out after an ejection whether the server is well again. */
  trial: AttemptRecord | null = null;
  timesEjected = 0;
  consecutiveFailures = 0;
  /** Clock's `now()` of the last return from ejection. */
  returnedAt = 0;

  activeRequests = 0;
  failedAttempts = 0;
  readonly traffic = new TrafficMeter();
  /** Kept-alive connections; made by the lane when it first needs one. */
  connections: ServerConnections | null = null;

  constructor(pool: string, config: ServerConfig) {
    this.pool = pool;
    this.name = config.name;
    this.id = serverId(pool, config.name);
    this.address = config.address;
    this.addressText = formatAddress(config.address);
    this.seed = hashText(this.id);
    this.configure(config, 0);
  }

  /** Takes over what may change while it lives. */
  configure(config: ServerConfig, order: number): void {
    this.weight = config.weight;
    this.backup = config.backup;
    this.maxRequests = config.maxRequests;
    this.order = order;
  }
}
