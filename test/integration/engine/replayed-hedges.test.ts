import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it, vi } from 'vitest';
import { type RunFigures, recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { replay } from '../../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { startLoad } from '../../support/http-client.ts';
import { type Mood, moodyServer } from '../../support/moody-server.ts';
import { oneListener, runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';
import { late, member } from '../../support/why-kit.ts';

vi.setConfig({ testTimeout: 120_000 });

const names = ['a', 'b', 'c'];
/** Requests come as fast as they are answered: by four clients, after at least so long. */
const clients = 4;
const quick: Mood = { afterMs: 10 };
const leastRequests = 200;

/**
 * Requests to an engine with three servers, of which the first has this mood; recorded, and replayed by its own settings.
 *
 * @param leastEjections they go on coming until there were so many
 */
async function both(mood: Mood, settings: Omit<PoolInput, 'servers'>, leastEjections: number) {
  const servers = await Promise.all(names.map((name) => moodyServer(name, name === 'a' ? mood : quick)));
  const pool = {
    healthCheck: { type: 'none' },
    ...settings,
    servers: servers.map((server) => member(server)),
  } as const;
  const { engine, url } = await runEngine(pool);
  const ejected = (): number =>
    engine.events.read(0, 5_000).filter(({ kind }) => kind === 'server-ejected').length;
  const load = startLoad(url, clients);
  await until('enough requests', () => load.sent >= leastRequests && ejected() >= leastEjections);
  await load.stop();
  const recording = await until('the journal to have them all', () => {
    const found = engine.journal.recorded(undefined, load.sent);
    return found.length === load.sent && found;
  });
  const ejections = ejected();
  const requests = fromFirst(recording.map(({ request }) => request));
  const config = oneListener(pool).pools[0]!;
  const model = new ServiceModel(requests, config.timeouts, config.healthCheck);
  const ids = names.map((name) => `api/${name}`);
  return {
    recorded: recordedFigures(requests, ids, ejections),
    again: await replay({ requests, model, recorded: config, config, seed: 1 }),
  };
}

/** As `ballast record` writes them. */
function fromFirst(found: readonly RecordedRequest[]): RecordedRequest[] {
  const requests = found.toSorted((one, other) => one.arrivedMs - other.arrivedMs);
  const firstAt = requests[0]!.arrivedMs;
  return requests.map((request) => ({ ...request, arrivedMs: request.arrivedMs - firstAt }));
}

const tell = (figures: RunFigures): string => JSON.stringify(figures);

describe('a replay of hedged requests by their own settings', () => {
  const hedge = { after: '60ms' };
  const rich = { attempts: 2, budgetMinPerSecond: 1_000 };
  const ejectsNobody = { outlierDetection: { consecutiveFailures: 0 } } as const;

  it.each<[string, Mood, Omit<PoolInput, 'servers'>, number]>([
    ['a slow server', { afterMs: 400 }, { ...ejectsNobody, retry: { ...rich, hedge } }, 0],
    [
      'a slow server, and a budget for some of them',
      { afterMs: 400 },
      { ...ejectsNobody, retry: { attempts: 2, budgetPercent: 10, budgetMinPerSecond: 5, hedge } },
      0,
    ],
    ['a server that hangs', late, { ...ejectsNobody, retry: { ...rich, hedge } }, 0],
    [
      'a server that hangs, is ejected, and hangs at its trials',
      late,
      {
        outlierDetection: { consecutiveFailures: 5, baseEjection: '500ms', maxEjection: '500ms' },
        retry: { ...rich, hedge },
      },
      3,
    ],
    [
      'a server that hangs, with fewer hedges than requests and a time for each attempt',
      late,
      {
        ...ejectsNobody,
        timeouts: { attempt: '500ms' },
        retry: { attempts: 2, budgetPercent: 10, budgetMinPerSecond: 5, hedge },
      },
      0,
    ],
  ])(
    '%s: shares within 4 points, attempts and failures within a tenth, ejections within one',
    async (_name, mood, settings, leastEjections) => {
      const { recorded, again } = await both(mood, settings, leastEjections);
      const told = `recorded ${tell(recorded)}\nagain ${tell(again)}`;
      for (const [index, { share, attempts, failedAttempts }] of again.servers.entries()) {
        const before = recorded.servers[index]!;
        expect(Math.abs(share! - before.share!), told).toBeLessThanOrEqual(0.04);
        expect(Math.abs(attempts - before.attempts), told).toBeLessThanOrEqual(3 + before.attempts / 10);
        expect(Math.abs(failedAttempts - before.failedAttempts), told).toBeLessThanOrEqual(
          3 + before.failedAttempts / 10,
        );
      }
      expect(Math.abs(again.retries - recorded.retries), told).toBeLessThanOrEqual(3 + recorded.retries / 10);
      expect(Math.abs(again.failed - recorded.failed), told).toBeLessThanOrEqual(3 + recorded.failed / 10);
      expect(Math.abs(again.ejections! - recorded.ejections!), told).toBeLessThanOrEqual(1);
    },
  );
});
