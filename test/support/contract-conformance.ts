import type { Channel } from '@shared/contract/channel.ts';
import { connect, type LogBatch } from '@shared/contract/client.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { RequestSummary } from '@shared/contract/request-values.ts';
import type { ServeOptions } from '@shared/contract/server.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createServed,
  event,
  generator,
  listener,
  metrics,
  request,
  type Served,
} from './served-contract.ts';
import { until } from './until.ts';

/** Two connected ends of the channel under test. */
export interface ChannelPair {
  readonly caller: Channel;
  readonly answerer: Channel;
  dispose(): Promise<void> | void;
}

/** What every kind of channel must do alike: the contract works over it, whatever carries the frames. */
export function describeConformance(name: string, makePair: () => Promise<ChannelPair>): void {
  describe(`contract over ${name}`, () => {
    const pairs: ChannelPair[] = [];
    let served: Served;
    const pair = async (): Promise<ChannelPair> => {
      const made = await makePair();
      pairs.push(made);
      return made;
    };
    /** A caller that was let in. */
    const caller = async (grant: ServeOptions['grant'] = ['read', 'operate', 'edit']) => {
      const made = await pair();
      served.over(made.answerer, grant);
      return { ...made, client: await connect(made.caller, { token: 'right' }) };
    };

    beforeEach(() => {
      served = createServed();
    });
    afterEach(async () => {
      await Promise.all(pairs.splice(0).map((each) => each.dispose()));
    });

    it('welcomes with version and capabilities', async () => {
      const { client } = await caller(['read']);
      expect(client.version).toBe('1.2.3');
      expect(client.capabilities).toEqual(['read']);
    });

    it('answers a command with its result', async () => {
      const { client } = await caller();
      const status = await client.call('generator.set', { running: true, ratePerSecond: 7 });
      expect(status).toEqual({ running: true, ratePerSecond: 7, url: null, sent: 0, failed: 0 });
    });

    it('fills in defaults before the handler sees the parameters', async () => {
      const { client } = await caller();
      await client.call('event.list', {});
      expect(served.seen.at(-1)).toEqual({ limit: 100 });
    });

    it('answers commands in the order in which they are done, not asked', async () => {
      const { client } = await caller();
      const done: string[] = [];
      const slow = client.call('server.start', { pool: 'api', server: 'a' }).then(() => done.push('slow'));
      await client.call('event.list', {}).then(() => done.push('quick'));
      served.finishStart();
      await slow;
      expect(done).toEqual(['quick', 'slow']);
    });

    it('carries a refusal with code, message and problems', async () => {
      const { client } = await caller();
      const refused = await failure(client.call('server.kill', { pool: 'api', server: 'a' }));
      expect(refused).toMatchObject({
        code: 'invalid-config',
        message: 'it is wrong',
        problems: [{ path: ['pools', 0], message: 'here', line: 3, column: 5 }],
      });
    });

    it('refuses wrong parameters and says which', async () => {
      const { client } = await caller();
      const refused = await failure(
        client.call('server.set-weight', { pool: 'api', server: 'a', weight: -1 }),
      );
      expect(refused.code).toBe('invalid-params');
      expect(refused.message).toContain('weight');
    });

    it('refuses unknown commands, those of Object.prototype included', async () => {
      const { client } = await caller();
      for (const unknown of ['no.such', 'toString', '__proto__', 'constructor']) {
        expect((await failure(client.call(unknown as never, {} as never))).code).toBe('unknown-command');
      }
    });

    it('refuses what nobody answers here', async () => {
      const { client } = await caller();
      expect((await failure(client.call('pool.remove', { pool: 'api' }))).code).toBe('unsupported');
    });

    it('refuses what the capability does not cover', async () => {
      const { client } = await caller(['read']);
      const refused = await failure(client.call('generator.set', { running: true }));
      expect(refused.code).toBe('not-allowed');
      expect(refused.message).toContain('operate');
      expect(served.seen).toEqual([]);
    });

    it('tells nothing of an unexpected error but that there was one', async () => {
      const { client } = await caller();
      const refused = await failure(client.call('config.undo', {}));
      expect(refused.code).toBe('internal');
      expect(refused.message).not.toContain('secret');
      expect(served.logged.join()).toContain('secret');
      expect(await client.call('event.list', {})).toBeDefined();
    });

    it('sends a state as a snapshot, then its changes in order', async () => {
      const { client } = await caller();
      served.system.set('generator', generator(1));
      const seen: unknown[] = [];
      client.state('system', {
        onSnapshot: (entries) => seen.push(['snapshot', ...entries]),
        onChange: (set, removed) => seen.push(['change', set, removed]),
      });
      await until('snapshot', () => seen.length === 1);
      for (const ratePerSecond of [2, 3]) {
        served.system.set('generator', generator(ratePerSecond));
        await Promise.resolve();
      }
      served.system.remove('generator');
      await until('changes', () => seen.length === 4);
      expect(seen).toEqual([
        ['snapshot', ['generator', generator(1)]],
        ['change', [['generator', generator(2)]], []],
        ['change', [['generator', generator(3)]], []],
        ['change', [], ['generator']],
      ]);
    });

    it('gives a late subscriber the present state and not its history', async () => {
      const { client } = await caller();
      served.listeners.set('web', listener('web', 1));
      served.listeners.set('admin', listener('admin', 1));
      await Promise.resolve();
      served.listeners.remove('admin');
      served.listeners.set('web', listener('web', 2));
      const seen: unknown[] = [];
      client.state('listeners', {
        onSnapshot: (entries) => seen.push(entries),
        onChange: (...change) => seen.push(change),
      });
      await until('snapshot', () => seen.length === 1);
      await client.call('event.list', {}); // nothing else is on its way
      expect(seen).toEqual([[['web', listener('web', 2)]]]);
    });

    it('keeps one sample in flight and skips to the latest', async () => {
      const made = await pair();
      served.over(made.answerer, ['read']);
      const frames: { type: string; sequence?: number; value?: Metrics }[] = [];
      made.caller.onFrame((frame) => frames.push(frame as never));
      made.caller.send({ type: 'hello', protocol: 1 });
      made.caller.send({ type: 'subscribe', id: 1, topic: 'metrics' });
      await until('subscribed', () => frames.some(({ type }) => type === 'result'));
      for (const atMs of [1, 2, 3]) served.metrics.publish(metrics(atMs));
      const samples = () => frames.filter(({ type }) => type === 'sample');
      await until('first sample', () => samples().length === 1);
      made.caller.send({ type: 'command', id: 2, name: 'event.list', params: {} });
      await until('an answer behind it', () => frames.some(({ type }, at) => type === 'result' && at > 1));
      expect(samples().map(({ value }) => value?.atMs)).toEqual([1]);
      made.caller.send({ type: 'ack', topic: 'metrics', sequence: samples()[0]!.sequence });
      await until('second sample', () => samples().length === 2);
      expect(samples().map(({ value }) => value?.atMs)).toEqual([1, 3]);
    });

    it('sends a log from its newest entries, then as it grows', async () => {
      const { client } = await caller();
      for (let index = 1; index <= 3; index++) served.events.append(event(index));
      const batches: LogBatch<BallastEvent>[] = [];
      client.log('events', (batch) => batches.push(batch));
      await until('first batch', () => batches.length === 1);
      served.events.append(event(4));
      served.events.append(event(5));
      await until('second batch', () => batches.length === 2);
      expect(batches.map(({ entries }) => entries.map(({ sequence }) => sequence))).toEqual([
        [1, 2, 3],
        [4, 5],
      ]);
      expect(batches.map(({ cursor }) => cursor)).toEqual([3, 5]);
    });

    it('goes on from a cursor and counts what is no longer kept', async () => {
      const { client } = await caller();
      for (let index = 1; index <= 15; index++) served.events.append(event(index)); // the ring holds 10
      const batches: LogBatch<BallastEvent>[] = [];
      client.log('events', (batch) => batches.push(batch), 2);
      await until('batch', () => batches.length === 1);
      expect(batches[0]).toMatchObject({ cursor: 15, dropped: 3 });
      expect(batches[0]!.entries.map(({ sequence }) => sequence)).toEqual([
        6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
      ]);
    });

    it('counts what came faster than a batch carries', async () => {
      const { client } = await caller();
      const batches: LogBatch<RequestSummary>[] = [];
      client.log('requests', (batch) => batches.push(batch), 0);
      await client.call('event.list', {});
      for (let index = 1; index <= 8; index++) served.requests.append(request(index));
      await until('batch', () => batches.length === 1);
      expect(batches[0]).toMatchObject({ cursor: 8, dropped: 3 });
      expect(batches[0]!.entries.map(({ id }) => id)).toEqual(['4', '5', '6', '7', '8']);
    });

    it('refuses unknown topics', async () => {
      const made = await pair();
      served.over(made.answerer, ['read']);
      const frames: unknown[] = [];
      made.caller.onFrame((frame) => frames.push(frame));
      made.caller.send({ type: 'hello', protocol: 1 });
      made.caller.send({ type: 'subscribe', id: 1, topic: 'constructor' });
      made.caller.send({ type: 'subscribe', id: 2, topic: 'config' }); // known, but nobody publishes it here
      await until('both answers', () => frames.length === 3);
      expect(frames.slice(1)).toMatchObject([
        { type: 'refusal', id: 1, error: { code: 'unknown-topic' } },
        { type: 'refusal', id: 2, error: { code: 'unknown-topic' } },
      ]);
    });

    it('stops sending what was unsubscribed', async () => {
      const { client } = await caller();
      const seen: unknown[] = [];
      const unsubscribe = client.log('events', (batch) => seen.push(batch), 0);
      served.events.append(event(1));
      await until('first batch', () => seen.length === 1);
      unsubscribe();
      await client.call('event.list', {});
      served.events.append(event(2));
      await client.call('event.list', {});
      expect(seen).toHaveLength(1);
      expect(served.events.wanted).toBe(false);
    });

    it('forgets the subscriptions of a caller that has gone', async () => {
      const { client } = await caller();
      client.log('events', () => {}, 0);
      client.sample('metrics', () => {});
      await until('subscribed', () => served.events.wanted && served.metrics.wanted);
      client.close();
      await until('forgotten', () => !served.events.wanted && !served.metrics.wanted);
    });

    it('lets a token in, and turns a wrong or missing one away', async () => {
      const grant = (token: string | undefined) => (token === 'right' ? (['read'] as const) : null);
      const { client } = await caller(grant);
      expect(client.capabilities).toEqual(['read']);
      for (const options of [{ token: 'wrong' }, {}]) {
        const made = await pair();
        served.over(made.answerer, grant);
        const refused = await failure(connect(made.caller, options));
        expect(refused.code).toBe('unavailable');
      }
    });

    it('closes the channel whose first frame is no hello, before anything is answered', async () => {
      const { answerer, caller: end } = await pair();
      served.over(answerer, ['read']);
      const frames: unknown[] = [];
      end.onFrame((frame) => frames.push(frame));
      end.send({ type: 'command', id: 1, name: 'event.list', params: {} });
      await closing(end);
      expect(frames).toEqual([]);
      expect(served.seen).toEqual([]);
    });

    it('closes the channel of a caller that speaks another protocol', async () => {
      const { answerer, caller: end } = await pair();
      served.over(answerer, ['read']);
      end.send({ type: 'hello', protocol: 2 });
      await closing(end);
    });

    it.each([
      ['no object', 'hello again'],
      ['an unknown type', { type: 'shout' }],
      ['a missing id', { type: 'command', name: 'event.list', params: {} }],
      ['an id that is no number', { type: 'command', id: 'x', name: 'event.list', params: {} }],
      ['a field too many', { type: 'unsubscribe', topic: 'events', extra: 1 }],
      ['a second hello', { type: 'hello', protocol: 1 }],
    ])('closes only the channel that sent %s', async (_, frame) => {
      const bad = await caller();
      const good = await caller();
      bad.caller.send(frame);
      await closing(bad.caller);
      expect(await good.client.call('event.list', {})).toBeDefined();
    });

    it('rejects what still waits when the channel closes', async () => {
      const { client, answerer } = await caller();
      const waiting = failure(client.call('server.start', { pool: 'api', server: 'a' }));
      await until('asked', () => served.seen.length === 1);
      answerer.close('gone');
      expect((await waiting).code).toBe('unavailable');
      expect((await failure(client.call('event.list', {}))).code).toBe('unavailable');
    });

    it('tells the close once, also to those who ask later', async () => {
      const { client, caller: end } = await caller();
      let told = 0;
      end.onClose(() => told++);
      client.close();
      client.close();
      await until('told', () => told > 0);
      let late = 0;
      end.onClose(() => late++);
      expect([told, late]).toEqual([1, 1]);
    });

    it('carries a frame of half a megabyte, and text of every script, whole', async () => {
      const { client } = await caller();
      const text = `Ωλ漢字🙂\u2028"\\ ${'x'.repeat(500_000)}`;
      const refused = await failure(client.call('session.end', { pool: 'api', id: text }));
      expect(refused.message).toBe(`no session ${text}`);
    });

    it('refuses what exceeds the commands that may wait at once', async () => {
      const { client } = await caller();
      const answers = Array.from({ length: 257 }, () =>
        failure(client.call('server.start', { pool: 'api', server: 'a' })),
      );
      expect((await answers[256]!).code).toBe('unavailable');
    });
  });
}

async function failure(work: Promise<unknown>): Promise<ContractError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ContractError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

function closing(channel: Channel): Promise<string> {
  return new Promise((resolve) => channel.onClose(resolve));
}
