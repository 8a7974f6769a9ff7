import { formatAddress } from '@shared/config/address.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { Exchange } from '../exchange.ts';
import type { ProbeResult } from '../health/probe.ts';
import type { Server } from '../pool/server.ts';
import { type RunFigures, Tally } from './figures.ts';
import type { ModelledAttempt } from './modelled-attempt.ts';
import { seededRandom } from './seeded-random.ts';
import type { ServiceModel } from './service-model.ts';
import { SimulatedClients } from './simulated-client.ts';
import { createSimulatedPool } from './simulated-pool.ts';
import { SimulatedRequest } from './simulated-request.ts';
import type { SimulatedRun } from './simulated-run.ts';
import { SimulatedTime } from './simulated-time.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** An answer to a probe comes this quickly. */
const probeMs = 1;

export interface ReplayOptions {
  /** Of one pool, in the order in which they arrived. */
  readonly requests: readonly RecordedRequest[];
  readonly model: Pick<ServiceModel, 'attempt' | 'probeFailureAt'>;
  /** The pool as it was recorded, */
  readonly recorded: PoolConfig;
  /** and the one they are led to. */
  readonly config: PoolConfig;
  readonly seed: number;
  /** Told of what the clients of requests saw, as it happens; `now` is the virtual clock's. */
  readonly ended?: (exchange: Exchange, now: number) => void;
}

/**
 * Leads recorded requests through a pool with other settings: the engine's own pool, with its strategy, sessions, queue, ejections,
 * probes and retries, on a clock of its own and with servers that do what `ServiceModel` says. The same for the same seed.
 */
export async function replay({
  requests,
  model,
  recorded,
  config,
  seed,
  ended,
}: ReplayOptions): Promise<RunFigures> {
  const clock = createVirtualClock();
  const startedAt = clock.now();
  const clients = new SimulatedClients(requests, recorded, config);
  let ejections = 0;

  const idAt = new Map(
    config.servers.map(({ name, address }) => [formatAddress(address), serverId(config.name, name)]),
  );

  const pool = createSimulatedPool(config, {
    clock,
    random: seededRandom(seed),
    keyHashOf: clients.keyHashOf,
    eventsPerSecond: 0,
    told: ({ kind }) => {
      if (kind === 'server-ejected') ejections += 1;
    },
    probe: (check, { address }) =>
      new Promise((resolve) => {
        const failure = model.probeFailureAt(idAt.get(formatAddress(address)) ?? '', clock.now() - startedAt);
        const afterMs = failure?.outcome === 'timed-out' ? check.timeoutMs : probeMs;
        clock.after(afterMs, () => {
          time.promised();
          resolve(probeResult(failure));
        });
      }),
  });
  const time = new SimulatedTime(clock, pool);
  const tally = new Tally(pool.servers.map(({ id }: Server) => id));
  let left = requests.length;
  const run: SimulatedRun = {
    clock,
    pool,
    model,
    clients,
    tally,
    startedAt,
    observer: {
      ended: (exchange) => {
        left -= 1;
        ended?.(exchange, clock.now());
      },
    },
  };

  pool.start();
  for (const [index, request] of requests.entries()) {
    await time.passUntil(startedAt + request.arrivedMs);
    new SimulatedRequest(request, index + 1, run).begin();
    time.happened();
  }
  while (left > 0 && clock.nextAt !== Number.POSITIVE_INFINITY) await time.passUntil(clock.nextAt);
  pool.stop();
  return tally.figures(ejections);
}

function probeResult(failure: ModelledAttempt | null): ProbeResult {
  if (failure === null) return { succeeded: true, connected: true, ownFault: false, detail: '200' };
  const connected = failure.outcome !== 'connect-failed';
  return { succeeded: false, connected, ownFault: false, detail: failure.outcome };
}
