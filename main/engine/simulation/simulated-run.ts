import type { Clock } from '../clock.ts';
import type { AttemptRecord, Exchange } from '../exchange.ts';
import type { ServerPool } from '../pool/server-pool.ts';
import type { Tally } from './figures.ts';
import type { ServiceModel } from './service-model.ts';
import type { SimulatedClients } from './simulated-client.ts';

/** Sees what becomes of the requests of a run. */
export interface RunObserver {
  /** A server was chosen, and has not been asked yet. */
  picked?(exchange: Exchange, attempt: AttemptRecord): void;
  attemptEnded?(exchange: Exchange, attempt: AttemptRecord): void;
  ended(exchange: Exchange): void;
}

/** What the requests of a simulated run share. */
export interface SimulatedRun {
  readonly clock: Clock;
  readonly pool: ServerPool;
  /** What comes of an attempt. */
  readonly model: Pick<ServiceModel, 'attempt'>;
  readonly clients: SimulatedClients;
  readonly tally: Tally;
  /** The clock's `now()` at the beginning of the recording. */
  readonly startedAt: number;
  readonly observer: RunObserver;
}
