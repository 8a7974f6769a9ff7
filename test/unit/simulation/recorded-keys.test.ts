import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../../main/engine/simulation/service-model.ts';
import { hashText } from '../../../main/engine/strategy/hash.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolConfig, poolKit, serversNamed } from '../../support/engine-kit.ts';

const servers = serversNamed({ a: 1, b: 2, c: 1, d: 3 });
const healthCheck = { type: 'none' } as const;

const hashBy = (key: string): Omit<PoolInput, 'servers'> => ({
  strategy: { kind: 'hash', key, fallback: 'round-robin' },
});

/** 120 requests of 40 users through the engine's own pool, as the journal tells them for a recording. */
async function recordingOf(input: Omit<PoolInput, 'servers'>, fails = false): Promise<RecordedRequest[]> {
  const kit = poolKit({ servers, healthCheck, ...input });
  kit.journal.resize(1_000);
  const told: RecordedRequest[] = [];
  for (let index = 0; index < 120; index++) {
    const user = `secret-${(index * 7) % 40}`;
    const exchange = kit.request({
      client: `127.0.0.${1 + (index % 30)}`,
      cookie: `theme=dark; user=${user}`,
      fields: { 'x-user': user },
    });
    exchange.target = `/orders/${index % 25}?page=${index % 9}`;
    exchange.facts = { ...exchange.facts!, target: exchange.target };
    kit.pool.choose(exchange);
    if (fails && index % 10 === 0) {
      kit.end(exchange, 'closed-before-response', 0, 'gone');
      kit.pool.choose(exchange);
    }
    await kit.clock.advance(3);
    kit.end(exchange, 'responded', 200);
    kit.journal.record(exchange, kit.clock.now());
    told.push(kit.journal.recorded(undefined, 1)[0]!.request);
  }
  const { arrivedMs: first } = told[0]!;
  return told.map((request) => ({ ...request, arrivedMs: request.arrivedMs - first }));
}

/** The server of each request, as recorded and as it comes out again. */
async function servedAgain(
  requests: readonly RecordedRequest[],
  was: Omit<PoolInput, 'servers'>,
  now = was,
): Promise<{ recorded: string[]; again: string[] }> {
  const again: string[] = [];
  const model = new ServiceModel(requests, { responseMs: 30_000 });
  await replay({
    requests,
    model,
    recorded: poolConfig({ servers, healthCheck, ...was }),
    config: poolConfig({ servers, healthCheck, ...now }),
    seed: 1,
    ended: ({ id, attempts, attemptCount }) => {
      again[id - 1] = attempts[attemptCount - 1]!.server!.id;
    },
  });
  return { recorded: requests.map(({ attempts }) => attempts.at(-1)!.server), again };
}

describe('the key of a hash', () => {
  it.each(['header:x-user', 'cookie:user'])('by %s is recorded as its hash alone', async (key) => {
    const requests = await recordingOf(hashBy(key));
    expect(requests.map((request) => request.key)).toEqual(
      requests.map((_, index) => hashText(`secret-${(index * 7) % 40}`)),
    );
    expect(JSON.stringify(requests)).not.toContain('secret');
  });

  it('is not there where the strategy went by none', async () => {
    const none = (requests: readonly RecordedRequest[]) => requests.every(({ key }) => key === null);
    expect(none(await recordingOf({ strategy: 'round-robin' }))).toBe(true);
    expect(none(await recordingOf(hashBy('header:x-other')))).toBe(true);
    const sticky = await recordingOf({ ...hashBy('header:x-user'), affinity: { type: 'client-ip' } });
    expect(sticky.filter(({ key }) => key !== null)).toHaveLength(30);
  });

  it('is that of the request also where its first attempt failed', async () => {
    const requests = await recordingOf(hashBy('header:x-user'), true);
    expect(requests[10]!.attempts).toHaveLength(2);
    expect(requests[10]!.key).toBe(hashText('secret-30'));
  });

  it.each(['header:x-user', 'cookie:user', 'path', 'uri', 'query:page', 'client-ip'])(
    'by %s leads each request of a replay to the server it had',
    async (key) => {
      const requests = await recordingOf(hashBy(key));
      const { recorded, again } = await servedAgain(requests, hashBy(key));
      expect(again).toEqual(recorded);
      expect(new Set(again).size).toBeGreaterThan(2);
    },
  );

  it('by a field goes by its hashes whatever the case it is written in', async () => {
    const requests = await recordingOf(hashBy('header:x-user'));
    const { recorded, again } = await servedAgain(requests, hashBy('header:x-user'), hashBy('header:X-User'));
    expect(again).toEqual(recorded);
  });

  it('by another field or cookie is not known: requests go by the fallback', async () => {
    const requests = await recordingOf(hashBy('header:x-user'));
    const turns = await servedAgain(requests, hashBy('header:x-user'), { strategy: 'round-robin' });
    for (const key of ['header:x-other', 'cookie:user'])
      expect((await servedAgain(requests, hashBy('header:x-user'), hashBy(key))).again).toEqual(turns.again);
  });
});
