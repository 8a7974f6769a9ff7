import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { ServerFrame } from '@shared/contract/frames.ts';
import { createLogPublisher, createLogRing } from '@shared/contract/log-publisher.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import { createSamplePublisher } from '@shared/contract/sample-publisher.ts';
import { createStatePublisher } from '@shared/contract/state-publisher.ts';
import type { EngineStatus } from '@shared/contract/system-values.ts';
import { describe, expect, it } from 'vitest';

function subscriber() {
  const frames: ServerFrame[] = [];
  return {
    frames,
    congestedNow: false,
    send: (frame: ServerFrame) => void frames.push(frame),
    congested(): boolean {
      return this.congestedNow;
    },
  };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));
const status = (restarts: number): EngineStatus => ({ state: 'running', restarts, lastError: null });
const event = (sequence: number) => ({ sequence }) as BallastEvent;

describe('a state', () => {
  it('sends what changed within one task as one batch, the last value of each key', async () => {
    const publisher = createStatePublisher('system');
    const reader = subscriber();
    publisher.subscribe(reader);
    publisher.set('engine', status(1));
    publisher.set('engine', status(2));
    publisher.set('generator', {} as never);
    await settled();
    expect(reader.frames.slice(1)).toEqual([
      {
        type: 'change',
        topic: 'system',
        revision: 1,
        set: [
          ['engine', status(2)],
          ['generator', {}],
        ],
        remove: [],
      },
    ]);
  });

  it('is silent about what stayed the same', async () => {
    const publisher = createStatePublisher('system');
    publisher.set('engine', status(1));
    const reader = subscriber();
    publisher.subscribe(reader);
    publisher.set('engine', status(1));
    publisher.replace([['engine', status(1)]]);
    publisher.set('generator', {} as never);
    publisher.remove('generator');
    await settled();
    expect(reader.frames).toHaveLength(1);
    expect(publisher.revision).toBe(1);
  });

  it('removes what a replacement leaves out', async () => {
    const publisher = createStatePublisher('system');
    publisher.set('engine', status(1));
    const reader = subscriber();
    publisher.subscribe(reader);
    publisher.replace([['generator', {} as never]]);
    await settled();
    expect(reader.frames[1]).toMatchObject({ set: [['generator', {}]], remove: ['engine'] });
  });

  it('gives a newcomer a snapshot that already holds what is about to be sent to others', async () => {
    const publisher = createStatePublisher('system');
    publisher.set('engine', status(1));
    const reader = subscriber();
    publisher.subscribe(reader);
    await settled();
    expect(reader.frames).toEqual([
      { type: 'snapshot', topic: 'system', revision: 1, entries: [['engine', status(1)]] },
    ]);
  });
});

describe('a sample', () => {
  it('gives a newcomer the latest at once', () => {
    const publisher = createSamplePublisher('metrics');
    publisher.publish({ atMs: 5 } as Metrics);
    const reader = subscriber();
    publisher.subscribe(reader);
    expect(reader.frames).toMatchObject([{ type: 'sample', value: { atMs: 5 } }]);
  });

  it('waits for the acknowledgement of that very sample', () => {
    const publisher = createSamplePublisher('metrics');
    const reader = subscriber();
    const { acknowledge } = publisher.subscribe(reader);
    publisher.publish({ atMs: 1 } as Metrics);
    publisher.publish({ atMs: 2 } as Metrics);
    acknowledge(99);
    expect(reader.frames).toHaveLength(1);
    acknowledge(1);
    expect(reader.frames).toMatchObject([{ value: { atMs: 1 } }, { value: { atMs: 2 } }]);
    acknowledge(2);
    expect(reader.frames).toHaveLength(2);
  });

  it('knows whether anybody listens', () => {
    const publisher = createSamplePublisher('metrics');
    const { end } = publisher.subscribe(subscriber());
    expect(publisher.wanted).toBe(true);
    end();
    expect(publisher.wanted).toBe(false);
  });
});

describe('a log', () => {
  it('holds back from a congested reader, then counts what that one missed', async () => {
    const publisher = createLogPublisher('events', { capacity: 3 });
    const reader = subscriber();
    publisher.subscribe(reader, 0);
    reader.congestedNow = true;
    for (let sequence = 1; sequence <= 5; sequence++) publisher.append(event(sequence));
    await settled();
    expect(reader.frames).toEqual([]);
    reader.congestedNow = false;
    publisher.append(event(6));
    await settled();
    expect(reader.frames).toMatchObject([
      { cursor: 6, dropped: 3, entries: [{ sequence: 4 }, { sequence: 5 }, { sequence: 6 }] },
    ]);
  });

  it('passes on a gap in its source as dropped', async () => {
    const publisher = createLogPublisher('events', { capacity: 10 });
    const reader = subscriber();
    publisher.subscribe(reader, 0);
    publisher.skip(4);
    publisher.append(event(5));
    await settled();
    expect(reader.frames).toMatchObject([{ cursor: 5, dropped: 4, entries: [{ sequence: 5 }] }]);
  });

  it('takes a cursor of an earlier run for none', () => {
    const publisher = createLogPublisher('events', { capacity: 10 });
    publisher.append(event(1));
    const reader = subscriber();
    publisher.subscribe(reader, 5_000);
    expect(reader.frames).toMatchObject([{ cursor: 1, dropped: 0, entries: [{ sequence: 1 }] }]);
  });

  it('keeps the newest in order, round and round', () => {
    const ring = createLogRing<number>({ capacity: 3 });
    for (let value = 1; value <= 8; value++) expect(ring.append(value)).toBe(value);
    expect(ring.read(0, 10)).toEqual([6, 7, 8]);
    expect(ring.read(0, 2)).toEqual([7, 8]);
    expect(ring.read(7, 10)).toEqual([8]);
    expect(ring.read(8, 10)).toEqual([]);
  });
});
