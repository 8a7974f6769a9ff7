import { describe, expect, it } from 'vitest';
import { createEventLog } from '../../../main/engine/journal/event-log.ts';
import { manualClock } from '../../support/manual-clock.ts';

describe('event log', () => {
  it('numbers its entries and keeps the newest', () => {
    const log = createEventLog({ clock: manualClock(), capacity: 3, perSecond: 10 });
    for (const text of ['1', '2', '3', '4']) log.add('verdict-changed', 'good', text);
    expect(log.read(0, 10).map(({ sequence, text }) => [sequence, text])).toEqual([
      [2, '2'],
      [3, '3'],
      [4, '4'],
    ]);
    expect(log.read(3, 10)).toHaveLength(1);
  });

  it('tells a few of a busy kind, and counts the rest truly, per server and second', async () => {
    const clock = manualClock();
    const log = createEventLog({ clock, capacity: 1_000, perSecond: 5 });
    const happen = (server: string, times: number): void => {
      for (let time = 0; time < times; time++) {
        if (log.admit('attempt-failed', 'api', server)) log.add('attempt-failed', 'bad', 'x', { server });
      }
    };
    const counted = (server: string): number =>
      log
        .read(0, 1_000)
        .filter((event) => event.server === server)
        .reduce((sum, { count = 1 }) => sum + count, 0);
    happen('api/a', 1_000);
    happen('api/b', 4);
    await clock.advance(500);
    happen('api/a', 7);
    log.tick(clock.now());
    expect(counted('api/a')).toBe(5);
    await clock.advance(600);
    happen('api/a', 3); // the next second begins, even before the tick
    await clock.advance(1_000);
    log.tick(clock.now());
    log.tick(clock.now());
    expect(counted('api/a')).toBe(1_010);
    expect(counted('api/b')).toBe(4);
    expect(log.read(0, 1_000).find(({ count }) => count !== undefined)?.text).toBe(
      '1002 more attempts failed (api/a) within one second',
    );
  });
});
