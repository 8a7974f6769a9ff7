import { describe, expect, it } from 'vitest';
import { broken, opened } from '../../support/circuit-kit.ts';
import { serversNamed } from '../../support/engine-kit.ts';

describe('a circuit that is half open', () => {
  it('lets so many trials through and no more, and closes when all went well', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    const trials = [kit.begin()!, kit.begin()!];
    expect(trials).not.toContain(null);
    const third = kit.request();
    expect(kit.pool.choose(third)).toBe(null);
    expect(third.error).toMatch(/^the circuit of pool "api" is half open: its trial requests are under way/);
    kit.finish(trials[0]!, 'good');
    expect(kit.pool.circuit.status()?.trials).toEqual({ succeeded: 1, of: 2 });
    expect(kit.begin()).toBe(null);
    kit.finish(trials[1]!, 'good');
    expect(kit.state()).toBe('closed');
    expect(kit.told()[2]).toBe('The circuit of pool api is closed: 2 trial requests went well');
    expect(kit.send('good', 20)).toBe(true);
  });

  it('opens again when a trial fails, longer each time and up to the longest', async () => {
    const kit = opened({ maxOpen: '25s' });
    for (const seconds of [10, 20, 25]) {
      await kit.clock.advance(seconds * 1_000 - 1);
      expect(kit.begin()).toBe(null);
      await kit.clock.advance(1);
      expect(kit.send('failed')).toBe(true);
    }
    expect(kit.told().filter((text) => text.includes('is open'))).toEqual([
      'The circuit of pool api is open for 10s: 10 of 10 requests failed within 10s; requests get 503',
      'The circuit of pool api is open for 20s: a trial request failed, for the 2nd time in a row; requests get 503',
      'The circuit of pool api is open for 25s: a trial request failed, for the 3rd time in a row; requests get 503',
      'The circuit of pool api is open for 25s: a trial request failed, for the 4th time in a row; requests get 503',
    ]);
  });

  it('begins with the shortest time again once it was closed', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    kit.send('failed');
    await kit.clock.advance(20_000);
    kit.send('good', 2);
    expect(kit.state()).toBe('closed');
    kit.send('failed', 10);
    expect(kit.told().at(-1)).toMatch(/is open for 10s/);
  });

  it('opens once for several trials that fail together', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    const trials = [kit.begin()!, kit.begin()!];
    for (const trial of trials) kit.finish(trial, 'failed');
    expect(kit.told().filter((text) => text.includes('is open'))).toHaveLength(2);
    await kit.clock.advance(20_000);
    expect(kit.send('good', 2)).toBe(true);
    expect(kit.state()).toBe('closed');
  });

  it('takes a trial that waited for a slot for the one it was', async () => {
    const [a] = serversNamed({ a: 1 });
    const kit = broken({ trials: 1 }, { servers: [{ ...a!, maxRequests: 1 }] });
    const running = kit.begin()!;
    kit.send('failed');
    for (let failed = 0; failed < 10; failed++) {
      const exchange = kit.request();
      exchange.nextAttempt().server = kit.server('a');
      exchange.attempts[0]!.outcome = 'timed-out';
      kit.pool.requestEnded(exchange);
    }
    expect(kit.state()).toBe('open');
    await kit.clock.advance(10_000);
    const trial = kit.request();
    expect(kit.pool.choose(trial)).toBe(null);
    let isServed = false;
    const waiter = {
      exchange: trial,
      isWaiting: false,
      waiterBefore: null,
      waiterAfter: null,
      served() {
        isServed = true;
      },
      refused() {},
    };
    expect(kit.pool.enqueue(waiter)).toBe(true);
    kit.finish(running, 'good');
    kit.pool.queue.run();
    expect(isServed).toBe(true);
    kit.finish(trial, 'good');
    expect(kit.state()).toBe('closed');
  });

  it('tells how many are let through and how often it opened, in words', async () => {
    const kit = opened({ trials: 1, open: '1s', maxOpen: '1s' });
    expect(kit.pool.circuit.status()).toMatchObject({ trials: null, opened: 1 });
    expect(kit.pool.circuit.status()!.openUntilMs).not.toBe(null);
    for (let trial = 0; trial < 22; trial++) {
      await kit.clock.advance(1_000);
      kit.send('failed');
    }
    const told = kit.told();
    expect(told[1]).toBe('The circuit of pool api is half open: one trial request is let through');
    for (const word of ['2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '23rd'])
      expect(told.filter((text) => text.includes(`for the ${word} time in a row`))).toHaveLength(1);
    await kit.clock.advance(1_000);
    kit.send('good');
    expect(kit.pool.circuit.status()).toMatchObject({ because: null, openUntilMs: null, trials: null });
  });

  it('gives the place of a trial whose client left, or that got no server, to another', async () => {
    const kit = opened({ trials: 1 });
    await kit.clock.advance(10_000);
    expect(kit.send('left', 3)).toBe(true);
    expect(kit.state()).toBe('half-open');
    for (const server of kit.pool.servers) server.adminState = 'maintenance';
    expect(kit.begin()).toBe(null);
    for (const server of kit.pool.servers) server.adminState = 'ready';
    expect(kit.send('good')).toBe(true);
    expect(kit.told().at(-1)).toBe('The circuit of pool api is closed: its trial request went well');
  });

  it('does not wait for trials that hang: others run after a while, and the old ones count no more', async () => {
    const kit = opened();
    await kit.clock.advance(10_000);
    const hanging = [kit.begin()!, kit.begin()!];
    await kit.clock.advance(9_999);
    expect(kit.begin()).toBe(null);
    await kit.clock.advance(1);
    const others = [kit.begin()!, kit.begin()!];
    kit.finish(hanging[0]!, 'failed');
    expect(kit.state()).toBe('half-open');
    for (const other of others) kit.finish(other, 'good');
    expect(kit.state()).toBe('closed');
    kit.finish(hanging[1]!, 'failed');
    expect(kit.state()).toBe('closed');
  });

  it('takes a switched protocol for a success when it is switched', async () => {
    const kit = opened({ trials: 1 });
    await kit.clock.advance(10_000);
    const tunnel = kit.begin()!;
    kit.pool.requestSwitched(tunnel);
    expect(kit.state()).toBe('closed');
    tunnel.status = 101;
    kit.end(tunnel, 'failed-mid-response', 101);
    tunnel.status = 101;
    kit.pool.requestEnded(tunnel);
    kit.send('failed', 9);
    expect(kit.state()).toBe('closed');
  });

  it('forgets the trials of a thread that is gone', async () => {
    const kit = opened({ trials: 1 });
    await kit.clock.advance(10_000);
    expect(kit.begin()).not.toBe(null);
    expect(kit.begin()).toBe(null);
    kit.pool.forgetThread(0);
    expect(kit.begin()).not.toBe(null);
  });

  it('does not count, once closed, what began before', async () => {
    const kit = broken();
    const early = Array.from({ length: 20 }, () => kit.begin()!);
    kit.send('failed', 10);
    await kit.clock.advance(10_000);
    kit.send('good', 2);
    expect(kit.state()).toBe('closed');
    for (const exchange of early) kit.finish(exchange, 'failed');
    expect(kit.state()).toBe('closed');
  });
});
