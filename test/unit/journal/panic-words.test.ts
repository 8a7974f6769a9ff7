import { requestDetailSchema } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import { whyLines } from '../../../main/command-line/why-lines.ts';
import { affinityText } from '../../../renderer/src/features/inspector/present-decision.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { type PoolKit, poolKit, type RequestFrom, serversNamed } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';
import { Caller } from '../../support/queue-kit.ts';
import { sessions } from '../../support/session-kit.ts';

type Kit = PoolKit<ReturnType<typeof manualClock>>;
type Outcome = Parameters<Kit['end']>[1];

const panicText =
  'The pool was in panic: 0 of 2 servers were available, less than its panicThreshold, so what probes and failures said of them was ignored.';

/** Three servers, of which two are asked in panic, with the client bound to a. */
function bound(more: PoolInput = {}): Kit {
  const kit = poolKit({
    servers: serversNamed({ a: 1, b: 1, c: 1 }),
    panicThreshold: 50,
    affinity: { type: 'client-ip' },
    outlierDetection: { baseEjection: '10s' },
    ...more,
  });
  expect(kit.serve()).toBe('a');
  return kit;
}

/** A request that met these outcomes in turn, as the journal tells it. */
function told(kit: Kit, outcomes: readonly Outcome[] = ['responded'], from: RequestFrom = {}) {
  const exchange = kit.request(from);
  for (const outcome of outcomes) {
    if (!kit.pool.choose(exchange)) break;
    kit.end(exchange, outcome);
  }
  kit.journal.record(exchange, kit.clock.now());
  const detail = requestDetailSchema.parse(kit.journal.detail(exchange.idText));
  const last = detail.unserved ?? detail.attemptList.at(-1)!.decision!;
  return { detail, sentence: last.sentence, lines: whyLines(detail, (_tone, text) => text) };
}

function allUnwell(kit: Kit): void {
  for (const { name } of kit.pool.servers) kit.server(name).verdict = 'unhealthy';
}

