import { describe, expect, it } from 'vitest';
import { serversNamed } from '../../support/engine-kit.ts';
import { failing } from '../../support/outlier-kit.ts';

type Kit = ReturnType<typeof failing>;

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

  it.each<[string, (kit: Kit) => void]>([
    [
      'unhealthy',
      (kit) => {
        kit.server('a').verdict = 'unhealthy';
      },
    ],
    ['draining', (kit) => kit.pool.setAdminState(kit.server('a'), 'drain')],
    ['in maintenance', (kit) => kit.pool.setAdminState(kit.server('a'), 'maintenance')],
  ])('does not call a server back that is still %s', async (standing, change) => {
    const kit = failing({ a: 1, b: 1 });
    kit.fail('a');
    await kit.clock.advance(10_000);
    const trial = kit.request();
    while (kit.pool.choose(trial)?.name !== 'a') trial.attemptCount = 0;
    change(kit);
    kit.end(trial, 'responded');
    expect(kit.told()[1]).toBe(
      `The ejection of a is over: its trial request went well. It is still ${standing}`,
    );
    expect(kit.server('a').ejectedUntil).toBe(0);
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

  it('does not hold against a server that is back, or on trial, what it was asked before', async () => {
    const kit = failing({ a: 1, b: 1 });
    const before = [kit.request(), kit.request()];
    for (const exchange of before) while (kit.pool.choose(exchange)?.name !== 'a') exchange.attemptCount = 0;
    kit.fail('a');
    await kit.clock.advance(10_000);
    kit.end(before[0]!, 'timed-out');
    expect(kit.told()).toHaveLength(1);
    expect(kit.at('a', 'responded')).toBe(true);
    kit.end(before[1]!, 'timed-out');
    expect(kit.told()).toHaveLength(2);
  });

  it('does not eject anew a server that was asked although it is ejected, since there was no other', async () => {
    const kit = failing({ a: 1, b: 1 });
    kit.fail('a');
    kit.server('b').adminState = 'maintenance';
    expect(kit.at('a', 'timed-out')).toBe(true);
    expect(kit.told()).toHaveLength(1);
    await kit.clock.advance(10_000);
    expect(kit.at('a', 'timed-out')).toBe(true);
    expect(kit.told().at(-1)).toMatch(/its trial request failed, ejection number 2$/);
  });

  it('never ejects the last available server of its pool', () => {
    const kit = failing({ a: 1, b: 1 });
    kit.server('b').adminState = 'maintenance';
    for (let failure = 0; failure < 10; failure++) expect(kit.at('a', 'connect-failed')).toBe(true);
    expect(kit.status('a').ejectedBecause).toBe(null);
    kit.server('b').adminState = 'ready';
    kit.at('a', 'connect-failed');
    expect(kit.told()[1]).toBe('a is ejected for 10s: 11 attempts in a row failed');
    expect(kit.status('a').notEjected).toBe(null);
  });

  it('tells once that the last one is not ejected, and says so in its status until it is well', async () => {
    const kit = failing({ a: 1, b: 1 });
    kit.server('b').adminState = 'maintenance';
    kit.fail('a', 10);
    const why =
      '3 attempts in a row failed, but it is the last available server of its pool (outlierDetection.ejectLast)';
    expect(kit.told()).toEqual([`a would be ejected: ${why}`]);
    kit.pool.tick(kit.clock.now());
    expect(kit.status('a').notEjected).toBe(why);
    kit.at('a', 'responded');
    kit.pool.tick(kit.clock.now());
    expect(kit.status('a').notEjected).toBe(null);
    kit.fail('a', 3);
    expect(kit.told()).toHaveLength(2);
  });

  it('ejects the last one too where it is told to, and then asks nobody', async () => {
    const kit = failing({ a: 1 }, {}, { ejectLast: true });
    kit.fail('a');
    expect(kit.told()).toEqual(['a is ejected for 10s: 3 attempts in a row failed']);
    expect(kit.serve()).toBe(null);
    await kit.clock.advance(10_000);
    expect(kit.serve()).toBe('a');
    expect(kit.serve()).toBe('a');
    expect(kit.told()[1]).toMatch(/is back/);
  });

  it.each([
    [1, { a: 1, b: 1 }, 1],
    [1, { a: 1, b: 1, c: 1 }, 1],
    [50, { a: 1, b: 1, c: 1, d: 1 }, 2],
    [67, { a: 1, b: 1, c: 1 }, 2],
    [100, { a: 1, b: 1, c: 1, d: 1 }, 3],
  ])('with maxEjectedPercent %i of %o ejects %i at most', (maxEjectedPercent, names, most) => {
    const kit = failing(names, {}, { maxEjectedPercent });
    for (const name of Object.keys(names)) kit.fail(name, 10);
    expect(kit.pool.servers.filter(({ ejectedUntil }) => ejectedUntil !== 0)).toHaveLength(most);
    const next = Object.keys(names)[most]!;
    const why =
      most === Object.keys(names).length - 1 && maxEjectedPercent === 100
        ? 'it is the last available server of its pool'
        : 'no more servers may be ejected at once|it is the last available server of its pool';
    expect(kit.status(next).notEjected).toMatch(new RegExp(`^\\d+ attempts in a row failed, but (${why})`));
  });

  it('counts servers in maintenance neither among all nor among the ejected', () => {
    const kit = failing({ a: 1, b: 1, c: 1, d: 1, e: 1 }, {}, { maxEjectedPercent: 50 });
    kit.fail('a', 10);
    kit.pool.setAdminState(kit.server('d'), 'maintenance');
    // Half of four: another may be ejected, and no third.
    kit.fail('b', 10);
    kit.fail('c', 10);
    expect(kit.server('b').ejectedUntil).toBeGreaterThan(0);
    expect(kit.server('c').ejectedUntil).toBe(0);
    // Half of three is one, and of the ejected one is in maintenance.
    kit.pool.setAdminState(kit.server('d'), 'ready');
    kit.pool.setAdminState(kit.server('a'), 'maintenance');
    kit.fail('c', 10);
    expect(kit.server('c').ejectedUntil).toBeGreaterThan(0);
  });

  it('does not let servers in maintenance raise how many may be ejected', () => {
    const kit = failing({ a: 1, b: 1, c: 1, d: 1 }, {}, { maxEjectedPercent: 50 });
    kit.pool.setAdminState(kit.server('d'), 'maintenance');
    kit.fail('a', 10);
    kit.fail('b', 10);
    expect(kit.pool.servers.filter(({ ejectedUntil }) => ejectedUntil !== 0).map(({ name }) => name)).toEqual(
      ['a'],
    );
  });

  it('ejects for too large a share of failures once there were enough attempts', () => {
    const kit = failing({ a: 1, b: 1 }, {}, { failurePercent: 40, minimumRequests: 10 });
    for (let request = 0; request < 9; request++) kit.at('a', request % 2 ? 'timed-out' : 'responded');
    expect(kit.told()).toEqual([]);
    kit.at('a', 'timed-out');
    expect(kit.told()).toEqual(['a is ejected for 10s: 5 of 10 attempts failed within 10s']);
    expect(kit.status('a')).toMatchObject({
      ejectedBecause: '5 of 10 attempts failed within 10s',
      timesEjected: 1,
      reason: 'ejected',
    });
  });

  it('does not count shares where nobody asks for them', () => {
    const kit = failing({ a: 1, b: 1 }, {}, { consecutiveFailures: 100, minimumRequests: 2 });
    kit.fail('a', 30);
    expect(kit.told()).toEqual([]);
  });

  it('says of the last one that it fails too often for as long as it does', async () => {
    const more = { consecutiveFailures: 0, failurePercent: 50, minimumRequests: 4, window: '2s' };
    const kit = failing({ a: 1 }, {}, more);
    kit.fail('a', 4);
    kit.pool.tick(kit.clock.now());
    expect(kit.status('a').notEjected).toMatch(/^4 of 4 attempts failed within 2s, but it is the last/);
    await kit.clock.advance(3_000);
    kit.pool.tick(kit.clock.now());
    expect(kit.status('a').notEjected).toBe(null);
    kit.at('a', 'responded');
    expect(kit.told()).toHaveLength(1);
  });

  it('lets a share below the threshold be, and what is older than the window', async () => {
    const kit = failing({ a: 1, b: 1 }, {}, { failurePercent: 50, minimumRequests: 4, window: '2s' });
    for (let second = 0; second < 20; second++) {
      kit.at('a', 'responded');
      if (second % 3 === 0) kit.at('a', 'timed-out');
      await kit.clock.advance(1_000);
    }
    expect(kit.told()).toEqual([]);
  });

  it('does not hold against a server that is back what it was ejected for', async () => {
    const more = { consecutiveFailures: 0, failurePercent: 50, minimumRequests: 4, window: '60s' };
    const kit = failing({ a: 1, b: 1 }, {}, more);
    kit.fail('a', 4);
    await kit.clock.advance(10_000);
    kit.at('a', 'responded');
    kit.fail('a', 3);
    expect(kit.told()).toHaveLength(2);
    kit.fail('a', 1);
    expect(kit.told()[2]).toMatch(/4 of 4 attempts failed within 60s|4 of 4 attempts failed within 1m/);
  });

  it('counts nothing, and ejects nobody, where all of it is off', () => {
    const kit = failing({ a: 1, b: 1 }, {}, { consecutiveFailures: 0 });
    kit.fail('a', 100);
    expect(kit.told()).toEqual([]);
    expect(kit.serve()).not.toBe(null);
  });

  it('counts the statuses it is given in place of those that are tried again', () => {
    const kit = failing({ a: 1, b: 1 }, { on: [503] }, { statuses: ['502-504', 429, '5xx'] });
    for (const status of [404, 428, 430, 499]) {
      kit.at('a', 'responded', status);
      expect(kit.server('a').consecutiveFailures).toBe(0);
    }
    kit.at('a', 'responded', 429);
    kit.at('a', 'responded', 500);
    expect(kit.server('a').consecutiveFailures).toBe(2);
    kit.configure({
      servers: serversNamed({ a: 1, b: 1 }),
      healthCheck: { type: 'none' },
      outlierDetection: { statuses: [] },
      retry: { on: [503] },
    });
    kit.at('a', 'responded', 503);
    expect(kit.server('a').consecutiveFailures).toBe(0);
  });

  it('takes an ejection back for each stretch of clean time', async () => {
    const kit = failing({ a: 1, b: 1 }, {}, { maxEjection: '10m' });
    kit.fail('a');
    for (let failure = 0; failure < 3; failure++) {
      await kit.clock.advance(60_000);
      kit.at('a', 'timed-out');
    }
    await kit.clock.advance(60_000);
    kit.at('a', 'responded');
    expect(kit.status('a').timesEjected).toBe(4);
    await kit.clock.advance(29_999);
    expect(kit.status('a').timesEjected).toBe(2);
    kit.fail('a');
    expect(kit.told().at(-1)).toBe('a is ejected for 30s: 3 attempts in a row failed, ejection number 3');
    await kit.clock.advance(30_000);
    kit.at('a', 'responded');
    await kit.clock.advance(30_000);
    expect(kit.status('a').timesEjected).toBe(0);
    kit.fail('a');
    expect(kit.told().at(-1)).toBe('a is ejected for 10s: 3 attempts in a row failed');
  });
});
