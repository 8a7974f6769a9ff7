import type { LimitKind } from '@shared/catalog/limits.ts';
import type { Router } from '@shared/config/router.ts';
import type { ListenerLimits } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import type { Pool } from '../pool/pool.ts';
import type { Attempts } from '../proxy/attempts.ts';
import type { ReadPath } from '../sockets/lane-socket.ts';
import type { TimerWheel } from '../sockets/timer-wheel.ts';
import type { ClientConnection } from './client-connection.ts';

/** What the connections of one listener share; replaced field by field when the configuration changes. */
export interface ClientContext {
  readonly name: string;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly path: ReadPath;
  router: Router;
  limits: ListenerLimits;
  trustsForwarded: boolean;
  /** Host and port as bound: stands in for a missing Host. */
  authority: string;
  /** Connections close after the request they carry. */
  stopping: boolean;
  /** Connections whose last request was answered and whose next has not begun. */
  resting: number;
  findPool(name: string): Pool | undefined;
  nextRequestId(exchange: Exchange): void;
  finished(exchange: Exchange): void;
  responseFields(): boolean;
  /** Of connections that are gone, for those that come. */
  readonly spareAttempts: Attempts[];
  /** One of the listener's limits was reached. */
  limitReached(kind: LimitKind): void;
  /** The system gave no file descriptor for a connection to a server: true where room was made for it. */
  freeDescriptors(pool: string | null): boolean;
  readonly descriptorAdvice: string;
  closed(connection: ClientConnection): void;
}