describe('what a decision says of a session whose server is not as it should be', () => {
  it('is that it drains, where it does, and keeps those bound to it', () => {
    const kit = bound();
    kit.server('a').adminState = 'drain';
    const { sentence, lines } = told(kit);
    expect(sentence).toBe(
      'The session pointed at a, which was draining, but still served those bound to it, so it kept the request.',
    );
    expect(lines.join('\n')).toMatch(/> a {2}picked: +0 in flight, draining, not probed/);
  });

  it('is that it has weight 0, where that keeps new clients away', () => {
    const kit = bound({ panicThreshold: 0 });
    kit.configure({
      servers: serversNamed({ a: 0, b: 1, c: 1 }),
      affinity: { type: 'client-ip' },
    });
    expect(told(kit).sentence).toBe(
      'The session pointed at a, which was of weight 0, but still served those bound to it, so it kept the request.',
    );
  });

  it.each([
    ['unhealthy', (kit: Kit) => allUnwell(kit)],
    [
      'ejected (outlierDetection: failures in a row)',
      (kit: Kit) => {
        for (const server of kit.pool.servers) {
          server.ejectedUntil = kit.clock.now() + 5_000;
          server.outlier.setCause('consecutive', 5, 0);
        }
      },
    ],
    [
      'ejected (outlierDetection: its trial request failed)',
      (kit: Kit) => {
        for (const server of kit.pool.servers) {
          server.ejectedUntil = kit.clock.now();
          server.outlier.setCause('trial', 1, 0);
        }
        kit.server('b').verdict = 'unhealthy';
        kit.server('a').beginTrial(kit.request().nextAttempt());
      },
    ],
  ])('is that it was %s and asked for the pool was in panic', (what, spoil) => {
    const kit = bound();
    kit.server('c').adminState = 'maintenance';
    spoil(kit);
    expect(told(kit).sentence).toBe(
      `The session pointed at a, which was ${what}, but was asked all the same, so it kept the request. ${panicText}`,
    );
  });

  it('is all of it where it drains, is unhealthy and was asked in panic', () => {
    const kit = bound();
    kit.server('a').adminState = 'drain';
    allUnwell(kit);
    const { sentence, lines } = told(kit);
    expect(sentence).toBe(
      `The session pointed at a, which was draining and unhealthy, but was asked all the same, so it kept the request. ${panicText}`,
    );
    expect(lines.join('\n')).toMatch(/> a {2}picked: +0 in flight, draining, unhealthy/);
  });

  it('is the same of a pinned session', () => {
    const kit = bound();
    kit.server('c').adminState = 'maintenance';
    kit.pool.sessions.pin(sessions(kit)[0]!.id, true);
    allUnwell(kit);
    expect(told(kit).sentence).toBe(
      `The session pointed at a, which was unhealthy, but was asked all the same, so it kept the request. ${panicText}`,
    );
  });

  it('says nothing of a panic that had no part in it', () => {
    const kit = bound();
    kit.server('b').verdict = kit.server('c').verdict = 'unhealthy';
    expect(told(kit).sentence).toBe('The session pointed at a, which was available, so it kept the request.');
  });

  it('says of those beside it why they could take it: the pool was in panic', () => {
    const kit = bound();
    kit.server('a').adminState = 'drain';
    kit.server('b').verdict = 'unhealthy';
    kit.server('c').ejectedUntil = kit.clock.now() + 5_000;
    const { sentence, lines } = told(kit);
    expect(sentence).toBe(
      'The session pointed at a, which was draining, but still served those bound to it, so it kept the request.',
    );
    expect(lines.slice(-2)).toEqual([
      '    b  could take it: 0 in flight, unhealthy, but the pool was in panic',
      '    c  could take it: 0 in flight, not probed, ejected for another 5s, but the pool was in panic',
    ]);
  });

  it('or that there was no other, and claims of its own server no such thing', () => {
    const kit = bound({ panicThreshold: 0 });
    kit.server('a').adminState = 'drain';
    for (const name of ['b', 'c']) kit.server(name).ejectedUntil = kit.clock.now() + 5_000;
    const { sentence, lines } = told(kit);
    expect(sentence).toBe(
      'The session pointed at a, which was draining, but still served those bound to it, so it kept the request.',
    );
    expect(lines.slice(-2)).toEqual([
      '    b  could take it: 0 in flight, not probed, ejected for another 5s, but no better one was available',
      '    c  could take it: 0 in flight, not probed, ejected for another 5s, but no better one was available',
    ]);
  });
});

describe('what a decision says of a session whose request found no server', () => {
  /** What is told of the session, in the line of `ballast why` and in the interface. */
  function session({ detail, lines }: ReturnType<typeof told>): [string | undefined, string] {
    return [lines.find((line) => line.startsWith('  session')), affinityText(detail.unserved!.affinity!)];
  }

  it('is where it pointed, and not that there was none', () => {
    const kit = bound({ panicThreshold: 0 });
    allUnwell(kit);
    expect(session(told(kit))).toEqual([
      '  session  by client address: found no server: the session pointed at a, which was unhealthy',
      'The session found no server: the session pointed at a, which was unhealthy.',
    ]);
    expect(sessions(kit)).toMatchObject([{ server: 'api/a', moves: [] }]);
  });

  it('is the server it moved to, where that failed as well', () => {
    const kit = bound({ panicThreshold: 0, retry: { attempts: 5 } });
    kit.server('c').adminState = 'maintenance';
    const refused = told(kit, ['connect-failed', 'connect-failed', 'responded']);
    expect(session(refused)[0]).toBe(
      '  session  by client address: found no server: the session pointed at b, which failed (no connection)',
    );
    expect(sessions(kit)).toMatchObject([{ server: 'api/b' }]);
  });

  it('is that there was none, where the client had none', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1 }), affinity: { type: 'client-ip' } });
    allUnwell(kit);
    expect(session(told(kit))).toEqual([
      '  session  by client address: none: there was no session for this client address',
      'No session took part: there was no session for this client address.',
    ]);
  });
});

