import { requestDetailSchema } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import { outlierCauses } from '../../../main/engine/health/outlier-cells.ts';
import {
  candidateCode,
  DecisionRecord,
  decisionStates,
  figuresPerServer,
  type NotedServer,
} from '../../../main/engine/journal/decision.ts';
import { type PoolKit, poolKit, serversNamed } from '../../support/engine-kit.ts';
import type { manualClock } from '../../support/manual-clock.ts';

type Kit = PoolKit<ReturnType<typeof manualClock>>;

/** The servers of the pool as the last decision of a request told them, by name. */
function seenBy(kit: Kit, attempts: readonly ('responded' | 'connect-failed')[] = ['responded']) {
  const exchange = kit.request();
  for (const outcome of attempts) {
    if (!kit.pool.choose(exchange)) break;
    kit.end(exchange, outcome, undefined, outcome === 'connect-failed' ? 'connection refused' : undefined);
  }
  kit.journal.record(exchange, kit.clock.now());
  const detail = requestDetailSchema.parse(kit.journal.detail(exchange.idText));
  const decision = detail.unserved ?? detail.attemptList.at(-1)!.decision!;
  return Object.fromEntries(decision.servers.map((server) => [server.id.slice(4), server]));
}

describe('what a decision notes of a server', () => {
  it('is every fact it was decided by, and what kept it out', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 2, c: 3, d: 0, e: 5, f: 6, g: 7 }).map((server) =>
        server.name === 'e' ? { ...server, maxRequests: 2 } : { ...server, backup: server.name === 'g' },
      ),
      outlierDetection: { consecutiveFailures: 5 },
    });
    kit.server('a').adminState = 'maintenance';
    kit.server('b').adminState = 'drain';
    kit.server('b').verdict = 'healthy';
    kit.server('c').verdict = 'unhealthy';
    kit.server('c').unreachableAt = 1;
    kit.server('e').requestBegan();
    kit.server('e').requestBegan();
    kit.server('f').noteLatency(12.5, kit.clock.now(), 10_000);
    expect(seenBy(kit)).toMatchObject({
      a: { adminState: 'maintenance', state: 'maintenance', out: 'is in maintenance' },
      b: { adminState: 'drain', verdict: 'healthy', out: 'is draining: it takes no new clients' },
      c: { verdict: 'unhealthy', unreachable: true, out: 'is unhealthy: nobody listens there' },
      d: { weight: 0, state: 'weight-zero', out: 'has weight 0: it takes no new clients' },
      e: {
        activeRequests: 2,
        maxRequests: 2,
        state: 'full',
        out: 'is full, with 2 requests in flight of at most 2',
      },
      f: { state: 'picked', out: '', latencyMs: 12.5, weight: 6, effectiveWeight: 6, adminState: 'ready' },
      g: { backup: true, state: 'backup', out: 'is a backup, and a primary server is available' },
    });
  });

  it('is for how much longer it is ejected, then that its trial is due', () => {
    const kit = poolKit({
      servers: serversNamed({ a: 1, b: 1 }),
      outlierDetection: { consecutiveFailures: 1, baseEjection: '10s' },
    });
    const { clock } = kit;
    kit.server('a').ejectedUntil = clock.now() + 8_400;
    expect(seenBy(kit).a).toMatchObject({
      ejected: true,
      ejectedForMs: 8_400,
      state: 'ejected',
      out: 'is ejected (outlierDetection), for another 9s',
    });
    expect(seenBy(kit).b).toMatchObject({ ejected: false, ejectedForMs: null });
  });

  it('is that the request had been there, and what came of it', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1, c: 1 }) });
    expect(seenBy(kit, ['connect-failed', 'responded'])).toMatchObject({
      a: { tried: true, state: 'tried', out: 'was tried already: connection refused', unreachable: true },
      b: { tried: false, state: 'picked' },
    });
  });
});

