import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import { describe, expect, it } from 'vitest';
import { createFailingLog } from '../../../renderer/src/features/timeline/failing-log.ts';
import { bands, event, status, told } from '../../support/timeline-kit.ts';

describe('when a server was said to fail', () => {
  const began = (atMs: number): BallastEvent => ({ ...event(atMs, 'panic-began', 'bad'), server: null });
  const unhealthy = (more: Partial<ServerStatus> = {}) => status({ verdict: 'unhealthy', ...more });

  it('is remembered from the first word of it to the last', () => {
    let nowMs = 10_000;
    const log = createFailingLog(() => nowMs);
    const take = (more: Partial<ServerStatus>) => log.take({ 'api/api-2': status(more) });
    const probe = { atMs: 9_800, succeeded: false, durationMs: 1, detail: 'refused' };
    take({});
    expect(log.of('api/api-2')).toEqual([]);
    take({ lastProbe: probe });
    nowMs = 11_000;
    take({ lastProbe: { ...probe, atMs: 10_900 } });
    expect(log.of('api/api-2')).toEqual([
      {
        fromMs: 9_800,
        toMs: Number.POSITIVE_INFINITY,
        text: 'Its last probe failed (refused); it still serves.',
        isPanic: false,
      },
    ]);
    nowMs = 12_000;
    take({ lastProbe: { ...probe, atMs: 11_900, succeeded: true } });
    nowMs = 20_000;
    take({ notEjected: '5 attempts in a row failed, but it is the last' });
    expect(log.of('api/api-2')).toEqual([
      {
        fromMs: 9_800,
        toMs: 12_000,
        text: 'Its last probe failed (refused); it still serves.',
        isPanic: false,
      },
      {
        fromMs: 20_000,
        toMs: Number.POSITIVE_INFINITY,
        text: 'It is not ejected: 5 attempts in a row failed, but it is the last.',
        isPanic: false,
      },
    ]);
    log.take({});
    expect(log.of('api/api-2').at(-1)?.toMs).toBe(20_000);
    // Out, and then asked all the same.
    nowMs = 30_000;
    take({ verdict: 'unhealthy', available: false, reason: 'unhealthy', lastProbe: probe });
    expect(log.of('api/api-2')).toHaveLength(2);
    take({ verdict: 'unhealthy', inPanic: true, lastProbe: probe });
    expect(log.of('api/api-2').at(-1)).toEqual({
      fromMs: 30_000,
      toMs: Number.POSITIVE_INFINITY,
      text: 'Asked all the same: its pool is in panic',
      isPanic: true,
    });
    nowMs = 40_000;
    take({ lastProbe: { ...probe, atMs: 39_900 } });
    expect(log.of('api/api-2').slice(-2)).toMatchObject([
      { fromMs: 30_000, toMs: 40_000 },
      { fromMs: 39_900, toMs: Number.POSITIVE_INFINITY, isPanic: false },
    ]);
  });

  it('reaches back to when the panic began, which was before this window was opened', () => {
    let nowMs = 50_000;
    const log = createFailingLog(() => nowMs);
    const panicked = { 'api/api-2': status({ verdict: 'unhealthy', inPanic: true }) };
    log.take(panicked);
    expect(log.of('api/api-2')[0]?.fromMs).toBe(50_000);
    log.follow([began(20_000), { ...began(40_000), pool: 'other' }]);
    expect(log.of('api/api-2')[0]?.fromMs).toBe(20_000);
    nowMs = 60_000;
    log.take({ 'api/api-2': status() });
    log.follow([]);
    expect(log.of('api/api-2')).toMatchObject([{ fromMs: 20_000, toMs: 60_000 }]);
    // What began long ago is not when this one did.
    log.follow([began(20_000)]);
    nowMs = 70_000;
    log.take(panicked);
    expect(log.of('api/api-2')[1]?.fromMs).toBe(70_000);
    log.follow([began(20_000), began(69_000)]);
    expect(log.of('api/api-2')[1]?.fromMs).toBe(69_000);
    // Nor is another that was not told by now.
    log.follow([began(20_000), began(69_000), began(75_000)]);
    expect(log.of('api/api-2')[1]?.fromMs).toBe(69_000);
  });

  it('does not reach back into a time in which it was seen not to be asked, or not to be there', () => {
    for (const before of [{ 'api/api-2': unhealthy() }, { 'api/api-1': status({ id: 'api/api-1' }) }]) {
      let nowMs = 1_500;
      const log = createFailingLog(() => nowMs);
      log.follow([began(1_000)]);
      log.take(before);
      nowMs = 3_000;
      log.take({ 'api/api-2': unhealthy({ inPanic: true }) });
      expect(log.of('api/api-2')).toMatchObject([{ fromMs: 3_000, isPanic: true }]);
      log.follow([began(1_000)]);
      const list = bands([event(500, 'verdict-changed', 'bad')], unhealthy({ verdictSinceMs: 500 }), {
        failing: log.of('api/api-2'),
        nowMs: 4_000,
      });
      expect(told(list).slice(1)).toEqual([
        [500, 3_000, 'out'],
        [3_000, 4_000, 'failing'],
      ]);
    }
  });

  it('begins when the panic did where that was told before its status', () => {
    let nowMs = 1_500;
    const log = createFailingLog(() => nowMs);
    log.take({ 'api/api-2': unhealthy() });
    log.follow([began(2_900)]);
    nowMs = 3_000;
    log.take({ 'api/api-2': unhealthy({ inPanic: true }) });
    expect(log.of('api/api-2')[0]?.fromMs).toBe(2_900);
  });

  it.each(['panic-ended', 'engine-crashed'] as const)('does not reach back to a panic before %s', (kind) => {
    const log = createFailingLog(() => 5_000);
    log.take({});
    log.follow([began(1_000), { ...event(2_000, kind), server: null }]);
    log.take({ 'api/api-2': unhealthy({ inPanic: true }) });
    expect(log.of('api/api-2')[0]?.fromMs).toBe(5_000);
    log.follow([began(1_000), { ...event(2_000, kind), server: null }, began(4_900)]);
    expect(log.of('api/api-2')[0]?.fromMs).toBe(4_900);
  });

  it('is told with each reason for as long as its card said it', () => {
    let nowMs = 10_000;
    const log = createFailingLog(() => nowMs);
    const probe = { atMs: 9_800, succeeded: false, durationMs: 1, detail: 'connection refused' };
    const take = (more: Partial<ServerStatus>) => log.take({ 'api/api-2': status(more) });
    take({ lastProbe: probe });
    nowMs = 12_000;
    take({
      lastProbe: { ...probe, atMs: 11_000, detail: '503' },
      notEjected: 'no other server is available',
    });
    nowMs = 14_000;
    // Of a probe from before: its card began to say so only now.
    take({ lastProbe: { ...probe, atMs: 11_000, detail: '503' } });
    nowMs = 15_000;
    take({});
    expect(log.of('api/api-2').map(({ fromMs, toMs, text }) => [fromMs, toMs, text])).toEqual([
      [9_800, 12_000, 'Its last probe failed (connection refused); it still serves.'],
      [12_000, 14_000, 'It is not ejected: no other server is available.'],
      [14_000, 15_000, 'Its last probe failed (503); it still serves.'],
    ]);
  });

  it('is forgotten where the events do not reach any more, of servers that are gone too', () => {
    let nowMs = 0;
    const log = createFailingLog(() => nowMs);
    const ids = ['api/a', 'api/b', 'api/c'];
    for (const id of ids) {
      nowMs += 1_000;
      log.take({ [id]: status({ id, notEjected: 'it is the last' }) });
    }
    log.follow([event(2_500, 'config-applied')]);
    const kept = () => ids.map((id) => log.of(id).length);
    // The first was seen until 2 s, the second until 3 s.
    expect(kept()).toEqual([0, 1, 1]);
    log.follow([event(9_000, 'config-applied')]);
    expect(kept()).toEqual([0, 0, 1]);
    expect(log.of('api/c')[0]).toMatchObject({ fromMs: 3_000, toMs: Number.POSITIVE_INFINITY });
  });
});
