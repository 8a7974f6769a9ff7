import type { PoolConfig } from '@shared/config/schema.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { ProbeResult } from '../health/probe.ts';
import type { Server } from '../pool/server.ts';
import { type RunFigures, Tally } from './figures.ts';
import { seededRandom } from './seeded-random.ts';
import type { ServiceModel } from './service-model.ts';
import { SimulatedClients } from './simulated-client.ts';
import { createSimulatedPool } from './simulated-pool.ts';
import { SimulatedRequest, type SimulatedRun } from './simulated-request.ts';
import { createVirtualClock } from './virtual-clock.ts';

/** How often a pool forgets what is over, as in the engine. */
const tickMs = 250;
/** An answer to a probe comes this quickly. */
const probeMs = 1;

export interface ReplayOptions {
  /** Of one pool, in the order in which they arrived. */
  readonly requests: readonly RecordedRequest[];
  readonly model: ServiceModel;
  /** The pool they are led to. */
  readonly config: PoolConfig;
  readonly seed: number;
}

/**
 * Leads recorded requests through a pool with other settings: the engine's own pool, with its strategy, sessions, queue, ejections,
 * probes and retries, on a clock of its own and with servers that do what `ServiceModel` says. The same for the same seed.
 */
export async function replay({ requests, model, config, seed }: ReplayOptions): Promise<RunFigures> {
  const clock = createVirtualClock();
  const startedAt = clock.now();
  let ejections = 0;
  /** Somebody was promised something: they have to hear of it before time moves on. */
  let isAwaited = true;

  const pool = createSimulatedPool(config, {
    clock,
    random: seededRandom(seed),
    eventsPerSecond: 0,
    told: ({ kind }) => {
      if (kind === 'server-ejected') ejections += 1;
    },
    probe: (server, check) =>
      new Promise((resolve) => {
        const failure = model.failureAt(server.id, clock.now() - startedAt);
        const afterMs = failure?.outcome === 'timed-out' ? check.timeoutMs : probeMs;
        clock.after(afterMs, () => {
          isAwaited = true;
          resolve(probeResult(failure));
        });
      }),
  });
  const tally = new Tally(pool.servers.map(({ id }: Server) => id));
  let left = requests.length;
  const run: SimulatedRun = {
    clock,
    pool,
    model,
    clients: new SimulatedClients(requests, config),
    tally,
    startedAt,
    ended: () => {
      left -= 1;
    },
  };

  pool.start();
  let tickedAt = startedAt;
  let next = 0;
  while (left > 0) {
    if (isAwaited) {
      isAwaited = false;
      await settled();
    }
    const request = requests[next];
    const arrivesAt = request === undefined ? Number.POSITIVE_INFINITY : startedAt + request.arrivedMs;
    const timerAt = clock.nextAt;
    if (timerAt === Number.POSITIVE_INFINITY && request === undefined) break;
    clock.moveTo(Math.min(arrivesAt, timerAt));
    const now = clock.now();
    if (now - tickedAt >= tickMs) {
      tickedAt = now;
      pool.tick(now);
    }
    if (request !== undefined && arrivesAt < timerAt) {
      next += 1;
      new SimulatedRequest(request, next, run).begin();
    } else clock.runNext();
    // Whoever waits hears of a free slot now, not when the event loop turns: time stands still meanwhile.
    if (pool.queue.length > 0) pool.queue.run();
  }
  pool.stop();
  return tally.figures(ejections);
}

function probeResult(failure: ReturnType<ServiceModel['failureAt']>): ProbeResult {
  if (failure === null) return { succeeded: true, connected: true, ownFault: false, detail: '200' };
  const connected = failure.outcome !== 'connect-failed';
  return { succeeded: false, connected, ownFault: false, detail: failure.outcome };
}

/** Long enough for what hangs on a promise, and on a promise of that. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await null;
}
