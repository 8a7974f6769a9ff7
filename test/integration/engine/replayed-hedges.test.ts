import { Agent } from 'node:http';
import { setTimeout as pass } from 'node:timers/promises';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it, vi } from 'vitest';
import { type RunFigures, recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { replay } from '../../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { fetchText } from '../../support/http-client.ts';
import { type Mood, moodyServer } from '../../support/moody-server.ts';
import { oneListener, runEngine } from '../../support/running-engine.ts';
import { until } from '../../support/until.ts';
import { late, member } from '../../support/why-kit.ts';

vi.setConfig({ testTimeout: 120_000 });

const names = ['a', 'b', 'c'];
const count = 200;
const everyMs = 10;

/** Requests at even distances to an engine with three servers, of which the first has this mood; recorded, and replayed by its own settings. */
async function both(mood: Mood, settings: Omit<PoolInput, 'servers'>) {
  const servers = await Promise.all(names.map((name) => moodyServer(name, name === 'a' ? mood : 'well')));
  const pool = {
    healthCheck: { type: 'none' },
    ...settings,
    servers: servers.map((server) => member(server)),
  } as const;
  const { engine, url } = await runEngine(pool);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const answers: Promise<unknown>[] = [];
  for (let index = 0; index < count; index++) {
    answers.push(fetchText(url, { agent }));
    await pass(everyMs);
  }
  await Promise.all(answers);
  agent.destroy();
  const recording = await until('the journal to have them all', () => {
    const found = engine.journal.recorded(undefined, count);
    return found.length === count && found;
  });
  const ejections = engine.events.read(0, 5_000).filter(({ kind }) => kind === 'server-ejected').length;
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
    ['a slow server', { afterMs: 400 }, { ...ejectsNobody, retry: { ...rich, hedge } }, 60],
    [
      'a slow server, and a budget for some of them',
      { afterMs: 400 },
      { ...ejectsNobody, retry: { attempts: 2, budgetPercent: 10, budgetMinPerSecond: 5, hedge } },
      400,
    ],
    ['a server that hangs', late, { ...ejectsNobody, retry: { ...rich, hedge } }, 60],
    [
      'a server that hangs, is ejected, and hangs at its trials',
      late,
      {
        outlierDetection: { consecutiveFailures: 5, baseEjection: '500ms', maxEjection: '500ms' },
        retry: { ...rich, hedge },
      },
      60,
    ],
    [
      'a server that hangs, with fewer hedges than requests and a time for each attempt',
      late,
      {
        ...ejectsNobody,
        timeouts: { attempt: '500ms' },
        retry: { attempts: 2, budgetPercent: 10, budgetMinPerSecond: 5, hedge },
      },
      500,
    ],
  ])(
    '%s: shares within 4 points, attempts within a tenth, ejections within one, times within 30 ms but for what a busy machine adds',
    async (_name, mood, settings, slowestMs) => {
      const { recorded, again } = await both(mood, settings);
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
      expect(Math.abs(again.tookP50Ms! - recorded.tookP50Ms!), told).toBeLessThanOrEqual(30);
      // Timers of the real one are late, and later on a busy machine: in a replay they are not.
      expect(again.tookP99Ms!, told).toBeLessThanOrEqual(recorded.tookP99Ms! + 30);
      expect(again.tookP99Ms!, told).toBeGreaterThanOrEqual(slowestMs);
    },
  );
});
