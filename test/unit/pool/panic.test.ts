import { describe, expect, it } from 'vitest';
import { describeServers } from '../../../main/engine/server-status.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolKit, serversNamed } from '../../support/engine-kit.ts';

const four = (more: PoolInput = {}): PoolInput => ({
  servers: serversNamed({ a: 1, b: 1, c: 1, d: 1 }),
  panicThreshold: 50,
  ...more,
});
const served = (kit: ReturnType<typeof poolKit>, count: number): string =>
  Array.from({ length: count }, () => kit.serve()).join('');
const events = (kit: ReturnType<typeof poolKit>): string[] =>
  kit.events
    .read(0, 99)
    .filter(({ kind }) => kind.startsWith('panic'))
    .map(({ text }) => text);

describe('panic', () => {
  it('is when fewer servers are available than the threshold says, and ends when they are back', async () => {
    const kit = poolKit(four());
    kit.server('a').verdict = 'unhealthy';
    kit.server('b').ejectedUntil = kit.clock.now() + 60_000;
    expect(served(kit, 4)).toBe('cdcd');
    expect(events(kit)).toEqual([]);
    kit.server('c').verdict = 'unhealthy';
    expect(served(kit, 8)).toBe('abcdabcd');
    expect(kit.server('b').ejectedUntil).not.toBe(0);
    // Now a request that b gets is its trial as well, and half of them are available again.
    await kit.clock.advance(60_000);
    expect(served(kit, 4)).toBe('bdbd');
    expect(kit.server('b').ejectedUntil).toBe(0);
    expect(events(kit)).toEqual([
      'Pool api is in panic: 1 of 4 servers is available, less than 50 % (panicThreshold). Until more are back, requests go to all of them, whatever probes and failures say',
      'Pool api is no longer in panic',
    ]);
  });

  it('is over with the first request that finds all servers well', () => {
    const kit = poolKit(four());
    for (const name of ['a', 'b', 'c']) kit.server(name).verdict = 'unhealthy';
    kit.serve();
    expect(events(kit)).toHaveLength(1);
    for (const name of ['a', 'b', 'c']) kit.server(name).verdict = 'healthy';
    kit.serve();
    expect(events(kit)).toEqual([expect.stringContaining('is in panic'), 'Pool api is no longer in panic']);
  });

  it('is not spoken of in a decision while enough servers are available', () => {
    const kit = poolKit(four());
    kit.server('a').verdict = 'unhealthy';
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    expect(kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!.sentence).toBe(
      'Round robin chose b, whose turn it was. Left out: a is unhealthy.',
    );
  });

  it('is off where nothing is said', () => {
    const kit = poolKit({ ...four(), panicThreshold: undefined });
    for (const name of ['a', 'b', 'c']) kit.server(name).verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('dd');
    kit.server('d').verdict = 'unhealthy';
    expect(kit.serve()).toBeNull();
  });

  it('asks everybody where nobody is left', () => {
    const kit = poolKit(four({ panicThreshold: 1 }));
    for (const { name } of kit.pool.servers) kit.server(name).verdict = 'unhealthy';
    expect(served(kit, 4)).toBe('abcd');
  });

  it('brings nobody back whom an operator took out, and does not count them', () => {
    const kit = poolKit(four());
    kit.server('a').adminState = 'maintenance';
    kit.server('b').adminState = 'drain';
    kit.server('c').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('dd');
    kit.server('d').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('cd');
    const kept = poolKit(four({ servers: serversNamed({ a: 0, b: 1, c: 1 }) }));
    kept.server('b').verdict = 'unhealthy';
    kept.server('c').verdict = 'unhealthy';
    expect(served(kept, 2)).toBe('bc');
  });

  it('does not keep a pool from its backups, as long as enough of those are available', () => {
    const [a, b, c, d] = serversNamed({ a: 1, b: 1, c: 1, d: 1 });
    const kit = poolKit(four({ servers: [a!, b!, { ...c!, backup: true }, { ...d!, backup: true }] }));
    kit.server('a').verdict = kit.server('b').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('cd');
    kit.server('c').verdict = 'unhealthy';
    expect(served(kit, 2)).toBe('dd');
    kit.server('d').verdict = 'unhealthy';
    // Nobody is left: then it is the first ones that are asked.
    expect(served(kit, 2)).toBe('ab');
  });

  it('still asks nobody twice, and nobody who is full', () => {
    const [a, b] = serversNamed({ a: 1, b: 1 });
    const kit = poolKit({ servers: [a!, { ...b!, maxRequests: 1 }], panicThreshold: 100 });
    kit.server('a').verdict = kit.server('b').verdict = 'unhealthy';
    const first = kit.request();
    expect([kit.pool.choose(first)?.name, kit.end(first, 'timed-out'), kit.pool.choose(first)?.name]).toEqual(
      ['a', undefined, 'b'],
    );
    expect(served(kit, 2)).toBe('aa');
  });

  it('leaves sessions where they are', () => {
    const kit = poolKit(four({ affinity: { type: 'client-ip' } }));
    expect(kit.serve({ client: '10.0.0.1' })).toBe('a');
    for (const { name } of kit.pool.servers) kit.server(name).verdict = 'unhealthy';
    expect(kit.serve({ client: '10.0.0.1' })).toBe('a');
  });

  it('ends no ejection before its time is over, and extends none, however the requests there fare', async () => {
    const kit = poolKit(four({ outlierDetection: { baseEjection: '10s' } }));
    for (const name of ['b', 'c']) kit.server(name).verdict = 'unhealthy';
    const a = kit.server('a');
    const until = kit.clock.now() + 10_000;
    a.ejectedUntil = until;
    const early = kit.request();
    while (kit.pool.choose(early)?.name !== 'a') early.attemptCount = 0;
    expect(a.isOnTrial).toBe(false);
    expect([kit.serve(), kit.serve(), kit.serve(), kit.serve()]).toContain('a');
    expect(a.ejectedUntil).toBe(until);
    await kit.clock.advance(10_000);
    // It came before its time was over: it is no trial.
    kit.end(early, 'timed-out');
    expect(a.ejectedUntil).toBe(until);
    const late = kit.request();
    while (kit.pool.choose(late)?.name !== 'a') late.attemptCount = 0;
    expect(a.isOnTrial).toBe(true);
    kit.end(late, 'responded');
    expect(a.ejectedUntil).toBe(0);
  });

  it('looks at the best level that has a healthy server, wherever the backups stand', () => {
    const [a, b, c, d] = serversNamed({ a: 1, b: 1, c: 1, d: 1 });
    for (const servers of [
      [a!, b!, c!, { ...d!, backup: true }],
      [{ ...d!, backup: true }, a!, b!, c!],
    ]) {
      const kit = poolKit(four({ servers }));
      kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
      expect([...served(kit, 3)].sort().join('')).toBe('abc');
      expect(events(kit)[0]).toContain('1 of 3 servers is available');
    }
  });

  it('shows in the status and in the decision', () => {
    const kit = poolKit(four());
    for (const name of ['a', 'b', 'c']) kit.server(name).verdict = 'unhealthy';
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    expect(kit.journal.detail(exchange.idText)!.attemptList[0]!.decision!.sentence).toBe(
      'Round robin chose a, whose turn it was. The pool was in panic: 1 of 4 servers was available, less than its panicThreshold, so what probes and failures said of them was ignored.',
    );
    const told = () =>
      describeServers(kit.pool, kit.clock.now()).map(({ available, inPanic }) => [available, inPanic]);
    expect(told()).toEqual([
      [true, true],
      [true, true],
      [true, true],
      [true, false],
    ]);
    kit.server('a').verdict = 'healthy';
    // Without a request too, within a tick.
    kit.pool.tick(kit.clock.now());
    expect(told()[1]).toEqual([false, false]);
    expect(events(kit).at(-1)).toBe('Pool api is no longer in panic');
  });

  it('shows of those too whom it covers for bound clients alone, or who are full', () => {
    const [a, b, c, d] = serversNamed({ a: 1, b: 0, c: 1, d: 1 });
    const kit = poolKit(four({ servers: [a!, b!, { ...c!, maxRequests: 1 }, d!] }));
    kit.server('a').adminState = 'drain';
    for (const { name } of kit.pool.servers) kit.server(name).verdict = 'unhealthy';
    kit.server('c').requestBegan();
    kit.pool.tick(kit.clock.now());
    const told = () =>
      describeServers(kit.pool, kit.clock.now()).map(({ reason, inPanic }) => [reason, inPanic]);
    expect(told()).toEqual([
      ['drain', true],
      ['weight-zero', true],
      ['full', true],
      [null, true],
    ]);
    kit.server('a').drainUntil = kit.clock.now();
    expect(told()[0]).toEqual(['drained', false]);
    kit.server('a').adminState = 'maintenance';
    expect(told()[0]).toEqual(['maintenance', false]);
    for (const { name } of kit.pool.servers) kit.server(name).verdict = 'healthy';
    kit.pool.tick(kit.clock.now());
    expect(told().map(([, inPanic]) => inPanic)).toEqual([false, false, false, false]);
  });

  it('ends with the setting', () => {
    const kit = poolKit(four());
    for (const name of ['a', 'b', 'c']) kit.server(name).verdict = 'unhealthy';
    expect(served(kit, 4)).toBe('abcd');
    kit.configure({ ...four(), panicThreshold: 0 });
    expect(served(kit, 2)).toBe('dd');
    expect(events(kit)).toHaveLength(2);
  });
});
