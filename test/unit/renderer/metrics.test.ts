import type { Metrics, ServerTraffic, Traffic } from '@shared/contract/metrics-values.ts';
import { describe, expect, test } from 'vitest';
import {
  formatMs,
  formatRate,
  formatShare,
  formatSuccess,
  plural,
} from '../../../renderer/src/metrics/format.ts';
import { createMetricsHistory } from '../../../renderer/src/metrics/history.ts';
import { createRing } from '../../../renderer/src/metrics/ring.ts';

const traffic = (ratePerSecond: number): Traffic => ({
  ratePerSecond,
  activeRequests: 0,
  requests: 0,
  statusClasses: [0, 0, 0, 0, 0],
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
});
const server = (ratePerSecond: number): ServerTraffic => ({
  ...traffic(ratePerSecond),
  failedAttempts: 0,
  shareHad: null,
  shareWanted: null,
});
const sample = (atMs: number, rates: Record<string, number> = {}, requests = atMs): Metrics => ({
  atMs,
  windowMs: 10_000,
  total: {
    ...traffic(0),
    requests,
    successRatio: null,
    retried: 0,
    savedByRetry: 0,
    failed: 0,
    attemptsPerRequest: { recent: null, sinceStart: null },
  },
  listeners: {},
  pools: {},
  servers: Object.fromEntries(Object.entries(rates).map(([id, rate]) => [id, server(rate)])),
  limits: [],
});

describe('ring', () => {
  test('keeps the newest values, oldest first', () => {
    const ring = createRing(3);
    for (const value of [1, 2, 3, 4]) ring.push(value);
    expect([ring.at(0), ring.at(1), ring.at(2)]).toEqual([2, 3, 4]);
    expect(ring.length).toBe(3);
  });

  test('outside of what it holds there is no number', () => {
    const ring = createRing(3);
    ring.push(7);
    expect(ring.at(0)).toBe(7);
    expect(ring.at(1)).toBeNaN();
    expect(ring.at(-1)).toBeNaN();
  });

  test('its largest forgets what has left, and skips what was not measured', () => {
    const ring = createRing(2);
    for (const value of [9, Number.NaN, 4]) ring.push(value);
    expect(ring.max()).toBe(4);
    ring.clear();
    expect(ring.max()).toBe(0);
  });
});

describe('history', () => {
  test('finds the newest sample at or before a moment', () => {
    const history = createMetricsHistory();
    for (const atMs of [100, 200, 300]) history.push(sample(atMs));
    expect(history.before(250)?.atMs).toBe(200);
    expect(history.before(300)?.atMs).toBe(300);
    expect(history.before(99)).toBeUndefined();
  });

  test('never compares with counters of another run', () => {
    const history = createMetricsHistory();
    history.push(sample(100, {}, 5_000));
    history.push(sample(200, {}, 3));
    expect(history.before(150)).toBeUndefined();
    expect(history.latest?.atMs).toBe(200);
  });

  test('the servers of a pool share one scale', () => {
    const history = createMetricsHistory();
    history.push(sample(100, { 'api/a': 10, 'api/b': 40, 'web/c': 7 }));
    history.push(sample(200, { 'api/a': 20, 'api/b': 30, 'web/c': 7 }));
    expect(history.poolPeak('api')).toBe(40);
    expect(history.poolPeak('web')).toBe(7);
    expect(history.poolPeak('none')).toBe(0);
  });

  test('a server that is gone leaves no series behind', () => {
    const history = createMetricsHistory();
    history.push(sample(100, { 'api/a': 10 }));
    expect(history.server('api/a').rate.length).toBe(1);
    history.push(sample(200, {}));
    expect(history.server('api/a').rate.length).toBe(0);
  });
});

describe('numbers as text', () => {
  test('one lost request is never rounded away', () => {
    expect(formatSuccess(1)).toBe('100.00 %');
    expect(formatSuccess(0.999999)).toBe('99.99 %');
    expect(formatSuccess(null)).toBe('–');
  });

  test('what was not measured is a dash, not a zero', () => {
    expect(formatRate(undefined)).toBe('–');
    expect(formatMs(null)).toBe('–');
    expect(formatShare(null)).toBe('–');
    expect(formatRate(0)).toBe('0');
  });

  test('digits follow the size', () => {
    expect([formatMs(0.04), formatMs(4.61), formatMs(41.3), formatMs(1_234)]).toEqual([
      '0.04',
      '4.6',
      '41',
      '1,234',
    ]);
    expect([formatRate(4.5), formatRate(12.4), formatRate(4_098)]).toEqual(['4.5', '12', '4,098']);
    expect([plural(1, 'request'), plural(3, 'request')]).toEqual(['1 request', '3 requests']);
  });
});
