import { type ContractClient, connect, type LogBatch } from '@shared/contract/client.ts';
import { createLogPublisher } from '@shared/contract/log-publisher.ts';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import { serveContract } from '@shared/contract/server.ts';
import { describe, expect, it } from 'vitest';
import { createRequestsRelay } from '../../../main/control/requests-relay.ts';
import { requestSummary } from '../../support/request-summary.ts';
import { until } from '../../support/until.ts';

type Batch = LogBatch<RequestSummary>;

/** What an engine publishes, and whether anybody follows it. */
async function engine() {
  const source = createLogPublisher('requests', { capacity: 1_000, batch: 200 });
  const [near, far] = memoryChannel();
  serveContract(near, {
    version: '1.0.0',
    grant: ['read'],
    topics: { requests: source },
    handlers: {
      'status.get': () => ({ servers: [], listeners: [], metrics: {}, resources: {} }) as never,
    },
    log: () => {},
  });
  const client = await connect(far);
  return {
    client,
    source,
    serve(count: number) {
      for (let served = 0; served < count; served++) source.append(request(source.cursor + 1));
    },
    crash: () => client.close(),
  };
}

const request = (number: number): RequestSummary => requestSummary({ id: `r-${number}`, atMs: number });

/** Somebody who looks at the relay over a channel of its own. */
async function looker(relay: ReturnType<typeof createRequestsRelay>, since?: number) {
  const [near, far] = memoryChannel();
  serveContract(near, {
    version: '1.0.0',
    grant: ['read'],
    topics: { requests: relay },
    handlers: {},
    log: () => {},
  });
  const client: ContractClient = await connect(far);
  const batches: Batch[] = [];
  const stop = client.log('requests', (batch) => batches.push(batch), since);
  return {
    batches,
    stop,
    ids: () => batches.flatMap(({ entries }) => entries.map(({ id }) => id)),
    dropped: () => batches.reduce((sum, { dropped }) => sum + dropped, 0),
    cursor: () => batches.at(-1)?.cursor ?? 0,
  };
}

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `r-${from + at}`);

describe("the engine's log of requests, published again", () => {
  it('is not followed while nobody looks, and is as soon as somebody does', async () => {
    const { client, source, serve } = await engine();
    const relay = createRequestsRelay();
    relay.follow(client);
    serve(3);
    expect(source.wanted).toBe(false);
    const first = await looker(relay);
    const second = await looker(relay);
    await until('what was published is told', () => first.ids().length === 3 && second.ids().length === 3);
    expect(source.wanted).toBe(true);
    first.stop();
    serve(1);
    await until('what was published is told', () => second.ids().length === 4);
    expect(source.wanted).toBe(true);
    second.stop();
    await until('what was published is told', () => !source.wanted);
  });

  it('tells a newcomer the newest, and nothing of what was dropped while nobody looked', async () => {
    const { client, serve } = await engine();
    const relay = createRequestsRelay();
    relay.follow(client);
    serve(700);
    const one = await looker(relay);
    await until('what was published is told', () => one.ids().length > 0);
    expect(one.ids()).toEqual(ids(501, 700));
    expect(one.dropped()).toBe(0);
    serve(2);
    await until('what was published is told', () => one.cursor() === 702);
    expect(one.ids()).toEqual(ids(501, 702));
    expect(one.dropped()).toBe(0);
  });

  it('tells one who goes on from a cursor what was missed, whoever else looked meanwhile', async () => {
    const { client, source, serve } = await engine();
    const relay = createRequestsRelay();
    relay.follow(client);
    serve(10);
    const before = await looker(relay);
    await until('what was published is told', () => before.cursor() === 10);
    before.stop();
    await until('what was published is told', () => !source.wanted);
    serve(500);
    const again = await looker(relay, before.cursor());
    await until('what was published is told', () => again.cursor() === 510);
    expect(again.dropped()).toBe(300);
    expect(again.ids()).toEqual(ids(311, 510));
    const third = await looker(relay, 10);
    await until('what was published is told', () => third.cursor() === 510);
    expect(third.dropped()).toBe(300);
  });

  it('goes on with the next engine when one crashes, for those who look and those who come later', async () => {
    const first = await engine();
    const relay = createRequestsRelay();
    relay.follow(first.client);
    first.serve(5);
    const one = await looker(relay);
    await until('what was published is told', () => one.cursor() === 5);
    first.crash();
    const waiting = await looker(relay);
    const second = await engine();
    relay.follow(second.client);
    second.serve(2);
    await until('what was published is told', () => one.cursor() === 7 && waiting.cursor() === 7);
    expect(one.dropped()).toBe(0);
    expect(waiting.ids()).toEqual([...ids(1, 5), ...ids(1, 2)]);
    one.stop();
    waiting.stop();
    await until('what was published is told', () => !second.source.wanted);
    const late = await looker(relay);
    second.serve(1);
    await until('what was published is told', () => late.cursor() === 8);
  });

  it('lets nobody in who left while it was catching up', async () => {
    const { client, source, serve } = await engine();
    const relay = createRequestsRelay();
    relay.follow(client);
    serve(1);
    const told: unknown[] = [];
    relay.subscribe({ send: (frame) => told.push(frame), congested: () => false }).end();
    const other = await looker(relay);
    await until('what was published is told', () => other.cursor() === 1);
    expect(told).toEqual([]);
    other.stop();
    await until('what was published is told', () => !source.wanted);
  });
});
