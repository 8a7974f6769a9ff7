import type { BallastEvent, EventKind } from '@shared/contract/event-values.ts';
import type { Metrics, Traffic } from '@shared/contract/metrics-values.ts';
import { describe, expect, test } from 'vitest';
import { deriveStory, storyWindowMs } from '../../../renderer/src/features/story/story.ts';

let sequence = 0;
function event(kind: EventKind, atMs: number, more: Partial<BallastEvent> = {}): BallastEvent {
  sequence += 1;
  return {
    sequence,
    atMs,
    kind,
    text: kind,
    tone: 'bad',
    pool: 'api',
    server: 'api/api-2',
    request: null,
    ...more,
  };
}
const traffic: Traffic = {
  ratePerSecond: 0,
  activeRequests: 0,
  requests: 0,
  statusClasses: [0, 0, 0, 0, 0],
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};
const counters = (
  atMs: number,
  failedAttempts: number,
  retried: number,
  saved: number,
  failed: number,
): Metrics => ({
  atMs,
  windowMs: 10_000,
  total: {
    ...traffic,
    successRatio: 1,
    retried,
    savedByRetry: saved,
    failed,
    attemptsPerRequest: { recent: null, sinceStart: null },
  },
  listeners: {},
  pools: {},
  servers: { 'api/api-2': { ...traffic, failedAttempts, shareHad: null, shareWanted: null } },
  limits: [],
});

const exit = event('replica-exited', 10_000);
const quiet = { before: counters(9_700, 5, 8, 8, 2), after: counters(12_000, 5, 8, 8, 2) };

describe('the story of an exit', () => {
  test('counts the difference of the counters, not their height', () => {
    const story = deriveStory({
      exit,
      events: [exit],
      before: counters(9_700, 5, 8, 8, 2),
      after: counters(12_000, 8, 11, 11, 2),
    });
    expect(story).toMatchObject({ failedAttempts: 3, retried: 3, saved: 3, lost: 0 });
  });

  test('says how many requests clients lost', () => {
    const after = counters(12_000, 9, 10, 9, 3);
    expect(deriveStory({ exit, events: [exit], before: quiet.before, after }).lost).toBe(1);
  });

  test('without a sample from before it does not claim that nobody lost anything', () => {
    const events = [
      exit,
      event('attempt-failed', 10_010, { request: 'r1' }),
      event('request-retried', 10_012),
    ];
    const story = deriveStory({ exit, events, before: undefined, after: quiet.after });
    expect(story).toMatchObject({ failedAttempts: 1, retried: 1, lost: null });
  });

  test('without one it does where not a single request has failed since the engine began', () => {
    const none = counters(12_000, 3, 3, 3, 0);
    expect(deriveStory({ exit, events: [exit], before: undefined, after: none }).lost).toBe(0);
    const began = event('engine-restarted', 11_000, { server: null });
    expect(deriveStory({ exit, events: [exit, began], before: undefined, after: none }).lost).toBeNull();
  });

  test('without a sample it still tells losses that events tell', () => {
    const events = [exit, event('request-failed', 10_010), event('request-failed', 10_900, { count: 7 })];
    expect(deriveStory({ exit, events, before: undefined, after: undefined }).lost).toBe(8);
  });

  test('names the requests that met it, each once, those just before the exit was noticed too', () => {
    const events = [
      event('attempt-failed', 9_900, { request: 'r1' }),
      exit,
      event('attempt-failed', 10_005, { request: 'r2' }),
      event('attempt-failed', 10_006, { request: 'r2' }),
      event('attempt-failed', 10_007, { request: 'r3', server: 'api/api-1' }),
    ];
    expect(deriveStory({ exit, events, ...quiet }).requests).toEqual(['r1', 'r2']);
  });

  test('measures how long it stayed in rotation', () => {
    const events = [
      exit,
      event('verdict-changed', 10_208),
      event('verdict-changed', 10_300, { tone: 'good', server: 'api/api-1' }),
    ];
    expect(deriveStory({ exit, events, ...quiet }).outAfterMs).toBe(208);
    expect(deriveStory({ exit, events: [exit], ...quiet }).outAfterMs).toBeNull();
  });

  test('counts sessions that moved away, also those told in one entry', () => {
    const events = [
      exit,
      event('session-moved', 10_100, { server: 'api/api-1' }),
      event('session-moved', 11_000, { server: 'api/api-3', count: 11 }),
      event('session-moved', 11_100, { server: 'web/web-1', pool: 'web' }),
      event('session-moved', 11_200, { server: 'api/api-2' }),
    ];
    expect(deriveStory({ exit, events, ...quiet }).sessionsMoved).toBe(12);
  });

  test('ends when its process starts again: what fails later is another story', () => {
    const events = [
      exit,
      event('replica-started', 12_000, { tone: 'good' }),
      event('session-moved', 12_500, { server: 'api/api-1' }),
    ];
    const story = deriveStory({ exit, events, ...quiet });
    expect(story).toMatchObject({ backAtMs: 12_000, sessionsMoved: 0 });
  });

  test('ends by itself after a while', () => {
    const late = event('session-moved', exit.atMs + storyWindowMs + 1, { server: 'api/api-1' });
    expect(deriveStory({ exit, events: [exit, late], ...quiet }).sessionsMoved).toBe(0);
  });
});
