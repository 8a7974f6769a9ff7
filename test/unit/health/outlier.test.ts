import { describe, expect, it } from 'vitest';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

const outlierDetection = { consecutiveFailures: 3, baseEjection: '10s', maxEjection: '25s' };

function failing(names: Record<string, number>, retry = {}) {
  const kit = poolKit({
    servers: serversNamed(names),
    outlierDetection,
    retry,
    healthCheck: { type: 'none' },
  });
  return {
    ...kit,
    /** Leads requests until one gets to that server, and ends it as told. */
    at(name: string, outcome: Parameters<typeof kit.end>[1], status?: number): boolean {
      for (let attempt = 0; attempt < 10; attempt++) {
        const exchange = kit.request();
        const server = kit.pool.choose(exchange);
        if (server?.name === name) {
          kit.end(exchange, outcome, status);
          return true;
        }
        if (server) kit.end(exchange, 'responded');
      }
      return false;
    },
    told: () =>
      kit.events
        .read(0, 100)
        .filter(({ kind }) => kind.startsWith('server-'))
        .map(({ text }) => text),
  };
}

describe('outlier detection', () => {
  it('ejects after so many failures in a row, and not when one in between went well', () => {
    const kit = failing({ a: 1, b: 1 });
    kit.at('a', 'connect-failed');
    kit.at('a', 'timed-out');
    kit.at('a', 'responded', 500);
    kit.at('a', 'closed-before-response');
    kit.at('a', 'failed-mid-response');
    expect(kit.at('a', 'connect-failed')).toBe(true);
    expect(kit.at('a', 'responded')).toBe(false);
    expect(kit.told()).toEqual(['a is ejected for 10s: 3 attempts in a row failed']);
  });

  it('does not count clients that go away', () => {
    const kit = failing({ a: 1, b: 1 });
    for (let request = 0; request < 10; request++) expect(kit.at('a', 'client-aborted')).toBe(true);
  });

  it('counts a status that is tried again elsewhere, and no other', () => {
    const kit = failing({ a: 1, b: 1 }, { on: [503] });
    for (let request = 0; request < 3; request++) kit.at('a', 'responded', 500);
    for (let request = 0; request < 3; request++) expect(kit.at('a', 'responded', 503)).toBe(true);
    expect(kit.at('a', 'responded')).toBe(false);
  });

  it('lets one trial request through on return, and takes the server back when it goes well', async () => {
    const kit = failing({ a: 1, b: 1 });
    for (let failure = 0; failure < 3; failure++) kit.at('a', 'connect-failed');
    await kit.clock.advance(9_999);
    expect(kit.at('a', 'responded')).toBe(false);
    await kit.clock.advance(1);
    const trial = kit.request();
    while (kit.pool.choose(trial)?.name !== 'a') trial.attemptCount = 0;
    expect(kit.at('a', 'responded')).toBe(false);
    kit.pool.attemptEnded(trial, trial.attempts[0]!);
    expect(kit.at('a', 'responded')).toBe(true);
    expect(kit.told()[1]).toBe('a is back: its trial request went well');
  });

  it('ejects for longer each time, up to the most, when the trial fails', async () => {
    const kit = failing({ a: 1, b: 1 });
    for (let failure = 0; failure < 3; failure++) kit.at('a', 'connect-failed');
    await kit.clock.advance(10_000);
    kit.at('a', 'connect-failed');
    await kit.clock.advance(20_000);
    kit.at('a', 'connect-failed');
    expect(kit.told()).toEqual([
      'a is ejected for 10s: 3 attempts in a row failed',
      'a is ejected for 20s: its trial request failed, ejection number 2',
      'a is ejected for 25s: its trial request failed, ejection number 3',
    ]);
  });

  it('asks again after a trial whose client went away', async () => {
    const kit = failing({ a: 1, b: 1 });
    for (let failure = 0; failure < 3; failure++) kit.at('a', 'connect-failed');
    await kit.clock.advance(10_000);
    kit.at('a', 'client-aborted');
    expect(kit.at('a', 'responded')).toBe(true);
    expect(kit.told()[1]).toMatch(/is back/);
  });

  it('never ejects the last available server of its pool', () => {
    const kit = failing({ a: 1, b: 1 });
    kit.server('b').adminState = 'maintenance';
    for (let failure = 0; failure < 10; failure++) expect(kit.at('a', 'connect-failed')).toBe(true);
    expect(kit.told()).toEqual([]);
    kit.server('b').adminState = 'ready';
    kit.at('a', 'connect-failed');
    expect(kit.told()).toHaveLength(1);
  });
});
