import type { CircuitStatus, Metrics } from '@shared/contract/metrics-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import { expect, it } from 'vitest';
import type { Output } from '../../../main/command-line/output.ts';
import { tellCircuits, tellEjections } from '../../../main/command-line/tell-failing.ts';

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
  ({ id, ejectedUntilMs: null, ejectedBecause: null, notEjected: null, ...more }) as ServerStatus;

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
    tellEjections(output, [
      server('api/a', {}),
      server('api/b', { ejectedUntilMs: 0, ejectedBecause: '5 attempts in a row failed' }),
      server('api/c', { notEjected: '5 attempts in a row failed, but it is the last one' }),
    ]),
  );
  expect(lines).toEqual([
    '',
    expect.stringMatching(/^api\/b is ejected, next trial \S+: 5 attempts in a row failed$/),
    'api/c would be ejected: 5 attempts in a row failed, but it is the last one',
  ]);
  expect(told((output) => tellEjections(output, [server('api/a', {})]))).toEqual([]);
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