describe('what a decision says in panic', () => {
  it('of a request that came to nobody, because those who were asked all the same were full', () => {
    const [a, b] = serversNamed({ a: 1, b: 1 });
    const kit = poolKit({
      servers: [
        { ...a!, maxRequests: 1 },
        { ...b!, maxRequests: 1 },
      ],
      panicThreshold: 50,
      queue: { length: 0 },
    });
    allUnwell(kit);
    for (const server of kit.pool.servers) server.requestBegan();
    const waiter = new Caller(kit);
    expect(waiter.outcome).toBe('refused');
    kit.journal.record(waiter.exchange, kit.clock.now());
    expect(kit.journal.detail(waiter.exchange.idText)!.unserved!.sentence).toBe(
      `No server was available: a is at its limit of requests in flight, b is at its limit of requests in flight. ${panicText}`,
    );
  });

  it('of a retry, and of a session that moves in it', () => {
    const kit = bound();
    kit.server('c').adminState = 'maintenance';
    allUnwell(kit);
    const { sentence } = told(kit, ['connect-failed', 'responded']);
    expect(sentence).toContain(
      'The session pointed at a, which failed (no connection), so the session moved:',
    );
    expect(sentence).toContain(panicText);
  });

  it('also that the backups were asked, where those it covers were full', () => {
    const [a, b, c] = serversNamed({ a: 1, b: 1, c: 1 });
    const kit = poolKit({
      servers: [
        { ...a!, maxRequests: 1 },
        { ...b!, maxRequests: 1 },
        { ...c!, backup: true },
      ],
      panicThreshold: 80,
    });
    kit.server('a').verdict = 'unhealthy';
    kit.server('a').requestBegan();
    kit.server('b').requestBegan();
    const { sentence } = told(kit);
    expect(sentence).toContain('Round robin chose c');
    expect(sentence).toMatch(
      /was in panic: 1 of 2 .* was ignored\. No primary server was available, so the backups/,
    );
  });

  it('which of those that could take it are ejected', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), panicThreshold: 50 });
    for (const server of kit.pool.servers) server.ejectedUntil = kit.clock.now() + 5_000;
    const text = told(kit).lines.join('\n');
    expect(text).toMatch(/> a {2}picked: +0 in flight, not probed, ejected for another 5s, but the pool was/);
    expect(text).toMatch(/ {2}b {2}could take it: 0 in flight, not probed, ejected for another 5s, but the/);
  });
});

describe('what a decision says of a trial request', () => {
  it('is that it was one', async () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }) });
    kit.server('a').ejectedUntil = kit.clock.now() + 1_000;
    await kit.clock.advance(1_000);
    const { sentence, lines } = told(kit);
    expect(sentence).toBe(
      'Round robin chose a, whose turn it was. The ejection of a was over: this request was its trial.',
    );
    expect(lines.join('\n')).toMatch(
      /> a {2}picked: +0 in flight, not probed, ejected until a trial request has gone well/,
    );
  });

  it('is the same where a session led it there', async () => {
    const kit = bound({ panicThreshold: 0 });
    kit.server('a').ejectedUntil = kit.clock.now() + 1_000;
    await kit.clock.advance(1_000);
    expect(told(kit).sentence).toBe(
      'The session pointed at a, which was available, so it kept the request. The ejection of a was over: this request was its trial.',
    );
  });
});

it('moves no session that comes back to its own server as the last resort', () => {
  const kit = poolKit({ servers: serversNamed({ a: 1 }), affinity: { type: 'client-ip' } });
  kit.serve();
  kit.server('a').ejectedUntil = kit.clock.now() + 60_000;
  const { sentence } = told(kit);
  expect(sentence).toBe(
    'The session pointed at a, which was ejected (outlierDetection). Round robin chose a, the only one to choose from, so the session stays. No server was available; a was asked although it is ejected (outlierDetection), since no ejection may empty a pool.',
  );
  expect(sessions(kit)[0]!.moves).toEqual([]);
  expect(kit.events.read(0, 99).filter(({ kind }) => kind === 'session-moved')).toEqual([]);
});
