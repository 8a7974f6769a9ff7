import type { CircuitStatus, Metrics } from '@shared/contract/metrics-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import { expect, it } from 'vitest';
import type { Output } from '../../../main/command-line/output.ts';
import {
  stateTone,
  stateWord,
  tellCircuits,
  tellEjections,
} from '../../../main/command-line/tell-failing.ts';

function told(tell: (output: Output) => void): string[] {
  const lines: string[] = [];
  tell({
    json: false,
    line: (text) => void lines.push(text),
    object: () => {},
    note: () => {},
    paint: (_tone, text) => text,
  });
  return lines;
}

const server = (id: string, more: Partial<ServerStatus>): ServerStatus =>
  ({
    id,
    adminState: 'ready',
    available: false,
    inPanic: false,
    reason: null,
    ejectedUntilMs: null,
    ejectedBecause: null,
    notEjected: null,
    ...more,
  }) as ServerStatus;

const pools = (circuits: Record<string, Partial<CircuitStatus> | null>): Metrics['pools'] =>
  Object.fromEntries(
    Object.entries(circuits).map(([name, circuit]) => [
      name,
      {
        circuit: circuit && {
          state: 'closed',
          because: null,
          openUntilMs: null,
          trials: null,
          opened: 0,
          refused: 0,
          ...circuit,
        },
      },
    ]),
  ) as unknown as Metrics['pools'];

it('tells who is ejected and who should be, each with its reason', () => {
  const lines = told((output) =>
    tellEjections(
      output,
      [
        server('api/a', {}),
        server('api/b', {
          ejectedUntilMs: 9_000,
          reason: 'ejected',
          ejectedBecause: '5 attempts in a row failed',
        }),
        server('api/d', {
          ejectedUntilMs: 4_000,
          available: true,
          ejectedBecause: '2 attempts in a row failed',
        }),
        server('api/e', {
          ejectedUntilMs: 4_000,
          reason: 'ejected',
          ejectedBecause: '3 attempts in a row failed',
        }),
        server('api/c', { notEjected: '5 attempts in a row failed, but it is the last one' }),
      ],
      5_000,
    ),
  );
  expect(lines).toEqual([
    '',
    expect.stringMatching(/^api\/b is ejected, next trial from \S+: 5 attempts in a row failed$/),
    'api/d is ejected, awaiting a trial request: 2 attempts in a row failed',
    'api/e is ejected, a trial request is under way: 3 attempts in a row failed',
    'api/c would be ejected: 5 attempts in a row failed, but it is the last one',
  ]);
  expect(told((output) => tellEjections(output, [server('api/a', {})]))).toEqual([]);
});

it('says of a server without health checks that nobody checks it, and of one that is ejected how far that has come', () => {
  const word = (more: Partial<ServerStatus>, isChecked = false) =>
    stateWord(server('api/a', { verdict: 'unknown', ...more }), isChecked, 5_000);
  expect(word({ available: true })).toBe('unchecked');
  expect(word({ available: true }, true)).toBe('unknown');
  expect(word({ available: false, reason: 'ejected', ejectedUntilMs: 9_000 })).toBe('ejected');
  expect(word({ available: false, reason: 'ejected', ejectedUntilMs: 4_000 })).toBe('on-trial');
  expect(word({ available: true, ejectedUntilMs: 4_000 })).toBe('awaiting-trial');
  expect(word({ available: true, inPanic: true, ejectedUntilMs: 9_000 })).toBe('ejected, panic');
  expect(word({ available: false, reason: 'full', ejectedUntilMs: 4_000 })).toBe('full');
  expect(word({ adminState: 'maintenance', ejectedUntilMs: 4_000 })).toBe('maintenance');
  const drain = { adminState: 'drain', reason: 'drain', verdict: 'healthy' } as const;
  expect(word(drain, true)).toBe('drain');
  expect(word({ ...drain, verdict: 'unhealthy' }, true)).toBe('drain, unhealthy');
  expect(word({ ...drain, ejectedUntilMs: 9_000 }, true)).toBe('drain, ejected');
  expect(word({ ...drain, verdict: 'unhealthy', inPanic: true }, true)).toBe('drain, unhealthy, panic');
  expect(stateTone(server('api/a', { available: true, ejectedUntilMs: 4_000 }), 5_000)).toBe('bad');
  expect(stateTone(server('api/a', { available: true }), 5_000)).toBe('good');
});

it('tells how circuits stand, of pools that have one', () => {
  const lines = told((output) =>
    tellCircuits(
      output,
      pools({
        plain: null,
        well: {},
        open: {
          state: 'open',
          because: '9 of 10 requests failed within 10s',
          openUntilMs: 0,
          opened: 2,
          refused: 7,
        },
        trying: { state: 'half-open', trials: { succeeded: 1, of: 3 }, opened: 1 },
      }),
      0,
    ),
  );
  expect(lines).toEqual([
    '',
    'Circuit of well: closed; since start: openings 0, requests refused 0',
    expect.stringMatching(
      /^Circuit of open: open until \S+, 9 of 10 requests failed within 10s; since start: openings 2, requests refused 7$/,
    ),
    'Circuit of trying: half-open, 1 of 3 trial requests went well; since start: openings 1, requests refused 0',
  ]);
  expect(told((output) => tellCircuits(output, pools({ plain: null })))).toEqual([]);
});