describe('a decision', () => {
  const decided = (kit: Kit) => {
    const exchange = kit.request();
    kit.pool.choose(exchange);
    kit.end(exchange, 'responded');
    kit.journal.record(exchange, kit.clock.now());
    return requestDetailSchema.parse(kit.journal.detail(exchange.idText)).attemptList[0]!.decision!;
  };

  it('tells the strategy of the pool with its options, and the one it fell back to', () => {
    const strategy = { kind: 'hash', key: 'header:x-user', fallback: 'round-robin' } as const;
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), strategy });
    expect(decided(kit)).toMatchObject({
      strategy: 'round-robin',
      poolStrategy: 'hash',
      options: { key: 'header:x-user', fallback: 'round-robin' },
      affinity: null,
    });
  });

  it('tells by what it looked for a session, and what it found', () => {
    const kit = poolKit({ servers: serversNamed({ a: 1, b: 1 }), affinity: { type: 'client-ip' } });
    expect(decided(kit).affinity).toMatchObject({ by: 'client-ip', result: 'bound', server: 'api/a' });
    expect(decided(kit).affinity).toMatchObject({ by: 'client-ip', result: 'kept', server: 'api/a' });
  });

  it('tells the effective weight of a server that starts slowly', async () => {
    const kit = poolKit({
      servers: serversNamed({ a: 4, b: 4 }),
      slowStart: '10s',
      strategy: 'weighted-round-robin',
    });
    await kit.clock.advance(60_000);
    kit.server('a').beginSlowStart(kit.clock.now());
    await kit.clock.advance(5_000);
    expect(decided(kit).servers).toMatchObject([
      { weight: 4, effectiveWeight: 2 },
      { weight: 4, effectiveWeight: 4 },
    ]);
  });
});

describe('the numbers of a decision', () => {
  const well: NotedServer = {
    facts: 0,
    activeRequests: 0,
    weight: 1,
    latencyMs: 0,
    ejectedUntil: 0,
    ejectionCause: 0,
  };
  const roster = (servers: number) => ({
    pool: 'api',
    strategy: { kind: 'round-robin' as const },
    ids: Array.from({ length: servers }, (_, index) => `api/${index}`),
    names: Array.from({ length: servers }, (_, index) => String(index)),
    weights: Array.from({ length: servers }, () => 1),
    backups: Array.from({ length: servers }, () => false),
    maxRequests: Array.from({ length: servers }, () => 0),
    affinity: 'none' as const,
    priorities: Array.from({ length: servers }, () => 0),
  });

  it('have room for every state and fact, whatever else is written beside them', () => {
    const record = new DecisionRecord();
    record.begin(roster(1), 'round-robin');
    const ejected = { ejectedUntil: 1, ejectionCause: outlierCauses.indexOf('trial') };
    for (const [code] of decisionStates.entries()) {
      for (const activeRequests of [0, 1, 32_767, 5_000_000]) {
        record.note(0, candidateCode, { ...well, ...ejected, facts: 0b1_1_1_10_10, activeRequests }, 0);
        record.setCode(0, code);
        record.setSeen(0, 0.1);
        expect(record.code(0)).toBe(code);
        expect(record.activeRequests(0)).toBe(Math.min(activeRequests, 32_767));
        expect(record.facts(0)).toEqual({
          adminState: 'maintenance',
          verdict: 'unhealthy',
          ejected: true,
          ejectedBecause: 'trial',
          onTrial: true,
          unreachable: true,
          tried: false,
        });
        expect(record.seen(0)).toBe(0.1);
      }
    }
  });

  it('come back as they were after a copy', () => {
    const servers = 9;
    const record = new DecisionRecord();
    record.begin(roster(servers), 'round-robin');
    for (let index = 0; index < servers; index++) {
      const ejectedUntil = index % 2 === 0 ? 0 : 100 + index;
      const facts = ejectedUntil === 0 ? index % 3 : 1 << 4;
      record.note(
        index,
        index,
        { ...well, facts, activeRequests: index * 7, weight: index / 4, ejectedUntil },
        50,
      );
      record.setSeen(index, index * 1.5);
    }
    const facts = new Int32Array(servers + 2);
    const figures = new Float32Array((servers + 2) * figuresPerServer);
    record.copyTo(facts, 2, figures, 3);
    const other = new DecisionRecord();
    other.begin(record.roster, 'round-robin');
    other.copyFrom(facts, 2, figures, 3);
    for (let index = 0; index < servers; index++) {
      for (const read of [
        'code',
        'activeRequests',
        'seen',
        'effectiveWeight',
        'ejectedForMs',
        'facts',
      ] as const)
        expect(other[read](index)).toEqual(record[read](index));
    }
    expect(other.ejectedForMs(3)).toBe(53);
  });
});
