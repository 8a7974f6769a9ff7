import { describe, expect, it } from 'vitest';
import { BatchingRecord } from '../../../main/engine/proxy/batching-record.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/random.ts';

interface Traffic {
  readonly record: BatchingRecord;
  /** Share of the moments of answering at which adaptive batching was allowed, after the first thousand. */
  readonly allowed: number;
}

/**
 * Clients that send their next request when the last is answered, in simulated time.
 *
 * @param tookMs of one answer
 * @param stallMs at the end of every half second nothing moves for so long, and all answers due meanwhile come at its end
 */
function traffic(
  tookMs: (random: () => number) => number,
  { clients = 64, stallMs = 0, answers = 20_000 } = {},
): Traffic {
  const record = new BatchingRecord(manualClock());
  const random = seededRandom(7);
  const due = Array.from({ length: clients }, () => ({ startedAt: 0, endsAt: 1_000 + tookMs(random) }));
  let allowed = 0;
  for (let count = 0; count < answers; count++) {
    let next = due[0]!;
    for (const each of due) if (each.endsAt < next.endsAt) next = each;
    const inHalf = next.endsAt % 500;
    const endedAt = inHalf > 500 - stallMs ? next.endsAt + (500 - inHalf) : next.endsAt;
    record.answered(next.startedAt || 1_000, endedAt);
    next.startedAt = endedAt;
    next.endsAt = endedAt + tookMs(random);
    if (count >= 1_000 && record.allows('adaptive', endedAt)) allowed += 1;
  }
  return { record, allowed: allowed / (answers - 1_000) };
}

const quick = (random: () => number): number => 0.3 + random();

describe('adaptive batching', () => {
  it('begins when answers have been seen to be quick and even, not before', () => {
    const record = new BatchingRecord(manualClock());
    expect(record.allows('adaptive', 0)).toBe(false);
    for (let i = 0; i < 63; i++) record.answered(i, i + 0.5);
    expect(record.allows('adaptive', 63)).toBe(false);
    record.answered(63, 63.5);
    expect(record.allows('adaptive', 64)).toBe(true);
    expect(traffic(quick).allowed).toBe(1);
  });

  it.each([0.1, 0.05, 0.03])('stays away where a share of %d of the answers takes 20 ms', (share) => {
    const uneven = (random: () => number): number => quick(random) + (random() < share ? 20 : 0);
    expect(traffic(uneven).allowed).toBeLessThan(0.02);
    expect(traffic(uneven, { clients: 8 }).allowed).toBeLessThan(0.02);
  });

  it('bears with one slow answer in a thousand', () => {
    expect(traffic((random) => quick(random) + (random() < 0.001 ? 20 : 0)).allowed).toBeGreaterThan(0.9);
  });

  it('does not mistake a machine that stalls for a server whose answers are uneven', () => {
    expect(traffic(quick, { stallMs: 30 }).allowed).toBe(1);
  });

  it('does not mistake a process that stalls between two answers of the same moment for one either', () => {
    const record = new BatchingRecord(manualClock());
    for (let i = 0; i < 2_000; i++) {
      const now = i * 20;
      record.answered(now, now + 10);
      record.answered(now + 0.4, now + 0.8);
      record.answered(now + 0.5, now + 0.9);
    }
    expect(record.allows('adaptive', 40_000)).toBe(true);
  });

  it('stays away from a server that takes its time for every answer: side by side they are sooner there', () => {
    expect(traffic((random) => 5 + random()).allowed).toBe(0);
  });

  it('begins again when answers have become even', () => {
    let share = 0.1;
    const record = new BatchingRecord(manualClock());
    const random = seededRandom(3);
    let now = 0;
    const answer = (): void => {
      now += 1;
      // Every request is followed by a quick one that overtakes it where it is slow.
      const slow = random() < share;
      record.answered(now, now + 0.5);
      record.answered(now - 6, now + (slow ? 20 : -5.5));
      now += slow ? 20 : 0;
    };
    for (let i = 0; i < 2_000; i++) answer();
    expect(record.allows('adaptive', now)).toBe(false);
    share = 0;
    for (let i = 0; i < 2_000; i++) answer();
    expect(record.allows('adaptive', now)).toBe(true);
  });

  it('does not pause for a batch that a stall of the machine divided', () => {
    const record = new BatchingRecord(manualClock());
    for (let i = 0; i < 64; i++) record.answered(i, i + 0.5);
    for (let i = 0; i < 200; i++) record.batchServed(4, i % 20 === 0 ? 300 : 0.2);
    expect(record.allows('adaptive', 1_000)).toBe(true);
  });

  it('pauses where the answers of a batch come far apart, for longer each time', async () => {
    const clock = manualClock();
    const record = new BatchingRecord(clock);
    for (let i = 0; i < 64; i++) record.answered(i, i + 0.5);
    const pauses: number[] = [];
    for (let time = 0; time < 3; time++) {
      for (let i = 0; i < 64; i++) record.batchServed(4, 6);
      expect(record.allows('on', clock.now())).toBe(true);
      let waited = 0;
      for (; !record.allows('adaptive', clock.now()); waited += 1_000) await clock.advance(1_000);
      pauses.push(waited);
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000]);
    for (let i = 0; i < 1_000; i++) record.batchServed(4, 0.1);
    expect(record.allows('adaptive', clock.now())).toBe(true);
  });
});

describe('batching, adaptive or not,', () => {
  it('pauses after a batch that failed or kept somebody waiting', async () => {
    for (const what of ['batchFailed', 'batchLost', 'batchWaited'] as const) {
      const clock = manualClock();
      const record = new BatchingRecord(clock);
      record[what]();
      await clock.advance(4_999);
      expect(record.allows('on', clock.now())).toBe(false);
      await clock.advance(1);
      expect(record.allows('on', clock.now())).toBe(true);
    }
  });

  it('ends for a server that shows twice that it cannot, until it was gone and answers again', async () => {
    const clock = manualClock();
    const record = new BatchingRecord(clock);
    record.batchClosed();
    expect(record.allows('on', clock.now())).toBe(true);
    record.batchClosed();
    expect(record.allows('on', clock.now())).toBe(false);
    await clock.advance(3_600_000);
    record.answered(clock.now() - 1, clock.now());
    expect(record.allows('on', clock.now())).toBe(false);
    record.serverGone();
    expect(record.allows('on', clock.now())).toBe(false);
    record.answered(clock.now() - 1, clock.now());
    expect(record.allows('on', clock.now())).toBe(true);
    expect(record.allows('adaptive', clock.now())).toBe(false);
    expect(record.allows('off', clock.now())).toBe(false);
  });

  it('goes on with a server that closes a connection after every thousand requests, as nginx does', () => {
    const clock = manualClock();
    const record = new BatchingRecord(clock);
    for (let i = 0; i < 100; i++) {
      for (let batch = 0; batch < 249; batch++) record.batchServed(4, 0.1);
      record.batchClosed();
      expect(record.allows('on', clock.now())).toBe(true);
    }
  });
});
