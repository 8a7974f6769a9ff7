import { beforeAll, describe, expect, it } from 'vitest';
import { leasedReadBuffers } from '../../main/engine/sockets/read-buffers.ts';
import { type Act, breaks, early, garbage, refusing, stalls } from '../support/chaos/acts.ts';
import { type Kind, kinds } from '../support/chaos/asking.ts';
import { fleetOf } from '../support/chaos/fleet.ts';
import { openSockets, runTrials, type Trial } from '../support/chaos/trial.ts';
import { until } from '../support/until.ts';

/**
 * Servers that live on, and do wrong to one request at a time: what each does, it is told by the request itself, so that many
 * cases run at once against the same three processes.
 */
const { steady } = fleetOf('a', 'b', 'c');
let socketsBefore: number;
beforeAll(() => {
  socketsBefore = openSockets();
});

const usual = { attempts: 3, on: [] };
/** How many servers, how many of them do it, and what the pool's `retry` says. */
const casts = [
  { count: 1, bad: 1, retry: usual },
  { count: 2, bad: 1, retry: usual },
  { count: 3, bad: 2, retry: usual },
  { count: 3, bad: 3, retry: usual },
  { count: 3, bad: 2, retry: { attempts: 1, on: [] } },
  { count: 3, bad: 2, retry: { attempts: 2, on: [500, 503] } },
];
const shortMs = 400;
const longMs = 20_000;

function trials(act: Act, responseMs: number, chosen: readonly (typeof casts)[number][] = casts): Trial[] {
  return kinds
    .filter((kind) => act.for?.(kind) ?? true)
    .flatMap((kind: Kind) =>
      chosen.map(({ count, bad, retry }, index) => ({
        kind,
        act,
        servers: steady.slice(0, count),
        bad,
        retry,
        responseMs,
        // Some responses are larger than any buffer on the way.
        responseBytes: (index + kinds.indexOf(kind)) % 3 === 0 ? 90_000 : 200,
      })),
    );
}

const families = [
  ['breaks off', breaks, longMs],
  ['answers what is no answer', garbage, longMs],
  ['answers early', early, longMs],
  ['answers with a status', refusing, longMs],
  ['falls silent', stalls, shortMs],
] as const;

describe.each(families)('a server that %s', (_what, acts, responseMs) => {
  it.each(acts.map((act) => [act.act, act] as const))('%s', async (_name, act) => {
    expect(await runTrials(trials(act, responseMs))).toEqual([]);
  });
});

describe.each([
  ['read by events', { readPath: 'events' }],
  ['with batching', { batching: 'on' }],
] as const)('the same, %s', (_what, options) => {
  it.each(families)('a server that %s', async (_name, acts, responseMs) => {
    const all = acts.flatMap((act) => trials(act, responseMs, [casts[2]!]));
    expect(await runTrials(all.map((trial) => ({ ...trial, ...options })))).toEqual([]);
  });
});

describe('afterwards', () => {
  it('no socket and no buffer is left in the process', async () => {
    await until('sockets to be gone', () => openSockets() <= socketsBefore);
    expect(leasedReadBuffers()).toBe(0);
  });
});
