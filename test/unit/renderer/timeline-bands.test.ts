import type { BallastEvent, EventKind } from '@shared/contract/event-values.ts';
import { describe, expect, it } from 'vitest';
import { bandAt, failingHoldMs } from '../../../renderer/src/features/timeline/bands.ts';
import { bands, event, status, told } from '../../support/timeline-kit.ts';

describe('bands of a server on the timeline', () => {
  it('is one serving band where nothing happened', () => {
    expect(told(bands([]))).toEqual([[0, 60_000, 'serving']]);
  });

  it('tells a kill as failing until the verdict, then as out', () => {
    const list = bands(
      [
        event(30_000, 'replica-exited', 'bad', 'api-2 exited'),
        event(30_010, 'attempt-failed', 'bad'),
        event(30_200, 'verdict-changed', 'bad', 'api-2 is unhealthy'),
        event(32_000, 'probe-failed', 'bad'),
      ],
      status({ verdict: 'unhealthy', verdictSinceMs: 30_200 }),
    );
    expect(told(list)).toEqual([
      [0, 30_000, 'serving'],
      [30_000, 30_200, 'failing'],
      [30_200, 60_000, 'out'],
    ]);
    expect(bandAt(list, 30_100)?.text).toBe('api-2 exited');
    expect(bandAt(list, 45_000)?.text).toBe('api-2 is unhealthy');
  });

  it('tells the way back as warming from the start of the process to the verdict', () => {
    const list = bands([
      event(10_000, 'verdict-changed', 'bad'),
      event(20_000, 'replica-started', 'good'),
      event(21_500, 'verdict-changed', 'good'),
    ]);
    expect(told(list)).toEqual([
      [0, 10_000, 'serving'],
      [10_000, 20_000, 'out'],
      [20_000, 21_500, 'warming'],
      [21_500, 60_000, 'serving'],
    ]);
  });

  it('shows a failure that nothing follows from for a moment only', () => {
    expect(told(bands([event(5_000, 'attempt-failed', 'bad')]))).toEqual([
      [0, 5_000, 'serving'],
      [5_000, 5_000 + failingHoldMs, 'failing'],
      [5_000 + failingHoldMs, 60_000, 'serving'],
    ]);
  });

  it('goes on failing for as long as the server was said to fail, and only where it served', () => {
    const failing = [
      { fromMs: 5_000, toMs: 20_000, text: 'It is not ejected: it is the last one.', isPanic: false },
      { fromMs: 30_000, toMs: 45_000, text: 'Its last probe failed.', isPanic: false },
    ];
    const list = bands(
      [event(5_000, 'attempt-failed', 'bad', 'api-2 failed'), event(40_000, 'verdict-changed', 'bad')],
      status({ verdict: 'unhealthy', verdictSinceMs: 40_000 }),
      { failing },
    );
    expect(told(list)).toEqual([
      [0, 5_000, 'serving'],
      [5_000, 20_000, 'failing'],
      [20_000, 30_000, 'serving'],
      [30_000, 40_000, 'failing'],
      [40_000, 60_000, 'out'],
    ]);
    expect(bandAt(list, 6_000)?.text).toBe('It is not ejected: it is the last one.');
    expect(bandAt(list, 35_000)?.text).toBe('Its last probe failed.');
    const now = bands([], status(), {
      failing: [{ fromMs: 50_000, toMs: Number.POSITIVE_INFINITY, text: 'x', isPanic: false }],
    });
    expect(told(now).at(-1)).toEqual([50_000, 60_000, 'failing']);
  });

  it('tells every reason it was said to fail for, and since when it failed at all', () => {
    const failing = [
      { fromMs: 5_000, toMs: 10_000, text: 'refused', isPanic: false },
      { fromMs: 10_000, toMs: 20_000, text: 'the last one', isPanic: false },
      { fromMs: 30_000, toMs: Number.POSITIVE_INFINITY, text: 'the last one', isPanic: false },
    ];
    const failed = [event(4_000, 'attempt-failed', 'bad', 'api-2 failed')];
    const list = bands(failed, status(), { failing });
    expect(list.map(({ fromMs, toMs, text }) => [fromMs, toMs, text])).toEqual([
      [0, 4_000, 'Serving'],
      [4_000, 5_000, 'api-2 failed'],
      [5_000, 10_000, 'refused'],
      [10_000, 20_000, 'the last one'],
      [20_000, 30_000, 'Serving'],
      [30_000, 60_000, 'the last one'],
    ]);
    expect(bandAt(list, 15_000)).toMatchObject({ fromMs: 10_000, sinceMs: 4_000 });
    expect(bandAt(list, 25_000)).toMatchObject({ fromMs: 20_000, sinceMs: 20_000 });
    expect(bandAt(list, 35_000)).toMatchObject({ fromMs: 30_000, sinceMs: 30_000 });
    // That its process has ended is told before what follows from it.
    const ended = bands([event(5_000, 'replica-exited', 'bad', 'api-2 exited')], status(), { failing });
    expect(bandAt(ended, 15_000)).toMatchObject({ state: 'failing', text: 'api-2 exited' });
  });

  it('is failing, not out, while panic lets requests there all the same', () => {
    const failing = [{ fromMs: 20_000, toMs: 30_000, text: 'Asked all the same', isPanic: true }];
    const out = [event(10_000, 'verdict-changed', 'bad')];
    expect(told(bands(out, status({ verdict: 'unhealthy', verdictSinceMs: 10_000 }), { failing }))).toEqual([
      [0, 10_000, 'serving'],
      [10_000, 20_000, 'out'],
      [20_000, 30_000, 'failing'],
      [30_000, 60_000, 'out'],
    ]);
    const ejected = [event(10_000, 'server-ejected', 'bad', 'api-2 is ejected for 10s: 5 attempts failed')];
    expect(told(bands(ejected, status({ ejectedUntilMs: 20_000 }), { failing })).slice(1)).toEqual([
      [10_000, 20_000, 'out'],
      [20_000, 30_000, 'failing'],
      [30_000, 60_000, 'trial'],
    ]);
    const byHand = [event(10_000, 'admin-state-changed', 'neutral', 'api-2 is in maintenance')];
    expect(told(bands(byHand, status({ adminState: 'maintenance' }), { failing })).at(-1)).toEqual([
      10_000,
      60_000,
      'out',
    ]);
  });

  it('joins failures that follow each other closely into one band', () => {
    const list = bands([event(5_000, 'probe-failed', 'bad'), event(7_000, 'probe-failed', 'bad')]);
    expect(told(list)[1]).toEqual([5_000, 7_000 + failingHoldMs, 'failing']);
  });

  it('does not paint a failed probe of a server that is out already as anything else', () => {
    const list = bands(
      [event(1_000, 'verdict-changed', 'bad'), event(9_000, 'probe-failed', 'bad')],
      status({ verdict: 'unhealthy', verdictSinceMs: 1_000 }),
    );
    expect(told(list).at(-1)).toEqual([1_000, 60_000, 'out']);
  });

  it('tells drain and maintenance apart, and both from ready', () => {
    const list = bands([
      event(1_000, 'admin-state-changed', 'neutral', 'api-2 is draining'),
      event(2_000, 'admin-state-changed', 'neutral', 'api-2 is in maintenance'),
      event(3_000, 'admin-state-changed', 'neutral', 'api-2 is ready again'),
    ]);
    expect(told(list).map(([, , state]) => state)).toEqual(['serving', 'drained', 'out', 'serving']);
  });

  it('takes the admin state of now for a past that no event tells of', () => {
    expect(told(bands([], status({ adminState: 'drain' })))).toEqual([[0, 60_000, 'drained']]);
  });

  it('tells an ejection and the return from it', () => {
    const list = bands([
      event(10_000, 'server-ejected', 'bad', 'api-2 was ejected for 10s'),
      event(20_000, 'server-returned', 'good'),
    ]);
    expect(told(list)).toEqual([
      [0, 10_000, 'serving'],
      [10_000, 20_000, 'out'],
      [20_000, 60_000, 'serving'],
    ]);
  });

  it('shows that an ejection is over and a trial is awaited, then and now', () => {
    const list = bands(
      [
        event(10_000, 'server-ejected', 'bad', 'api-2 is ejected for 10s: 5 attempts in a row failed'),
        event(25_000, 'server-ejected', 'bad', 'api-2 is ejected for 20s: its trial request failed'),
      ],
      status({ ejectedUntilMs: 45_000 }),
    );
    expect(told(list)).toEqual([
      [0, 10_000, 'serving'],
      [10_000, 20_000, 'out'],
      [20_000, 25_000, 'trial'],
      [25_000, 45_000, 'out'],
      [45_000, 60_000, 'trial'],
    ]);
    expect(told(bands([], status({ ejectedUntilMs: 45_000 })))).toEqual([
      [0, 45_000, 'out'],
      [45_000, 60_000, 'trial'],
    ]);
  });

  it('knows that a server was ejected when the log begins with its return', () => {
    expect(told(bands([event(10_000, 'server-returned', 'good')]))[0]).toEqual([0, 10_000, 'out']);
  });

  it('claims nothing before the log begins', () => {
    expect(told(bands([], status(), { knownFromMs: 40_000 }))).toEqual([[40_000, 60_000, 'serving']]);
  });

  it('claims nothing before a server was there', () => {
    expect(told(bands([], status({ verdictSinceMs: 50_000 })))).toEqual([[50_000, 60_000, 'serving']]);
  });

  it('shows an unchecked pool as serving and a first check as warming', () => {
    expect(told(bands([], status({ verdict: 'unknown', probesRun: 0 })))).toEqual([[0, 60_000, 'serving']]);
    const first = bands(
      [event(500, 'replica-started', 'good'), event(2_000, 'verdict-changed', 'good')],
      status({ verdictSinceMs: 2_000 }),
    );
    expect(told(first)).toEqual([
      [500, 2_000, 'warming'],
      [2_000, 60_000, 'serving'],
    ]);
  });

  it('believes the status about now when an event has not arrived yet', () => {
    const list = bands([], status({ verdict: 'unhealthy', verdictSinceMs: 59_000 }), { knownFromMs: 0 });
    expect(told(list).at(-1)).toEqual([59_000, 60_000, 'out']);
  });

  it('takes every server out while the engine is down', () => {
    const list = bands([
      event(10_000, 'engine-crashed', 'bad'),
      event(11_000, 'engine-restarted', 'good'),
      event(11_500, 'verdict-changed', 'good'),
    ]);
    expect(told(list).slice(-3)).toEqual([
      [10_000, 11_000, 'out'],
      [11_000, 11_500, 'warming'],
      [11_500, 60_000, 'serving'],
    ]);
  });

  it('never overlaps and never leaves a gap', () => {
    const kinds: [EventKind, BallastEvent['tone']][] = [
      ['probe-failed', 'bad'],
      ['attempt-failed', 'bad'],
      ['verdict-changed', 'bad'],
      ['verdict-changed', 'good'],
      ['server-ejected', 'bad'],
      ['server-returned', 'good'],
      ['replica-exited', 'bad'],
      ['replica-started', 'good'],
      ['engine-crashed', 'bad'],
      ['engine-restarted', 'good'],
    ];
    // A fixed sequence that looks like chance (a linear congruence), times sometimes equal or a little out of order.
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 200; round++) {
      let at = 0;
      const events = Array.from({ length: 30 }, () => {
        at += next(3_000) - 20;
        const [kind, tone] = kinds[next(kinds.length)]!;
        return event(Math.max(0, at), kind, tone);
      });
      const failing = [2_000, 20_000, 33_000].map((fromMs) => ({
        fromMs,
        toMs: fromMs + 9_000,
        text: 'fails',
        isPanic: fromMs === 20_000,
      }));
      const list = bands(events, status(), { nowMs: 60_000, failing });
      expect(list[0]?.fromMs).toBeGreaterThanOrEqual(0);
      expect(list.at(-1)?.toMs).toBe(60_000);
      for (const [index, band] of list.entries()) {
        expect(band.toMs).toBeGreaterThan(band.fromMs);
        if (index > 0) expect(band.fromMs).toBe(list[index - 1]!.toMs);
      }
    }
  });
});
