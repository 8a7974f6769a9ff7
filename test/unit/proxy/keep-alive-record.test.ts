import { describe, expect, it } from 'vitest';
import { KeepAliveRecord, trustedIdleMs } from '../../../main/engine/proxy/keep-alive-record.ts';

const minute = 60_000;

describe('how long an idle connection is trusted', () => {
  it.each([
    [Number.POSITIVE_INFINITY, 1_000],
    [60_000, 1_000],
    [2_000, 1_000],
    [500, 250],
    [50, 25],
    [15, 10],
    [10, 10],
  ])('with a server that closes idle ones after %d ms: %d ms', (closesAfterMs, trustedMs) => {
    expect(trustedIdleMs(closesAfterMs)).toBe(trustedMs);
  });

  it('is half of the shortest time after which the server closed one', () => {
    const record = new KeepAliveRecord();
    expect(record.trustedMs(0)).toBe(1_000);
    record.closed(400, 1_000);
    expect(record.trustedMs(1_000)).toBe(200);
    record.closed(90, 2_000);
    record.closed(300, 3_000);
    expect(record.trustedMs(3_000)).toBe(45);
  });

  it('is not shortened by a connection that was closed behind its answer', () => {
    const record = new KeepAliveRecord();
    record.closed(0, 0);
    record.closed(9.9, 0);
    expect(record.trustedMs(0)).toBe(1_000);
  });

  it('is remembered for a minute at least, and for two at most', () => {
    for (const at of [0, 10_000, 59_999, 60_000, 1e9]) {
      const record = new KeepAliveRecord();
      record.closed(80, at);
      expect(record.trustedMs(at + minute)).toBe(40);
      expect(record.trustedMs(at + 2 * minute)).toBe(1_000);
    }
  });

  it('is remembered for a minute also where a longer one came after it', () => {
    const record = new KeepAliveRecord();
    record.closed(80, 50_000);
    record.closed(200, 70_000);
    expect(record.trustedMs(129_999)).toBe(40);
    expect(record.trustedMs(130_000)).toBe(100);
    expect(record.trustedMs(190_000)).toBe(1_000);
  });

  it('is forgotten when nobody listens there any more', () => {
    const record = new KeepAliveRecord();
    record.closed(80, 0);
    record.closed(200, minute);
    record.serverGone();
    expect(record.trustedMs(minute)).toBe(1_000);
  });
});
