import { type ContractClient, connect } from '@shared/contract/client.ts';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import { createSamplePublisher } from '@shared/contract/sample-publisher.ts';
import { serveContract } from '@shared/contract/server.ts';
import { describe, expect, it } from 'vitest';
import { createMetricsRelay } from '../../../main/control/metrics-relay.ts';
import { until } from '../../support/until.ts';

async function engine() {
  const source = createSamplePublisher('metrics');
  const client = await served({ metrics: source });
  return { client, source, crash: () => client.close() };
}

async function served(topics: Parameters<typeof serveContract>[1]['topics']): Promise<ContractClient> {
  const [near, far] = memoryChannel();
  serveContract(near, { version: '1.0.0', grant: ['read'], topics, handlers: {}, log: () => {} });
  return connect(far);
}

const sampleOf = (atMs: number) => ({ atMs }) as Metrics;

async function kit() {
  const observed: number[] = [];
  const relay = createMetricsRelay(({ atMs }) => observed.push(atMs));
  const look = async () => {
    const looker = await served({ metrics: relay });
    const seen: number[] = [];
    return { seen, leave: looker.sample('metrics', ({ atMs }) => seen.push(atMs)) };
  };
  return { relay, observed, look };
}

describe('the relay of the metrics', () => {
  it('asks the engine for samples only while somebody looks', async () => {
    const { relay, observed, look } = await kit();
    const { client, source } = await engine();
    relay.follow(client);
    expect(source.wanted).toBe(false);
    const first = await look();
    const second = await look();
    await until('the engine is asked', () => source.wanted);
    source.publish(sampleOf(1));
    await until('the sample came', () => first.seen.length === 1 && second.seen.length === 1);
    first.leave();
    source.publish(sampleOf(2));
    await until('the sample came', () => second.seen.length === 2);
    expect(first.seen).toEqual([1]);
    second.leave();
    await until('the engine is left alone', () => !source.wanted);
    expect(observed).toEqual([1, 2]);
  });

  it('shows nobody a sample of the time before', async () => {
    const { relay, look } = await kit();
    const { client, source } = await engine();
    relay.follow(client);
    const before = await look();
    await until('the engine is asked', () => source.wanted);
    source.publish(sampleOf(1));
    await until('the sample came', () => before.seen.length === 1);
    before.leave();
    await until('the engine is left alone', () => !source.wanted);
    source.forget();
    const after = await look();
    await until('the engine is asked', () => source.wanted);
    source.publish(sampleOf(9));
    await until('the sample came', () => after.seen.length > 0);
    expect(after.seen).toEqual([9]);
  });

  it('goes on with the next engine where somebody looks', async () => {
    const { relay, look } = await kit();
    const old = await engine();
    relay.follow(old.client);
    const looker = await look();
    await until('the engine is asked', () => old.source.wanted);
    old.crash();
    const next = await engine();
    relay.follow(next.client);
    await until('the next engine is asked', () => next.source.wanted);
    next.source.publish(sampleOf(5));
    await until('the sample came', () => looker.seen.length === 1);
    expect(looker.seen).toEqual([5]);
  });

  it('asks for samples without anybody looking where that is insisted on', async () => {
    const { relay, observed } = await kit();
    const { client, source } = await engine();
    relay.insist(true);
    relay.follow(client);
    await until('the engine is asked', () => source.wanted);
    source.publish(sampleOf(3));
    await until('the sample came', () => observed.length === 1);
    relay.insist(false);
    await until('the engine is left alone', () => !source.wanted);
  });
});
