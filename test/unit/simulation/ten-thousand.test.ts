import { strategies, strategyKinds } from '@shared/catalog/strategies.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { replay } from '../../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';
import { recordedRequest, steadyRequests } from '../../support/recordings.ts';

const count = 10_000;
const mostCpuMs = 5_000;

/** Of forty clients; every thousandth request was cut once, and answered elsewhere. */
const requests: readonly RecordedRequest[] = steadyRequests(count, { everyMs: 4, clients: 40 }).map(
  (request, index) =>
    index % 1_000 !== 500
      ? { ...request, unwell: {} }
      : recordedRequest(
          request.arrivedMs,
          [
            { server: 'a', outcome: 'closed-before-response', durationMs: 1 },
            { server: 'b', startedAfterMs: 1 },
          ],
          { id: request.id, client: request.client, target: request.target, unwell: {} },
        ),
);

describe('10,000 requests', () => {
  it('go through every strategy as it promises, with no failure more, in less than 5 s of CPU time together', async () => {
    const servers = serversNamed({ a: 2, b: 1, c: 1 });
    const recorded = poolConfig({ servers });
    const before = process.cpuUsage();
    const model = new ServiceModel(requests, recorded.timeouts, recorded.healthCheck);
    expect(recordedFigures(requests, ['api/a', 'api/b', 'api/c'])).toMatchObject({ failed: 0, retries: 10 });
    for (const kind of strategyKinds) {
      const strategy = (kind as string) === 'hash' ? { kind, key: 'uri' } : kind;
      const config = poolConfig({ servers, strategy } as PoolInput);
      const figures = await replay({ requests, model, recorded, config, seed: 1 });
      expect(figures, kind).toMatchObject({ requests: count, failed: 0, retries: 10, ejections: 0 });
      const shares = figures.servers.map(({ share }) => share!);
      expect(shares[0]! + shares[1]! + shares[2]!, kind).toBeCloseTo(1, 9);
      // By turn the promise is kept to a request.
      const { decides, promisedShare } = strategies[kind];
      if (decides !== 'turn') continue;
      for (const [index, share] of (promisedShare === 'weight' ? [0.5, 0.25, 0.25] : [1, 1, 1]).entries())
        expect(shares[index], kind).toBeCloseTo(promisedShare === 'weight' ? share : share / 3, 2);
    }
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1_000;
    console.log(`10,000 requests, ${strategyKinds.length} strategies: ${Math.round(cpuMs)} ms of CPU time`);
    expect(cpuMs).toBeLessThan(mostCpuMs);
  }, 60_000);
});
